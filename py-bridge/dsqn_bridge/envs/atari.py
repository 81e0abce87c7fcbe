"""The methods of the area "atari": N copies of a game stepped by one message, of which only the newest frames travel.

``lives`` and ``lost`` besides Gymnasium's flags; stacking frames is the client's part (src/environments/atari-worlds.ts).
"""

import numpy as np

from dsqn_bridge.envs.atari_frames import PREPROCESSINGS
from dsqn_bridge.envs.atari_game import Game, open_game
from dsqn_bridge.envs.atari_ids import meaning
from dsqn_bridge.envs.atari_vector import AleVector, EnvPool
from dsqn_bridge.errors import BridgeError


class AtariGroup:
    """``count`` copies of one game. ``frames``: the newest ones, uint8 [count, height, width], overwritten by every step."""

    #: What stands for the frames before an episode's first one: that one.
    padding = "first"

    def __init__(
        self, name, count=1, preprocessing="nature", frame_skip=None, sticky=None, noop_max=30, fire=True, **more
    ):
        found = meaning(name)
        make = PREPROCESSINGS.get(preprocessing)
        if make is None:
            message = f'There is no preprocessing "{preprocessing}".'
            raise BridgeError("ENV_OPTIONS_INVALID", message, f"Known: {', '.join(PREPROCESSINGS)}.")
        self.frame_skip = found.frame_skip if frame_skip is None else frame_skip
        self.sticky = found.sticky if sticky is None else sticky
        self.stack = make.stack
        self.frames = np.zeros((count, *make.size), np.uint8)
        self._ram = more.pop("ram", False)
        options = {
            "repeat_action_probability": self.sticky,
            "max_num_frames_per_episode": more.pop("max_frames", 108_000),
            **more,
        }
        self.games = []
        for frame in self.frames:
            env = open_game(found, options)
            screen = env.ale.getScreenDims()
            self.games.append(Game(env, make(screen), frame, self.frame_skip, noop_max, fire))
        self.actions = self.games[0].env.get_action_meanings()

    def reset(self, seeds, mask=None):
        """Starts games where ``mask`` is 1, all without one, each from its seed. The frames of all stand in ``frames``."""
        for index, game in enumerate(self.games):
            if mask is None or mask[index]:
                game.reset(seeds[index])

    def step(self, actions):
        for game, action in zip(self.games, actions):
            if not game.started:
                raise BridgeError("ENV_NEEDS_RESET", "A game must be reset before its first step.", "Call reset first.")
            game.step(action)

    def told(self):
        """Rewards, terminated, truncated, lost lives and lives of the newest step, a sequence for each."""
        games = self.games
        rewards, over = [game.reward for game in games], [game.terminated for game in games]
        cut, lost = [game.truncated for game in games], [game.life_lost for game in games]
        return rewards, over, cut, lost, [game.lives for game in games]

    def render(self, index):
        """The screen of a game, uint8 [210, 160, 3]."""
        return self.games[index].ale.getScreenRGB()

    def arrays(self):
        """Frames, and the consoles' 128 bytes of memory where they were asked for."""
        arrays = {"frames": self.frames}
        if self._ram:
            arrays["ram"] = np.stack([game.ale.getRAM() for game in self.games])
        return arrays

    def port(self):
        """The arrays of a port that steps the games."""
        count = len(self.games)
        outputs = [["frames", "uint8", list(self.frames.shape)], ["r", "float64", [count]]]
        outputs += [[name, "uint8", [count]] for name in ("te", "tr", "lost", "lives")]
        if self._ram:
            outputs.append(["ram", "uint8", [count, 128]])
        return {"inputs": [["actions", "int32", [count]]], "outputs": outputs, "rows": []}

    def connect(self, inputs, outputs, _rows):
        """The function that serves a port. From now on the games draw their frames where the client reads them."""
        actions, games = inputs["actions"], self.games
        outputs["frames"][...] = self.frames
        self.frames = outputs["frames"]
        for game, frame in zip(games, self.frames):
            game.draw_in(frame)
        numbers = [memoryview(outputs[name]) for name in ("r", "te", "tr", "lost", "lives")]

        def serve():
            self.step(actions.tolist())
            for index, game in enumerate(games):
                told = game.reward, game.terminated, game.truncated, game.life_lost, game.lives
                for place, value in zip(numbers, told):
                    place[index] = value
                if self._ram:
                    outputs["ram"][index] = game.ale.getRAM()
            return 0, None

        return serve

    def close(self):
        self.games = []


#: Who plays: the project's own games, frame by frame, or the field's vector environments.
WORLDS = {"games": AtariGroup, "ale-vector": AleVector, "envpool": EnvPool}

_TOLD = ("r", "te", "tr", "lost", "lives")


def make(session, params, _arrays):
    """``game, count, world, preprocessing, frameSkip, stickyActions, noopMax, fire, maxFrames, fullActions, ram, mode, difficulty``."""
    world = params.get("world", "games")
    if world not in WORLDS:
        raise BridgeError("ENV_OPTIONS_INVALID", f'There is no world "{world}".', f"Known: {', '.join(WORLDS)}.")
    skip = params.get("frameSkip")
    named = {
        "preprocessing": params.get("preprocessing", "nature"),
        "frame_skip": tuple(skip) if isinstance(skip, (list, tuple)) else skip,
        "sticky": params.get("stickyActions"),
        "noop_max": params.get("noopMax", 30),
        "fire": params.get("fire", True),
        "max_frames": params.get("maxFrames", 108_000),
        "full_action_space": params.get("fullActions", False),
        "ram": params.get("ram", False),
        "mode": params.get("mode"),
        "difficulty": params.get("difficulty"),
    }
    group = WORLDS[world](params["game"], params.get("count", 1), **named)
    result = {
        "env": session.keep(group, "atari"),
        "port": group.port() if session.ports else None,
        "actions": group.actions,
        "height": group.frames.shape[1],
        "width": group.frames.shape[2],
        "stack": group.stack,
        "padding": group.padding,
        "frameSkip": group.frame_skip,
        "stickyActions": group.sticky,
    }
    return result, {}


def reset(session, params, arrays):
    """``env, seeds`` (one each); array ``mask`` [N] names those to reset. Returns array ``frames`` of all, and ``lives``."""
    group = session.get(params["env"], "ENV_CLOSED")
    group.reset(params["seeds"], arrays.get("mask"))
    return {"lives": list(_plain(group.told()))[4]}, group.arrays()


def step(session, params, arrays):
    """``env``; array ``actions`` [N]. Returns ``r, te, tr, lost, lives`` as lists [N]; arrays ``frames`` [N, height, width], ``ram``."""
    group = session.get(params["env"], "ENV_CLOSED")
    group.step(arrays["actions"].tolist())
    return {name: list(numbers) for name, numbers in zip(_TOLD, _plain(group.told()))}, group.arrays()


def _plain(told):
    return (numbers.tolist() if isinstance(numbers, np.ndarray) else numbers for numbers in told)


def render(session, params, _arrays):
    """``env, index``. Returns ``frame``, the console's screen, uint8 [210, 160, 3]."""
    group = session.get(params["env"], "ENV_CLOSED")
    return {}, {"frame": group.render(params.get("index", 0))}


def close(session, params, _arrays):
    """``env``. Nothing happens where it is closed already."""
    session.release(params["env"])
    return {}, {}
