"""One game of the Arcade Learning Environment, an action of the agent at a time."""

from dsqn_bridge.errors import BridgeError


class Game:
    """``frame``: where the newest one is written, uint8 [height, width]. What a step led to stands in the attributes.

    An episode is a whole game and repeats from its seed and its actions: a lost life does not end it. With ``fire``, FIRE is held for
    one action's frames after the start and after every lost life, where nothing moves without it (Breakout); those frames belong
    to the same step. A game that has ended rests: same frame, same flags, reward 0.
    """

    def __init__(self, env, preprocessing, frame, frame_skip, noop_max, fire):
        self.env = env
        self.ale = env.ale
        self._buttons = env._action_set
        self._look = preprocessing
        self._frame = frame
        self._skip = frame_skip
        self._noop_max = noop_max
        self._fresh = None
        meanings = env.get_action_meanings()
        self._fire = self._buttons[meanings.index("FIRE")] if fire and "FIRE" in meanings else None
        self.started = False
        self.lives = 0
        self.life_lost = 0
        self.reward = 0.0
        self.terminated = 0
        self.truncated = 0

    def draw_in(self, frame):
        """From now on the newest frame is written there."""
        self._frame = frame

    def reset(self, seed):
        """Starts a game: 1 to ``noop_max`` frames without a button (none with 0), as many as the seed says, then FIRE."""
        env, ale = self.env, self.ale
        self._start(seed)
        idle = env.np_random.integers(1, self._noop_max + 1) if self._noop_max > 0 else 0
        for _ in range(idle):
            ale.act(self._buttons[0])
            if ale.game_over():
                self._start(seed)
        self.started = True
        self.reward, self.life_lost = 0.0, 0
        self._look.begin(ale)
        if self._fire is not None:
            self._hold(self._fire)
        self.lives = ale.lives()
        self._end()
        self._look.frame(self._frame, True)

    def _start(self, seed):
        """What ``env.reset(seed=seed)`` does, in 5 ms instead of 100 where it can be.

        There the ROM is loaded anew to seed ALE's random numbers. Only sticky actions use them, so that without these the console as
        it was after loading serves every game; ``reset_game`` alone would not do, for some consoles remember the last game.
        """
        env, ale = self.env, self.ale
        if self._fresh is None or ale.getFloat("repeat_action_probability") > 0:
            env.seed_game(seed)
            env.load_game()
            self._fresh = ale.cloneSystemState()
        else:
            env.seed_game(seed)
            ale.restoreSystemState(self._fresh)
        ale.reset_game()

    def step(self, action):
        """``action``: index into the game's own actions."""
        self.reward = 0.0
        self.life_lost = 0
        if self.terminated or self.truncated:
            return
        self._hold(self._buttons[action])
        self._end()
        lives = self.ale.lives()
        if lives < self.lives:
            self.life_lost = 1
            if self._fire is not None and not (self.terminated or self.truncated):
                self._hold(self._fire)
                self._end()
                lives = self.ale.lives()
        self.lives = lives
        self._look.frame(self._frame, False)

    def _hold(self, button):
        """A button for all frames of an action; its rewards are summed, raw."""
        ale, look, skip = self.ale, self._look.look, self._skip
        if type(skip) is tuple:
            skip = self.env.np_random.integers(*skip)
        for left in range(skip - 1, -1, -1):
            self.reward += ale.act(button)
            if ale.game_over():
                return
            if left < 2:
                look(ale, left == 0)

    def _end(self):
        self.terminated = int(self.ale.game_over(with_truncation=False))
        self.truncated = int(self.ale.game_truncated())


def open_game(meaning, options):
    """ale-py's environment for Gymnasium without a frame skip of its own; ATARI_ROM_MISSING where the game cannot be loaded."""
    try:
        from ale_py.env import AtariEnv
    except ImportError as problem:
        hint = 'Open the worker with extras: ["atari"], or install ale-py and opencv-python-headless into your interpreter.'
        raise BridgeError("ENV_DEPENDENCY_MISSING", f"Atari games need ale-py: {problem}", hint) from problem
    try:
        return AtariEnv(meaning.rom, frameskip=1, **options)
    except (OSError, RuntimeError) as problem:
        hint = "ale-py brings all ROMs with it: unset ALE_ROMS_DIR, or put the ROM into that folder."
        message = f'The ROM of "{meaning.rom}" cannot be loaded: {problem}'
        raise BridgeError("ATARI_ROM_MISSING", message, hint, rom=meaning.rom) from problem
