"""MinAtar's games (Young & Tian 2019), under the ids that its own package registers: MinAtar/Breakout-v1."""

import gymnasium

PREFIX = "MinAtar/"


def register(id):
    """Registers the games when one of them is named; without the package, Gymnasium's error for what is not installed."""
    if not id.startswith(PREFIX) or id in gymnasium.registry:
        return
    try:
        from minatar.gym import register_envs
    except ModuleNotFoundError as problem:
        raise gymnasium.error.DependencyNotInstalled("minatar is not installed") from problem
    register_envs()


class FromItsSeed(gymnasium.Wrapper):
    """
    MinAtar repeats the action before with probability 0.1, and keeps that action over the end of an episode. Here an episode begins with action 0
    behind it, so that seed and actions alone decide what happens in it.
    """

    def reset(self, *, seed=None, options=None):
        self.unwrapped.game.last_action = 0
        return self.env.reset(seed=seed, options=options)
