"""The copy of IF_curr_delta.aplx that resets by subtraction. What it computes: the board's tests."""

import os
import struct

import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.spinnaker_soft import CHANGED, SOFT, STOCK, softened


@pytest.fixture
def folder():
    spynnaker = pytest.importorskip("spynnaker")
    return os.path.join(os.path.dirname(spynnaker.__file__), "pyNN", "model_binaries")


def binary(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def test_seven_words_are_changed(folder):
    stock = binary(folder, STOCK)
    soft = softened(stock)
    changed = [offset for offset in range(0, len(stock), 4) if stock[offset : offset + 4] != soft[offset : offset + 4]]
    assert len(soft) == len(stock) and len(changed) == 7
    # At ITCM 0x2554, 0x40 further in the file; and the name's hash.
    words = {(offset - 0x40 - 0x2554) // 4: struct.unpack_from("<I", soft, offset)[0] for offset in changed[1:]}
    assert words == CHANGED


@pytest.mark.parametrize(
    "name",
    ["IF_curr_delta_neuron", "IF_curr_delta_stdp_mad_pair_additive", "IF_curr_delta_stdp_mad_nearest_pair_additive"],
)
def test_the_block_is_found_wherever_it_lies(folder, name):
    stock = binary(folder, name + ".aplx")
    soft = softened(stock, name + ".aplx", name + "_soft.aplx")
    assert sum(a != b for a, b in zip(struct.iter_unpack("<I", stock), struct.iter_unpack("<I", soft))) == 7


def test_a_binary_with_another_reset_is_refused(folder):
    stock = bytearray(binary(folder, STOCK))
    stock[0x40 + 0x2560] ^= 1
    for wrong in (bytes(stock), b"", binary(folder, "IF_curr_exp.aplx"), softened(binary(folder, STOCK))):
        with pytest.raises(BridgeError) as caught:
            softened(wrong, STOCK, SOFT)
        assert caught.value.code == "BOARD_BINARY_UNKNOWN" and "--hard-reset" in caught.value.hint
