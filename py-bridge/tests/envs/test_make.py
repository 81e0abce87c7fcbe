"""What goes wrong while an environment is made, and what is said of it."""

import pytest

from dsqn_bridge.envs.make import make
from dsqn_bridge.errors import BridgeError


def refused(id, **kwargs):
    with pytest.raises(BridgeError) as raised:
        make(id, kwargs, None, None, ())
    return raised.value


FAILS = """
import gymnasium

class Mine(gymnasium.Env):
    def __init__(self):
        raise RuntimeError("no licence server")

gymnasium.register("Mine-v0", Mine)
"""


@pytest.mark.parametrize(
    "text, code, said, hint",
    [
        (None, "ENV_UNKNOWN", "cannot be imported", "--path"),
        ("import gym", "ENV_FAILED", "No module named 'gym'", "gymnasium as gym"),
        ("import nowhere_at_all", "ENV_FAILED", "nowhere_at_all", "Install"),
        ("def", "ENV_FAILED", "SyntaxError", "traceback"),
        ("1 / 0", "ENV_FAILED", "ZeroDivisionError", "traceback"),
        ("", "ENV_UNKNOWN", "knows no environment", ""),
        (FAILS, "ENV_FAILED", "licence server", "traceback"),
    ],
)
def test_a_module_of_ones_own(tmp_path, monkeypatch, text, code, said, hint):
    name = f"mine_{abs(hash(text))}"
    if text is not None:
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    error = refused(f"{name}:Mine-v0")
    assert error.code == code
    assert said in error.message
    assert hint in error.hint


def test_what_a_constructor_refuses():
    assert refused("CartPole-v1", colour="red").code == "ENV_OPTIONS_INVALID"


def test_a_package_that_is_missing():
    error = refused("phys2d/CartPole-v1")
    assert error.code in ("ENV_DEPENDENCY_MISSING", "ENV_OPTIONS_INVALID")
