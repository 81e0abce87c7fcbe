"""The methods of the area "env": from validated parameters to Gymnasium and back."""

from gymnasium.error import DependencyNotInstalled

from dsqn_bridge.envs import port
from dsqn_bridge.envs.flat import flat_encoder, flat_space
from dsqn_bridge.envs.group import AUTORESET, Group
from dsqn_bridge.envs.make import dependency_missing
from dsqn_bridge.envs.make import make as make_one
from dsqn_bridge.envs.native import make_native
from dsqn_bridge.envs.port import explained
from dsqn_bridge.envs.spaces import decoder, describe, encoder
from dsqn_bridge.errors import BridgeError


class _Opened:
    """A group with its coders, as the worker keeps it."""

    def __init__(self, id, group, infos, strict, flat):
        self.id = id
        self.group = group
        self.infos = infos
        self.strict = strict
        shown = flat_space(group.observation_space) if flat else None
        self.observation_space = shown or group.observation_space
        coder = flat_encoder if shown else encoder
        self.encode = coder(group.observation_space, "o", id)
        self.encode_final = coder(group.observation_space, "f", id)
        self.decode = decoder(group.action_space)
        self.explained_step = explained(id, "step")
        self.close = group.close

    def port(self):
        """What arrays a port to it carries (port.py)."""
        return port.arrays_of(self)

    def connect(self, inputs, outputs, rows):
        """The function that serves a port."""
        return port.server(self, inputs, outputs, rows)


def make(session, params, _arrays):
    """``id, count, autoreset, vectorization, kwargs, maxSteps, renderMode, wrappers, infos, strict, flat``. Returns a handle and what it is."""
    id, autoreset = params["id"], params.get("autoreset", "next-step")
    if autoreset not in AUTORESET:
        message = f'There is no autoreset mode "{autoreset}".'
        raise BridgeError("ENV_OPTIONS_INVALID", message, f"Modes: {', '.join(AUTORESET)}.")
    settings = (params.get("kwargs", {}), params.get("maxSteps"), params.get("renderMode"), params.get("wrappers", ()))
    count = params.get("count", 1)
    if params.get("vectorization") == "native":
        group = make_native(id, count, autoreset, *settings)
    else:
        group = Group([make_one(id, *settings) for _ in range(count)], autoreset)
    spec = group.spec
    opened = _Opened(id, group, *(params.get(name, False) for name in ("infos", "strict", "flat")))
    result = {
        "env": session.keep(opened, "env"),
        "port": opened.port() if session.ports else None,
        "observationSpace": describe(opened.observation_space),
        "actionSpace": describe(group.action_space),
        "maxSteps": spec.max_episode_steps if spec else None,
        "rewardThreshold": spec.reward_threshold if spec else None,
        "renderFps": group.metadata.get("render_fps"),
    }
    return result, {}


def reset(session, params, arrays):
    """``env, seeds`` (one or null for each), ``options``; array ``mask`` [N] names those to reset. Returns all observations."""
    opened = session.get(params["env"], "ENV_CLOSED")
    seeds = params.get("seeds") or [None] * opened.group.count
    result, replies = {}, {}
    with explained(opened.id, "reset"):
        observations, infos = opened.group.reset(seeds, arrays.get("mask"), params.get("options"))
    opened.encode(observations, result, replies)
    if opened.infos and any(infos):
        result["infos"] = infos
    return result, replies


def step(session, params, arrays):
    """``env``; arrays ``a...``: actions. Returns ``r``, ``te``, ``tr``, ``raw``; arrays ``o...`` observations, ``f...`` final ones.

    Rewards and flags go as plain lists: for a few environments an array of its own for each would cost more than the step.
    """
    opened = session.get(params["env"], "ENV_CLOSED")
    group = opened.group
    if opened.strict and group.ended[0]:
        raise port.needs_reset()
    with opened.explained_step:
        outcome = group.step(opened.decode(params, arrays))
    result, replies = {"r": outcome.rewards, "te": outcome.terminated, "tr": outcome.truncated}, {}
    opened.encode(outcome.observations, result, replies)
    if outcome.raw_rewards is not None:
        result["raw"] = outcome.raw_rewards
    if outcome.finals:
        port.add_finals(opened, outcome, result, replies)
    if opened.infos and any(outcome.infos):
        result["infos"] = outcome.infos
    return result, replies


def render(session, params, _arrays):
    """``env, index``. Returns ``frame``, [height, width, 3] uint8."""
    opened = session.get(params["env"], "ENV_CLOSED")
    try:
        return {}, {"frame": opened.group.render(params.get("index", 0))}
    except DependencyNotInstalled as problem:
        raise dependency_missing(opened.id, problem) from problem


def close(session, params, _arrays):
    """``env``. Closes it; nothing happens where it is closed already."""
    session.release(params["env"])
    return {}, {}
