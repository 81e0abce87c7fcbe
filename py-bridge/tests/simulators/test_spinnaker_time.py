"""What a board's provenance says of its clock. That sPyNNaker writes it: the board's tests."""

import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.spinnaker_time import OVERRUN, assert_kept_up


def test_a_board_that_kept_up():
    assert_kept_up({}, 1, "home")
    assert_kept_up({name: normal for name, normal in OVERRUN.items()}, 1, "home")
    assert_kept_up({"How many spikes were processed": 1000}, 1, "home")


@pytest.mark.parametrize("name", OVERRUN)
def test_a_step_that_took_too_long_is_an_error_with_a_factor_that_does(name):
    with pytest.raises(BridgeError) as caught:
        assert_kept_up({name: OVERRUN[name] + 1}, 3, "home")
    assert caught.value.code == "BOARD_FAILED"
    assert name in str(caught.value) and "--time-scale-factor 6" in caught.value.hint
