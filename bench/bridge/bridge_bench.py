"""What the benchmark runs in Python: Gymnasium alone (the peers), and an environment of frames."""

import time

import gymnasium
import numpy as np
from dsqn_bridge.methods import resolve


class Frames(gymnasium.Env):
    """Gives an 84 x 84 x 4 frame (28,224 bytes) per step and does nothing else."""

    observation_space = gymnasium.spaces.Box(0, 255, (84, 84, 4), np.uint8)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self):
        self._frames = [np.full((84, 84, 4), value, np.uint8) for value in range(2)]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._frames[0], {}

    def step(self, action):
        return self._frames[action], 0.0, False, False, {}


gymnasium.register("dsqn-bench/Frames-v0", Frames)

_vectors = {}


def alone(_session, params, arrays):
    """Steps CartPoles without any bridge: ``mode`` ("single", "sync" or "native"), array ``actions`` [steps, N]. Returns seconds, and the p50 in µs."""
    actions = arrays["actions"]
    key = (params["mode"], actions.shape[1])
    if key[0] == "single":
        return _single(actions[:, 0].tolist()), {}
    if key not in _vectors:
        _vectors[key] = _make(*key)
        _vectors[key].reset(seed=0)
    step = _vectors[key].step
    started = time.perf_counter()
    for row in actions:
        step(row)
    return {"seconds": time.perf_counter() - started, "p50": 0.0}, {}


def timed(session, params, arrays):
    """Does what ``method`` does, and tells besides how many seconds passed within it."""
    method = resolve(params.pop("method"))
    started = time.perf_counter()
    result, arrays = method(session, params, arrays)
    return {**result, "within": time.perf_counter() - started}, arrays


def _single(actions):
    """The loop, timed as a whole; then once more with a clock around each step."""
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    started = time.perf_counter()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    seconds = time.perf_counter() - started
    took = []
    for action in actions:
        before = time.perf_counter_ns()
        _, _, terminated, truncated, _ = env.step(action)
        took.append(time.perf_counter_ns() - before)
        if terminated or truncated:
            env.reset()
    return {"seconds": seconds, "p50": float(np.median(took)) / 1000}


def _make(mode, count):
    if mode == "native":
        return gymnasium.make_vec("CartPole-v1", num_envs=count, vectorization_mode="vector_entry_point")
    return gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * count)
