"""What the benchmark runs in Python alone: our games, Gymnasium's AtariPreprocessing, and ale-py's own vector environment."""

import time

import ale_py
import gymnasium
import numpy as np
from ale_py.vector_env import AtariVectorEnv
from dsqn_bridge.envs.atari import AtariGroup

gymnasium.register_envs(ale_py)

_opened = {}


def alone(_session, params, arrays):
    """Steps ``mode`` ("ours", "gymnasium" or "ale") with the array ``actions`` [steps, N]. Returns seconds; ended games start anew."""
    actions = arrays["actions"]
    mode = params["mode"]
    if mode not in _opened:
        _opened[mode] = _OPEN[mode](actions.shape[1])
    step = _opened[mode]
    started = time.perf_counter()
    for row in actions:
        step(row)
    return {"seconds": time.perf_counter() - started}, {}


def _ours(count):
    group = AtariGroup("BreakoutDeterministic-v4", count)
    group.reset(range(count))
    seeds = iter(range(count, 2**31))

    def step(row):
        group.step(row.tolist())
        over = [game.terminated or game.truncated for game in group.games]
        if any(over):
            group.reset([next(seeds) for _ in over], over)

    return step


def _gymnasium(count):
    def one():
        env = gymnasium.make("BreakoutNoFrameskip-v4", obs_type="grayscale")
        return gymnasium.wrappers.FrameStackObservation(
            gymnasium.wrappers.AtariPreprocessing(env), 4
        )

    envs = gymnasium.vector.SyncVectorEnv([one] * count)
    envs.reset(seed=0)
    return envs.step


def _ale(count):
    envs = AtariVectorEnv("breakout", count)
    envs.reset(seed=0)
    return lambda row: envs.step(row.astype(np.int64))


_OPEN = {"ours": _ours, "gymnasium": _gymnasium, "ale": _ale}
