"""Wrappers by name: Gymnasium's own, the project's, and nothing else."""

import gymnasium
import pytest

from dsqn_bridge.envs.wrappers import wrap
from dsqn_bridge.errors import BridgeError


def test_gymnasiums_own_go_by_their_names_innermost_first():
    limit = {"name": "TimeLimit", "kwargs": {"max_episode_steps": 3}}
    env = wrap(gymnasium.make("CartPole-v1"), [{"name": "FlattenObservation"}, limit])
    assert type(env) is gymnasium.wrappers.TimeLimit
    assert type(env.env) is gymnasium.wrappers.FlattenObservation
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    "wrapper, said",
    [
        ({"name": "TimeLimi"}, "There is no wrapper"),
        ({"name": "vector"}, "There is no wrapper"),  # a module beside the wrappers
        ({"name": "gymnasium.make"}, "There is no wrapper"),
        ({"name": "__builtins__"}, "There is no wrapper"),
        ({"name": "TimeLimit", "kwargs": {"steps": 3}}, "refuses this"),
        ({"name": "DiscretizeAction", "kwargs": {"bins": 3}}, "refuses this"),  # of a Box, which CartPole has not
    ],
)
def test_what_is_no_wrapper_or_does_not_fit_is_refused(wrapper, said):
    with pytest.raises(BridgeError) as raised:
        wrap(gymnasium.make("CartPole-v1"), [wrapper])
    assert raised.value.code == "ENV_OPTIONS_INVALID"
    assert said in str(raised.value)


def test_a_name_nearly_right_is_told():
    with pytest.raises(BridgeError) as raised:
        wrap(gymnasium.make("CartPole-v1"), [{"name": "TimeLimits"}])
    assert "TimeLimit" in raised.value.hint
