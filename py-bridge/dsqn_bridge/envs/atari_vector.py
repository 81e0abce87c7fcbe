"""Atari games in the field's own vector environments, which step all copies in threads of their own, behind what ``AtariGroup`` offers.

"ale-vector": ale-py's ``AtariVectorEnv``; "envpool": EnvPool's. Both give the "nature" preprocessing, with idle frames and FIRE of their own:
episodes differ from those of ``AtariGroup``, so that scores are not to be mixed.
"""

import os

import numpy as np

from dsqn_bridge.envs.atari_ids import meaning
from dsqn_bridge.errors import BridgeError

_LARGEST_SEED = 2**31 - 1


class VectorGames:
    """``count`` copies of a game in one vector environment. The subclass opens it, resets and steps."""

    stack = 4
    #: What stands for the frames before an episode's first one.
    padding = "zeros"

    def __init__(self, name, count=1, frame_skip=None, sticky=None, noop_max=30, fire=True, max_frames=108_000, **more):
        found = meaning(name)
        self.frame_skip = found.frame_skip if frame_skip is None else frame_skip
        self.sticky = found.sticky if sticky is None else sticky
        for option, usual in (
            ("preprocessing", "nature"),
            ("mode", None),
            ("difficulty", None),
            ("ram", False),
        ):
            if more.get(option, usual) != usual:
                raise self._refuse(f"has no {option} {more[option]!r}")
        if not isinstance(self.frame_skip, int):
            raise self._refuse(f"draws no frame skips from {list(self.frame_skip)}")
        self.frames = np.zeros((count, 84, 84), np.uint8)
        self._lives = np.zeros(count, np.int64)
        self._started = np.zeros(count, np.bool_)
        self._told = np.zeros(count), *(np.zeros(count, np.uint8) for _ in range(4))
        self._open(found.rom, count, noop_max, fire, max_frames, more.get("full_action_space", False))

    def _refuse(self, what):
        hint = 'The project\'s own games have it: leave out `world`, or say "games".'
        return BridgeError("ENV_OPTIONS_INVALID", f'The world "{self.world}" {what}.', hint)

    def reset(self, seeds, mask=None):
        """Starts games where ``mask`` is 1, all without one, each from its seed."""
        count = len(self.frames)
        which = np.ones(count, np.bool_) if mask is None else np.asarray(mask) != 0
        if not which.any():
            return
        wanted = np.array([seed for seed, on in zip(seeds, which) if on], np.int64)
        if wanted.max() > _LARGEST_SEED:
            message = f'{wanted.max()} is no seed of the world "{self.world}".'
            raise BridgeError("ENV_OPTIONS_INVALID", message, f"Its seeds end at {_LARGEST_SEED}.")
        if not self._started.all() and not which.all():
            raise self._refuse("starts single games only after all have been started once")
        newest, lives = self._restart(wanted, which)
        self._started |= which
        self.frames[which] = newest[which]
        self._lives[...] = lives
        for numbers in self._told:
            numbers[which] = 0
        self._told[4][...] = lives

    def step(self, actions):
        """One action of each. A game that has ended and was not reset starts anew by itself."""
        if not self._started.all():
            raise BridgeError("ENV_NEEDS_RESET", "A game must be reset before its first step.", "Call reset first.")
        newest, rewards, terminated, truncated, lives = self._advance(actions)
        told = self._told
        self.frames[...] = newest
        told[0][...], told[1][...], told[2][...] = rewards, terminated, truncated
        told[3][...] = lives < self._lives
        told[4][...] = lives
        self._lives[...] = lives

    def told(self):
        """Rewards, terminated, truncated, lost lives and lives of the newest step, a sequence for each."""
        return self._told

    def arrays(self):
        """The newest frames."""
        return {"frames": self.frames}

    def port(self):
        """The arrays of a port that steps the games."""
        count = len(self.frames)
        outputs = [["frames", "uint8", list(self.frames.shape)], ["r", "float64", [count]]]
        outputs += [[name, "uint8", [count]] for name in ("te", "tr", "lost", "lives")]
        return {"inputs": [["actions", "int32", [count]]], "outputs": outputs, "rows": []}

    def connect(self, inputs, outputs, _rows):
        """The function that serves a port. From now on frames and numbers lie where the client reads them."""
        outputs["frames"][...] = self.frames
        self.frames = outputs["frames"]
        places = tuple(outputs[name] for name in ("r", "te", "tr", "lost", "lives"))
        for place, numbers in zip(places, self._told):
            place[...] = numbers
        self._told = places
        actions = inputs["actions"]

        def serve():
            self.step(actions)
            return 0, None

        return serve

    def render(self, _index):
        """No world of these shows the console's screen."""
        raise BridgeError(
            "ENV_NO_FRAMES", f'The world "{self.world}" shows no screens.', 'The games of the world "games" do.'
        )

    def close(self):
        self._envs = None


class AleVector(VectorGames):
    """ale-py's own."""

    world = "ale-vector"

    def _open(self, rom, count, noop_max, fire, max_frames, full):
        from ale_py.vector_env import AtariVectorEnv

        self._envs = AtariVectorEnv(
            rom,
            count,
            num_threads=min(count, _processors()),
            max_num_frames_per_episode=max_frames,
            repeat_action_probability=self.sticky,
            full_action_space=full,
            frameskip=self.frame_skip,
            noop_max=noop_max,
            reward_clipping=False,
            use_fire_reset=fire,
        )
        self.actions = [action.name for action in self._envs.ale.get_action_set()]

    def _restart(self, seeds, which):
        observations, info = self._envs.reset(seed=seeds, options={"reset_mask": which})
        return observations[:, -1], info["lives"]

    def _advance(self, actions):
        observations, rewards, terminated, truncated, info = self._envs.step(np.array(actions, np.int32))
        return observations[:, -1], rewards, terminated, truncated, info["lives"]


def _processors():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class EnvPool(VectorGames):
    """EnvPool's. Its seeds are given when a pool is made: starting all games makes a new one; a game started alone goes on with its random numbers."""

    world = "envpool"
    padding = "first"

    def _open(self, rom, count, noop_max, fire, max_frames, full):
        try:
            import envpool
        except ImportError as problem:
            hint = 'Open the worker with extras: ["envpool"], or install envpool into your interpreter (Python 3.11 and later).'
            raise BridgeError(
                "ENV_DEPENDENCY_MISSING", f'The world "envpool" needs envpool: {problem}', hint
            ) from problem
        id = f"{''.join(part.capitalize() for part in rom.split('_'))}-v5"
        if id not in envpool.list_all_envs():
            raise BridgeError("ENV_UNKNOWN", f'EnvPool has no game "{id}".', "The world games has it.", id=id)
        self._make = lambda seeds: envpool.make(
            id,
            env_type="gymnasium",
            num_envs=count,
            num_threads=min(count, _processors()),
            seed=seeds,
            max_episode_steps=-(-max_frames // self.frame_skip),
            frame_skip=self.frame_skip,
            noop_max=noop_max,
            use_fire_reset=fire,
            repeat_action_probability=self.sticky,
            full_action_space=full,
        )
        self.actions = _buttons(rom, full)
        self._envs = None

    def _restart(self, seeds, which):
        if which.all():
            self._envs = self._make(seeds.tolist())
        observations, info = self._envs.reset(np.flatnonzero(which))
        newest, lives = self.frames.copy(), self._lives.copy()
        newest[info["env_id"]] = observations[:, -1]
        lives[info["env_id"]] = info["lives"]
        return newest, lives

    def _advance(self, actions):
        observations, rewards, terminated, truncated, info = self._envs.step(np.array(actions, np.int32))
        order = np.argsort(info["env_id"])
        told = observations[:, -1], rewards, terminated, truncated, info["lives"]
        return tuple(numbers[order] for numbers in told)


def _buttons(rom, full):
    from ale_py import ALEInterface, LoggerMode, roms

    ALEInterface.setLoggerMode(LoggerMode.Error)
    ale = ALEInterface()
    ale.loadROM(roms.get_rom_path(rom))
    return [action.name for action in (ale.getLegalActionSet() if full else ale.getMinimalActionSet())]
