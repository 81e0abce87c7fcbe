"""Which ROM, frame skip and stickiness a game's name stands for: Gymnasium's ids, old ones included, or the game alone."""

import difflib
import re

from dsqn_bridge.errors import BridgeError

# Frame skips of the v0 and v4 ids (Brockman et al. 2016): drawn anew from [2, 5) for each action, always 4, or none. The ids without
# any are the ones that AtariPreprocessing takes, with a skip of its own, 4 in every published setting.
_SKIPS = {"": (2, 5), "Deterministic": 4, "NoFrameskip": 4}
_LEGACY = re.compile(r"(?P<game>\w+?)(?P<kind>Deterministic|NoFrameskip|)-(?P<version>v0|v4)")
_MODERN = re.compile(r"(?:ALE/)?(?P<game>\w+?)(?:-v5)?")
# No mode for a single player.
_NOT_ALONE = ("combat", "joust", "maze_craze", "warlords")


class Meaning:
    """``rom``: its file's name; ``frame_skip``: frames per action, or a range [least, most) to draw them from; ``sticky``: probability."""

    __slots__ = ("rom", "frame_skip", "sticky")

    def __init__(self, rom, frame_skip, sticky):
        self.rom = rom
        self.frame_skip = frame_skip
        self.sticky = sticky


def meaning(name):
    """Of "ALE/Breakout-v5", "BreakoutDeterministic-v4", "Breakout", "breakout", ...; ENV_UNKNOWN for anything else."""
    roms = _roms()
    legacy = _LEGACY.fullmatch(name)
    found = legacy or _MODERN.fullmatch(name)
    rom = roms.get(_key(found["game"])) if found else None
    if rom is None:
        near = difflib.get_close_matches(_key(found["game"] if found else name.split("/")[-1]), roms, 3, 0.6)
        hint = f"Did you mean {' or '.join(_pascal(roms[key]) for key in near)}? " if near else ""
        example = 'Names: a game ("Breakout"), or an id ("ALE/Breakout-v5", "BreakoutNoFrameskip-v4").'
        raise BridgeError("ENV_UNKNOWN", f'ALE knows no game "{name}".', hint + example, id=name)
    if legacy:
        return Meaning(rom, _SKIPS[legacy["kind"]], 0.25 if legacy["version"] == "v0" else 0.0)
    return Meaning(rom, 4, 0.25)


def _roms():
    """File names of all games by their names without underscores: "mspacman" -> "ms_pacman"."""
    try:
        from ale_py import roms
    except ImportError as problem:
        hint = 'Open the worker with extras: ["atari"], or install ale-py and opencv-python-headless into your interpreter.'
        raise BridgeError("ENV_DEPENDENCY_MISSING", f"Atari games need ale-py: {problem}", hint) from problem
    return {_key(rom): rom for rom in roms.get_all_rom_ids() if rom not in _NOT_ALONE}


def _key(name):
    return name.lower().replace("_", "")


def _pascal(rom):
    return rom.title().replace("_", "")
