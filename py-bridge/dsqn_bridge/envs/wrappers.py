"""Wrappers by name, for environments whose rewards or observations are changed where they arise."""

import gymnasium

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


WRAPPERS = {"mountaincar-shaping": MountainCarShaping}


def wrap(env, wrappers):
    """``wrappers``: ``[{"name": ..., "options": {...}}]``, the first one innermost."""
    for one in wrappers:
        if one["name"] not in WRAPPERS:
            message = f'There is no wrapper "{one["name"]}".'
            raise BridgeError("ENV_OPTIONS_INVALID", message, f"Known: {', '.join(WRAPPERS)}.")
        env = WRAPPERS[one["name"]](env, **one.get("options", {}))
    return env
