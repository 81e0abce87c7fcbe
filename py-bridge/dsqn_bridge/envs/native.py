"""Gymnasium's own vectorised environments, where an id has one (CartPole-v1): array arithmetic for all copies at once."""

import gymnasium
import numpy as np
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from dsqn_bridge.envs.group import Outcome
from dsqn_bridge.envs.make import explained
from dsqn_bridge.errors import BridgeError


def make_native(id, count, autoreset, kwargs, max_steps, render_mode, wrappers):
    """A group of one vectorised environment, with the interface of ``Group``."""
    if wrappers:
        raise BridgeError("ENV_OPTIONS_INVALID", "Wrappers need copies.", 'Leave out vectorization: "native".')
    options = dict(kwargs)
    if render_mode is not None:
        options["render_mode"] = render_mode
    if max_steps is not None:
        options["max_episode_steps"] = np.iinfo(np.int32).max if max_steps < 0 else max_steps
    with explained(id), _vectorised(id):
        env = gymnasium.make_vec(id, num_envs=count, vectorization_mode="vector_entry_point", **options)
    mode = env.metadata.get("autoreset_mode")
    provided = {"NextStep": "next-step", "SameStep": "same-step", "Disabled": "disabled"}.get(
        getattr(mode, "value", mode)
    )
    if provided != autoreset:
        env.close()
        message = f'The native "{id}" resets in mode "{provided}", not "{autoreset}".'
        raise BridgeError("ENV_OPTIONS_INVALID", message, 'Ask for that mode, or for vectorization: "copies".', id=id)
    return NativeGroup(env, autoreset)


class _vectorised:
    """Names what Gymnasium calls an unknown environment: one that it has, without a vectorised implementation."""

    def __init__(self, id):
        self._name = id.split(":")[-1]

    def __enter__(self):
        return self

    def __exit__(self, _kind, problem, _traceback):
        spec = gymnasium.registry.get(self._name)
        if isinstance(problem, gymnasium.error.Error) and spec and not spec.vector_entry_point:
            message = f'"{self._name}" has no vectorised implementation of its own.'
            raise BridgeError("ENV_OPTIONS_INVALID", message, 'Leave out vectorization: "native".') from problem
        return False


class NativeGroup:
    """One random stream serves all copies, so only the first seed counts, and none can be reset alone."""

    def __init__(self, env, autoreset):
        self._env = env
        self.count = env.num_envs
        self.spec = env.spec
        self.metadata = env.metadata
        self.observation_space = env.single_observation_space
        self.action_space = env.single_action_space
        self.takes_arrays = hasattr(env.action_space, "dtype") and env.action_space.dtype is not None
        self._started = False
        self.ended = (False,)
        self.autoreset = autoreset
        self.shaped = False

    def reset(self, seeds, mask, options):
        """All observations; Gymnasium's infos are of all copies at once and stay behind."""
        if mask is not None and not mask.all():
            raise BridgeError(
                "ENV_OPTIONS_INVALID", "A native vector resets all copies at once.", 'Use vectorization: "copies".'
            )
        observations, _ = self._env.reset(seed=seeds[0], options=options)
        self._started = True
        return self._elements(observations), []

    @staticmethod
    def sink(arrays):
        """Arrays take arrays as they are; flags as the bytes that they are anyway."""
        return tuple(array.view(np.bool_) if array.dtype == np.uint8 else array for array in arrays)

    def step(self, actions, into=None):
        if not self._started:
            raise BridgeError(
                "ENV_NEEDS_RESET", "An environment must be reset before its first step.", "Call reset first."
            )
        observations, rewards, terminated, truncated, _ = self._env.step(self._batch(actions))
        if into:
            into[0][...], into[1][...], into[2][...] = rewards, terminated, truncated
            return Outcome(self._elements(observations), *into)
        flags = terminated.astype(np.uint8).tolist(), truncated.astype(np.uint8).tolist()
        return Outcome(self._elements(observations), rewards.astype(np.float64).tolist(), *flags)

    def render(self, index):
        frames = self._env.render()
        if frames is None:
            raise BridgeError(
                "ENV_NO_FRAMES", "The environment gives no frames.", 'Make it with renderMode: "rgb_array".'
            )
        return frames[index]

    def close(self):
        self._env.close()

    def _elements(self, batch):
        return batch if isinstance(batch, np.ndarray) else list(iterate(self._env.observation_space, batch))

    def _batch(self, actions):
        if self.takes_arrays:
            return np.asarray(actions, self._env.action_space.dtype)
        return concatenate(self.action_space, actions, create_empty_array(self.action_space, self.count))
