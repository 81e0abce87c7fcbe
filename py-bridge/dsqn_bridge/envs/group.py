"""N copies of one environment that step together, bit for bit as each would alone."""

import numpy as np
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from dsqn_bridge.errors import BridgeError

AUTORESET = ("next-step", "same-step", "disabled")


class Outcome:
    """What a step of all gives: observations (a list, or a batch), lists of N numbers, infos; and the final observations.

    Good until the next step.
    """

    __slots__ = ("observations", "rewards", "terminated", "truncated", "raw_rewards", "infos", "finals")

    def __init__(self, observations, rewards, terminated, truncated, infos=(), finals=None, raw_rewards=None):
        self.observations = observations
        self.rewards = rewards
        self.terminated = terminated
        self.truncated = truncated
        self.infos = infos
        self.finals = finals
        self.raw_rewards = raw_rewards


class Group:
    """Steps ``envs`` in a plain loop: Gymnasium's own SyncVectorEnv does the same with more ceremony (bench/bridge.md).

    ``autoreset`` has Gymnasium's meanings: "next-step" resets on the step after the end (its action is ignored, its reward 0),
    "same-step" at once (the final observation is reported apart), "disabled" never. An ended environment that nobody reset
    rests: it repeats its final observation and flags with reward 0.
    """

    def __init__(self, envs, autoreset):
        self.envs = envs
        self.count = len(envs)
        self.spec = envs[0].spec
        self.metadata = envs[0].metadata
        self.observation_space = envs[0].observation_space
        self.action_space = envs[0].action_space
        self.autoreset = autoreset
        self._steps, self._limit = zip(*(_lean(env) for env in envs))
        self._limit = self._limit[0]
        self._elapsed = [0] * len(envs)
        self._observations = [None] * len(envs)
        self._ended = [False] * len(envs)
        self._started = [False] * len(envs)
        self._all_started = False
        self._flags = [(False, False)] * len(envs)
        self.takes_arrays = False
        self._outcome = Outcome(self._observations, (), (), ())
        self.shaped = hasattr(envs[0], "raw_reward")

    def reset(self, seeds, mask, options):
        """``seeds``: one or None for each. Returns all observations, and the infos of those that were reset."""
        infos = [None] * len(self.envs)
        for index, env in enumerate(self.envs):
            if mask is None or mask[index]:
                self._observations[index], infos[index] = _told(env.reset(seed=seeds[index], options=options))
                self._ended[index] = False
                self._started[index] = True
                self._elapsed[index] = 0
        self._all_started = all(self._started)
        return self._observations, infos

    @staticmethod
    def sink(arrays):
        """What ``step`` can write its numbers to instead of new lists: rewards, terminated, truncated, and raw rewards where there are any."""
        return tuple(memoryview(array) for array in arrays)

    def step(self, actions, into=None):
        """``actions``: one for each environment; ``into``: a sink."""
        if not self._all_started:
            raise BridgeError(
                "ENV_NEEDS_RESET", "An environment must be reset before its first step.", "Call reset first."
            )
        observations, ended, same_step = self._observations, self._ended, self.autoreset == "same-step"
        count = len(self.envs)
        rewards, terminations, truncations = into[:3] if into else ([0.0] * count, [0] * count, [0] * count)
        infos = []
        finals, limit, elapsed = None, self._limit, self._elapsed
        for index, step in enumerate(self._steps):
            if ended[index]:
                reward, terminated, truncated, info = self._rest(index)
            else:
                observation, reward, terminated, truncated, info = step(actions[index])
                if limit is not None:
                    elapsed[index] += 1
                    truncated = truncated or elapsed[index] >= limit
                if terminated or truncated:
                    elapsed[index] = 0
                    if same_step:
                        finals = finals or {}
                        finals[index] = (observation, info)
                        observation, info = _told(self.envs[index].reset())
                    else:
                        ended[index] = True
                        self._flags[index] = (terminated, truncated)
                observations[index] = observation
            try:
                rewards[index] = float(reward)
            except (TypeError, ValueError):
                rewards[index] = _number(reward)
            terminations[index] = 1 if terminated else 0
            truncations[index] = 1 if truncated else 0
            infos.append(info)
        raw_rewards = [float(env.raw_reward) for env in self.envs] if self.shaped else None
        if into and raw_rewards:
            for index, reward in enumerate(raw_rewards):
                into[3][index] = reward
        outcome = self._outcome
        outcome.rewards, outcome.terminated, outcome.truncated = rewards, terminations, truncations
        outcome.infos, outcome.finals, outcome.raw_rewards = infos, finals, raw_rewards
        return outcome

    def _rest(self, index):
        """What a step gives where the episode has ended: the next episode's start, or once more its end."""
        if self.autoreset != "next-step":
            return 0.0, *self._flags[index], {}
        self._observations[index], info = _told(self.envs[index].reset())
        self._ended[index] = False
        return 0.0, False, False, info

    @property
    def ended(self):
        """Whether the episode of each has ended and nothing has reset it."""
        return self._ended

    def render(self, index):
        """What environment ``index`` looks like, [height, width, 3] uint8, in render mode "rgb_array"."""
        if not self._started[index]:
            raise BridgeError(
                "ENV_NEEDS_RESET", "An environment must be reset before it can be rendered.", "Call reset first."
            )
        frame = self.envs[index].render()
        if not isinstance(frame, np.ndarray):
            message = f"The environment gives no frames in render mode {self.envs[index].render_mode!r}."
            raise BridgeError("ENV_NO_FRAMES", message, 'Make it with renderMode: "rgb_array".')
        return frame

    def close(self):
        for env in self.envs:
            env.close()


def _number(reward):
    """A reward that is no plain number: an array of one, of whichever library."""
    try:
        return float(reward.item())
    except (AttributeError, TypeError, ValueError, RuntimeError):
        raise TypeError(f"its reward is {reward!r:.80}, which is no number") from None


def _told(reset):
    """What a reset returned, as Gymnasium has it: an observation that happens to have two elements is none."""
    observation, info = reset
    if not isinstance(info, dict):
        raise ValueError("too many values to unpack (expected 2)")
    return observation, info


def _lean(env):
    """The function that steps ``env``, and the limit that the caller has to apply: None where ``env`` does so itself.

    What ``gymnasium.make`` puts around most environments is a counter and a check, which Group has anyway; without the two
    more calls a CartPole steps a tenth faster (bench/bridge.md). Whatever else is in the way stays there.
    """
    inner, limit = env, None
    while (type(inner) is TimeLimit and limit is None) or type(inner) is OrderEnforcing:
        if type(inner) is TimeLimit:
            limit = inner._max_episode_steps
        inner = inner.env
    return inner.step, limit
