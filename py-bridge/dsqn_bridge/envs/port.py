"""Stepping and resetting a group through a port: what the methods do, with arrays that stay the same (dsqn_bridge/ports.py)."""

import numpy as np
from gymnasium.spaces import Discrete

from dsqn_bridge.envs.spaces import leaves
from dsqn_bridge.errors import BridgeError


class explained:
    """Names the environment whose code raised."""

    def __init__(self, id, doing):
        self._id = id
        self._doing = doing

    def __enter__(self):
        return self

    def __exit__(self, _kind, problem, _traceback):
        if isinstance(problem, (Exception, SystemExit)) and not isinstance(problem, BridgeError):
            if old_api(problem):
                raise older(self._id) from problem
            message = f'"{self._id}" failed in its {self._doing}: {type(problem).__name__}: {problem}'
            raise BridgeError("ENV_FAILED", message, "The cause has the traceback.", id=self._id) from problem


def older(id):
    """The error of an environment for which Gymnasium came too late."""
    message = f'"{id}" was written for the API before Gymnasium (gym 0.21 and older).'
    hint = (
        "reset(*, seed=None, options=None) has to return (observation, info), and step(action) has to return (observation, "
        "reward, terminated, truncated, info): change it, or wrap it as shimmy's GymV21CompatibilityV0 does."
    )
    return BridgeError("ENV_FAILED", message, hint, id=id)


def old_api(problem):
    """Whether ``problem`` is what the API before Gymnasium comes to: four values of a step, one of a reset, no seed."""
    text, frame = str(problem), problem.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    # Where it arose: among those who call an environment, not in the environment.
    caller = frame.tb_frame.f_globals.get("__name__", "").split(".")[0] in ("dsqn_bridge", "gymnasium")
    if isinstance(problem, ValueError):
        return caller and ("(expected 5, got 4)" in text or "values to unpack (expected 2" in text)
    return isinstance(problem, TypeError) and caller and "reset() got an unexpected keyword argument" in text


def needs_reset():
    """The error of a step after the end."""
    return BridgeError("ENV_NEEDS_RESET", "The episode has ended.", "Reset the environment before its next step.")


def add_finals(opened, outcome, result, replies):
    """Final observations of those that ended and were reset in the same step; ``finals`` [M] says which they are."""
    indices = list(outcome.finals)
    if "finals" in replies:
        replies["finals"][...] = indices
    else:
        replies["finals"] = np.array(indices, np.int32)
    opened.encode_final([outcome.finals[index][0] for index in indices], result, replies)
    if opened.infos:
        result["finalInfos"] = [outcome.finals[index][1] for index in indices]


def arrays_of(opened):
    """The arrays of a port, or None where actions are no arrays.

    ``reset`` [1]: 1 to start episodes where ``mask`` is 1, from ``seeds`` (-1: none).
    """
    group = opened.group
    count = group.count
    actions = leaves(group.action_space, count, "a", actions=True)
    if actions is None:
        return None
    inputs = [["reset", "int32", [1]], ["seeds", "float64", [count]], ["mask", "uint8", [count]], *actions]
    outputs = [*leaves(opened.observation_space, count, "o"), ["r", "float64", [count]]]
    outputs += [[name, "uint8", [count]] for name in ("te", "tr")]
    if group.shaped:
        outputs.append(["raw", "float64", [count]])
    rows = []
    if group.autoreset == "same-step":
        rows = [["finals", "int32", [count]], *leaves(opened.observation_space, count, "f")]
    return {"inputs": inputs, "outputs": outputs, "rows": rows}


def server(opened, inputs, outputs, rows):
    """Returns ``serve() -> (rows filled, rest)``. It runs for every step, so it does nothing twice: a CartPole takes 6 µs."""
    group, encode, infos = opened.group, opened.encode, opened.infos
    step, strict, ended = group.step, opened.strict, group.ended
    sink = group.sink([outputs[name] for name in ("r", "te", "tr", "raw") if name in outputs])
    resets = memoryview(inputs["reset"])
    actions = _actions(opened, inputs)

    def serve():
        if resets[0]:
            return _reset(opened, inputs, outputs)
        if strict and ended[0]:
            raise needs_reset()
        try:
            outcome = step(actions(), sink)
        except (Exception, SystemExit) as problem:
            with explained(opened.id, "step"):
                raise problem
        plain = {}
        encode(outcome.observations, plain, outputs)
        filled = 0
        if outcome.finals:
            filled = len(outcome.finals)
            add_finals(opened, outcome, plain, {name: array[:filled] for name, array in rows.items()})
        if infos and any(outcome.infos):
            plain["infos"] = outcome.infos
        return filled, {"result": plain} if plain else None

    return serve


def _actions(opened, inputs):
    """A function that gives what the group's ``step`` takes."""
    if opened.group.takes_arrays:
        return lambda: inputs["a"]
    if isinstance(opened.group.action_space, Discrete):
        return inputs["a"].tolist
    return lambda: opened.decode(None, inputs)


def _reset(opened, inputs, outputs):
    plain = {}
    seeds = [None if seed < 0 else int(seed) for seed in inputs["seeds"].tolist()]
    with explained(opened.id, "reset"):
        observations, infos = opened.group.reset(seeds, inputs["mask"], None)
    opened.encode(observations, plain, outputs)
    if opened.infos and any(infos):
        plain["infos"] = infos
    return 0, {"result": plain} if plain else None
