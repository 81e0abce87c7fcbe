"""Observations of any space as lists of numbers: Gymnasium's own ``flatten``; and those that do not belong to their space."""

import numpy as np
import pytest
from gymnasium import spaces

from dsqn_bridge.envs.flat import flat_encoder, flat_space
from dsqn_bridge.envs.group import Group
from dsqn_bridge.envs.port import explained
from dsqn_bridge.envs.spaces import encoder
from dsqn_bridge.errors import BridgeError

SPACES = {
    "discrete": spaces.Discrete(5, start=-2),
    "multi-binary": spaces.MultiBinary((2, 3)),
    "multi-discrete": spaces.MultiDiscrete([3, 1, 4], start=[1, 0, -2]),
    "multi-discrete of two axes": spaces.MultiDiscrete([[2, 3], [4, 2]]),
    "whole numbers": spaces.Box(-1000, 1000, (2, 3), np.int64),
    "unsigned": spaces.Box(0, 2**40, (3,), np.uint64),
    "text": spaces.Text(4, charset="abc"),
    "tuple": spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (2, 2), np.float64), spaces.MultiBinary(2))),
    "dict": spaces.Dict(
        {
            "z": spaces.Box(0, 255, (2, 2), np.uint8),
            "a": spaces.Discrete(4),
            "inner": spaces.Dict({"m": spaces.MultiDiscrete([2, 2]), "b": spaces.Tuple((spaces.Box(-1, 1, (1,)),))}),
        }
    ),
}


@pytest.mark.parametrize("name", SPACES)
def test_flattened_as_gymnasium_does(name):
    space = SPACES[name]
    space.seed(3)
    elements = [space.sample() for _ in range(20)]
    arrays = {}
    flat_encoder(space, "o", "Mine-v0")(elements, {}, arrays)
    batch = arrays["o"]
    assert batch.dtype == np.float32
    assert batch.shape[1:] == flat_space(space).shape
    expected = np.stack([spaces.flatten(space, element) for element in elements])
    np.testing.assert_array_equal(batch.reshape(20, -1), expected.astype(np.float32))
    # Into what is there already, whatever stood in it.
    batch[...] = 7
    flat_encoder(space, "o", "Mine-v0")(elements, {}, arrays)
    np.testing.assert_array_equal(batch.reshape(20, -1), expected.astype(np.float32))


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32"]
)
def test_a_box_of_real_numbers_stays_as_it_is(dtype):
    assert flat_space(spaces.Box(0, 1, (3,), np.dtype(dtype))) is None


def test_what_nothing_flattens_stays_as_it_is():
    assert flat_space(spaces.Sequence(spaces.Discrete(2))) is None


@pytest.mark.parametrize(
    "space, element, said",
    [
        (spaces.Box(-1, 1, (4,)), np.zeros(5, np.float32), "[5]"),
        (spaces.Box(-1, 1, (4,)), np.zeros(1, np.float32), "[1]"),  # NumPy would repeat it
        (spaces.Box(-1, 1, (4,)), np.zeros((1, 4), np.float32), "[1, 4]"),
        (spaces.Box(-1, 1, (4,)), 0.5, "[]"),
        (spaces.Box(-1, 1, (4,)), None, "None"),
        (spaces.Box(-1, 1, (2, 2)), [[1, 2], [3]], "[[1, 2], [3]]"),
        (spaces.Box(0, 255, (2,), np.uint8), np.array([0.5, 0.25]), "0.5"),
        (spaces.Box(0, 255, (2,), np.uint8), np.array([0, 256]), "256"),
        (spaces.Box(0, 255, (2,), np.uint8), np.array([0, np.nan]), "nan"),
        (spaces.Discrete(3), 3, "3"),
        (spaces.Discrete(3), -1, "-1"),
        (spaces.Discrete(3), 1.5, "1.5"),
        (spaces.MultiDiscrete([2, 3]), np.array([2, 0]), "2"),
        (spaces.MultiBinary(2), np.array([0, 2]), "2"),
        (spaces.Dict({"a": spaces.Discrete(2)}), {"b": 1}, "'b'"),
        (spaces.Tuple((spaces.Discrete(2), spaces.Discrete(2))), (1,), "(1,)"),
        (spaces.Text(3), 5, "5"),
    ],
)
def test_what_does_not_belong_to_its_space_is_refused(space, element, said):
    coders = (
        [flat_encoder]
        if isinstance(space, (spaces.MultiBinary, spaces.MultiDiscrete, spaces.Text))
        else [encoder, flat_encoder]
    )
    for coder in coders:
        with pytest.raises(BridgeError) as raised:
            coder(space, "o", "Mine-v0")([element], {}, {})
        assert raised.value.code == "OBSERVATION_INVALID"
        assert "Mine-v0" in raised.value.message
        assert said in raised.value.message


@pytest.mark.parametrize(
    "element", [[0.1, 0.2], (1, 0), np.array([1, 0]), np.array([0.5, 0.25]), np.array([True, False])]
)
def test_numbers_of_another_dtype_are_taken_where_nothing_is_lost(element):
    arrays = {}
    encoder(spaces.Box(-1, 1, (2,), np.float32), "o", "Mine-v0")([element], {}, arrays)
    np.testing.assert_array_equal(arrays["o"][0], np.asarray(element, np.float32))


class Old:
    """Before Gymnasium."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)
    spec, metadata = None, {}

    def __init__(self, resets, steps):
        self.resets, self.steps = resets, steps

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, np.float32) if self.resets == "old" else (np.zeros(2, np.float32), {})

    def step(self, _action):
        if self.steps == "wrong":
            a, b, c, d, e = range(4)  # a fault of its own
        return np.zeros(2, np.float32), 1.0, False, {}


class NoSeed(Old):
    def reset(self):
        return np.zeros(2, np.float32)


@pytest.mark.parametrize(
    "env, doing, old",
    [
        (Old("old", ""), "reset", True),
        (NoSeed("", ""), "reset", True),
        (Old("", ""), "step", True),
        (Old("", "wrong"), "step", False),
    ],
)
def test_the_api_before_gymnasium_is_named(env, doing, old):
    group = Group([env], "disabled")
    with pytest.raises(BridgeError) as raised:
        with explained("Old-v0", "reset"):
            group.reset([1], None, None)
        with explained("Old-v0", "step"):
            group.step([0])
    assert raised.value.code == "ENV_FAILED"
    assert ("before Gymnasium" in raised.value.message) == old
    assert doing in ("reset", "step")


class Pays(Old):
    """Its rewards are ``resets``, whatever that is."""

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, np.float32), {}

    def step(self, _action):
        if self.steps == "exits":
            raise SystemExit(3)
        return np.zeros(2, np.float32), self.resets, False, False, {}


@pytest.mark.parametrize("reward", [1, 1.0, True, np.float32(1), np.array(1.0), np.array([1.0]), np.array([[1]])])
def test_rewards_are_numbers_or_arrays_of_one(reward):
    group = Group([Pays(reward, "")], "disabled")
    group.reset([1], None, None)
    assert group.step([0]).rewards == [1.0]


@pytest.mark.parametrize(
    "reward, steps, said",
    [(None, "", "None"), ("1 point", "", "1 point"), (np.ones(2), "", "array"), (1, "exits", "SystemExit")],
)
def test_what_is_no_reward_is_named_with_its_environment(reward, steps, said):
    group = Group([Pays(reward, steps)], "disabled")
    group.reset([1], None, None)
    with pytest.raises(BridgeError) as raised:
        with explained("Mine-v0", "step"):
            group.step([0])
    assert raised.value.code == "ENV_FAILED"
    assert "Mine-v0" in raised.value.message
    assert said in raised.value.message
