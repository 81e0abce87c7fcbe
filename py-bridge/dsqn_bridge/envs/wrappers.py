"""Wrappers by name, for environments whose rewards or observations are changed where they arise."""

import difflib

import gymnasium
import gymnasium.wrappers

from dsqn_bridge.errors import BridgeError


class MountainCarShaping(gymnasium.Wrapper):
    """r' = min(r + |x + 0.5|, -0.1): the farther from the valley's ground, the better; never as good as the goal.

    The original's MountainCar training used it. ``raw_reward`` keeps Gymnasium's own.
    """

    raw_reward = 0.0

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.raw_reward = reward
        return observation, min(reward + abs(observation[0] + 0.5), -0.1), terminated, truncated, info


#: The project's own; beside them every wrapper that ``gymnasium.wrappers`` exports is known by its name.
WRAPPERS = {"mountaincar-shaping": MountainCarShaping}


def wrap(env, wrappers):
    """``wrappers``: ``[{"name": ..., "kwargs": {...}}]``, the first one innermost."""
    for one in wrappers:
        name, kwargs = one["name"], one.get("kwargs") or one.get("options") or {}
        try:
            env = _wrapper(name)(env, **kwargs)
        except (TypeError, ValueError, AssertionError, KeyError, AttributeError) as problem:
            message = f'The wrapper "{name}" refuses this: {type(problem).__name__}: {problem}'
            hint = "Its kwargs must be ones that its constructor takes, and the environment one that it can wrap."
            raise BridgeError("ENV_OPTIONS_INVALID", message, hint) from problem
    return env


def _wrapper(name):
    """The class of that name: nothing but wrappers can be named, and none from elsewhere."""
    if name in WRAPPERS:
        return WRAPPERS[name]
    if name in gymnasium.wrappers.__all__:
        found = getattr(gymnasium.wrappers, name)
        if isinstance(found, type) and issubclass(found, gymnasium.Wrapper):
            return found
    known = [*WRAPPERS, *gymnasium.wrappers.__all__]
    near = difflib.get_close_matches(name, known, 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Gymnasium's own go by their names, such as TimeLimit."
    raise BridgeError("ENV_OPTIONS_INVALID", f'There is no wrapper "{name}".', hint)
