"""The methods of the area "env": from validated parameters to Gymnasium and back."""

import numpy as np
from gymnasium.error import DependencyNotInstalled

from dsqn_bridge.envs.group import AUTORESET, Group
from dsqn_bridge.envs.make import dependency_missing
from dsqn_bridge.envs.make import make as make_one
from dsqn_bridge.envs.native import make_native
from dsqn_bridge.envs.spaces import decoder, describe, encoder, leaves
from dsqn_bridge.errors import BridgeError


class _explained:
    """Names the environment whose code raised."""

    def __init__(self, id, doing):
        self._id = id
        self._doing = doing

    def __enter__(self):
        return self

    def __exit__(self, _kind, problem, _traceback):
        if isinstance(problem, Exception) and not isinstance(problem, BridgeError):
            message = f'"{self._id}" failed in its {self._doing}: {type(problem).__name__}: {problem}'
            raise BridgeError("ENV_FAILED", message, "The cause has the traceback.", id=self._id) from problem


class _Opened:
    """A group with its coders, as the worker keeps it."""

    def __init__(self, id, group, infos, strict):
        self.id = id
        self.group = group
        self.infos = infos
        self.strict = strict
        self.encode = encoder(group.observation_space)
        self.encode_final = encoder(group.observation_space, "f")
        self.decode = decoder(group.action_space)
        self.explained_step = _explained(id, "step")
        self.close = group.close

    def port(self):
        """The arrays of a port that steps and resets the group, or None where actions are no arrays."""
        group, count = self.group, self.group.count
        actions = leaves(group.action_space, count, "a", actions=True)
        if actions is None:
            return None
        outputs = leaves(group.observation_space, count, "o") + [["r", "float64", [count]]]
        outputs += [[name, "uint8", [count]] for name in ("te", "tr")]
        if group.shaped:
            outputs.append(["raw", "float64", [count]])
        rows = []
        if group.autoreset == "same-step":
            rows = [["finals", "int32", [count]], *leaves(group.observation_space, count, "f")]
        inputs = [["reset", "int32", [1]], ["seeds", "float64", [count]], ["mask", "uint8", [count]], *actions]
        return {"inputs": inputs, "outputs": outputs, "rows": rows}

    def connect(self, inputs, outputs, rows):
        """The function that serves a port: what ``step`` does, or ``reset`` where ``reset`` is 1, with arrays that stay the same."""
        group, encode, decode, explained, strict = (
            self.group,
            self.encode,
            self.decode,
            self.explained_step,
            self.strict,
        )
        sink = group.sink([outputs[name] for name in ("r", "te", "tr", "raw") if name in outputs])

        resets = memoryview(inputs["reset"])

        def serve():
            if resets[0]:
                return self._reset(inputs, outputs)
            if strict and group.ended[0]:
                raise _needs_reset()
            with explained:
                outcome = group.step(decode(None, inputs), sink)
            plain = {}
            encode(outcome.observations, plain, outputs)
            count = 0
            if outcome.finals:
                count = len(outcome.finals)
                _add_finals(self, outcome, plain, {name: array[:count] for name, array in rows.items()})
            if self.infos and any(outcome.infos):
                plain["infos"] = outcome.infos
            return count, {"result": plain} if plain else None

        return serve

    def _reset(self, inputs, outputs):
        plain = {}
        seeds = [None if seed < 0 else int(seed) for seed in inputs["seeds"].tolist()]
        with _explained(self.id, "reset"):
            observations, infos = self.group.reset(seeds, inputs["mask"], None)
        self.encode(observations, plain, outputs)
        if self.infos and any(infos):
            plain["infos"] = infos
        return 0, {"result": plain} if plain else None


def make(session, params, _arrays):
    """``id, count, autoreset, vectorization, kwargs, maxSteps, renderMode, wrappers, infos, strict``. Returns a handle and what it is."""
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
    opened = _Opened(id, group, params.get("infos", False), params.get("strict", False))
    result = {
        "env": session.keep(opened, "env"),
        "port": opened.port() if session.ports else None,
        "observationSpace": describe(group.observation_space),
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
    with _explained(opened.id, "reset"):
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
        raise _needs_reset()
    with opened.explained_step:
        outcome = group.step(opened.decode(params, arrays))
    result, replies = {"r": outcome.rewards, "te": outcome.terminated, "tr": outcome.truncated}, {}
    opened.encode(outcome.observations, result, replies)
    if outcome.raw_rewards is not None:
        result["raw"] = outcome.raw_rewards
    if outcome.finals:
        _add_finals(opened, outcome, result, replies)
    if opened.infos and any(outcome.infos):
        result["infos"] = outcome.infos
    return result, replies


def _needs_reset():
    return BridgeError("ENV_NEEDS_RESET", "The episode has ended.", "Reset the environment before its next step.")


def _add_finals(opened, outcome, result, replies):
    """Final observations of those that ended and were reset in the same step; ``finals`` [M] says which they are."""
    indices = list(outcome.finals)
    if "finals" in replies:
        replies["finals"][...] = indices
    else:
        replies["finals"] = np.array(indices, np.int32)
    opened.encode_final([outcome.finals[index][0] for index in indices], result, replies)
    if opened.infos:
        result["finalInfos"] = [outcome.finals[index][1] for index in indices]


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
