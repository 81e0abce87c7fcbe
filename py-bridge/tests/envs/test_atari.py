"""Names of games, and how pictures shrink. Whole games are compared frame for frame over the bridge: tests/environments/atari.test.ts."""

import math

import numpy as np
import pytest

from dsqn_bridge.envs.atari_frames import PREPROCESSINGS, luminance, shrink_matrix, shrinker
from dsqn_bridge.errors import BridgeError

pytest.importorskip("ale_py", reason="ale-py is not installed")

from dsqn_bridge.envs.atari import AtariGroup  # noqa: E402
from dsqn_bridge.envs.atari_ids import meaning  # noqa: E402


@pytest.mark.parametrize(
    "name, rom, frame_skip, sticky",
    [
        ("Breakout", "breakout", 4, 0.25),
        ("breakout", "breakout", 4, 0.25),
        ("ALE/Breakout-v5", "breakout", 4, 0.25),
        ("ALE/MsPacman-v5", "ms_pacman", 4, 0.25),
        ("ms_pacman", "ms_pacman", 4, 0.25),
        ("Breakout-v4", "breakout", (2, 5), 0.0),
        ("Breakout-v0", "breakout", (2, 5), 0.25),
        ("BreakoutDeterministic-v4", "breakout", 4, 0.0),
        ("BreakoutNoFrameskip-v4", "breakout", 4, 0.0),
        ("TicTacToe3D-v4", "tic_tac_toe_3d", (2, 5), 0.0),
    ],
)
def test_what_names_mean(name, rom, frame_skip, sticky):
    found = meaning(name)
    assert (found.rom, found.frame_skip, found.sticky) == (rom, frame_skip, sticky)


@pytest.mark.parametrize("name, meant", [("Brekout", "Breakout"), ("ALE/Seaqest-v5", "Seaquest"), ("Combat", "")])
def test_unknown_names(name, meant):
    with pytest.raises(BridgeError) as raised:
        meaning(name)
    assert raised.value.code == "ENV_UNKNOWN"
    assert meant in raised.value.hint


@pytest.mark.parametrize("many, few", [(185, 80), (160, 80), (210, 84), (160, 84), (7, 7), (10, 3)])
def test_shrinking_follows_the_formula(many, few):
    factor = many / few
    sigma = (factor - 1) / 2
    reach = int(4 * sigma + 0.5)
    bell = [math.exp(-(k**2) / (2 * sigma**2)) if sigma else 1.0 for k in range(-reach, reach + 1)]

    def mirrored(i):
        i = abs(i)
        return i if i < many else 2 * (many - 1) - i

    expected = np.zeros((few, many))
    for row in range(few):
        place = factor * (row + 0.5) - 0.5
        for pixel in range(many):
            line = max(0.0, 1 - abs(place - pixel))
            for k, weight in zip(range(-reach, reach + 1), bell):
                expected[row, mirrored(pixel + k)] += line * weight / sum(bell)
    np.testing.assert_allclose(shrink_matrix(many, few), expected, atol=1e-14)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-12)


def test_sums_of_taps_are_the_matrix_product():
    image = np.random.default_rng(0).uniform(0, 255, (185, 160))
    product = shrink_matrix(185, 80) @ image @ shrink_matrix(160, 80).T
    np.testing.assert_allclose(shrinker((185, 160), (80, 80))(image), product, atol=1e-11)


def test_luminance_of_colours():
    screen = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [142, 142, 142]]], np.uint8)
    np.testing.assert_allclose(luminance(screen), [[54.213, 182.376, 18.411, 142.0]], atol=1e-9)


class Screens:
    """In place of ALE: gives what a test puts onto the screen."""

    def __init__(self, screen):
        self.screen = screen

    def getScreenRGB(self, out):
        out[...] = self.screen


def test_even_greys_stay_whole():
    """Every grey of an even screen keeps its value: no order of summation cuts 142 to 141."""
    for grey in range(256):
        frames = PREPROCESSINGS["patel"]((210, 160))
        out = np.zeros((80, 80), np.uint8)
        frames.begin(Screens(np.full((210, 160, 3), grey, np.uint8)))
        frames.frame(out, True)
        assert np.all(out == min(255, math.floor(2.5 * grey))), grey


def test_binary_frames_take_the_brighter_of_two_screens():
    frames = PREPROCESSINGS["mnih-binary"]((210, 160))
    left, right = np.zeros((2, 210, 160, 3), np.uint8)
    left[:, :80] = 6
    right[:, 80:] = 6
    out = np.zeros((84, 84), np.uint8)
    frames.look(Screens(left), False)
    frames.look(Screens(right), True)
    frames.frame(out, False)
    assert out[:, :40].all() and out[:, 44:].all()
    frames.look(Screens(np.zeros_like(left)), False)
    frames.frame(out, False)
    assert not out[:, :40].any() and out[:, 44:].all()


def test_a_step_before_the_first_reset():
    with pytest.raises(BridgeError) as raised:
        AtariGroup("Breakout").step([0])
    assert raised.value.code == "ENV_NEEDS_RESET"
