"""Shared memory as Python sees it: slots, ports, and the hand-over with nobody on the other side but the test."""

import os

import numpy as np
import pytest

from dsqn_bridge import region
from dsqn_bridge.errors import BridgeError
from dsqn_bridge.handover import Handover
from dsqn_bridge.ports import Ports
from dsqn_bridge.protocol import decode_arrays, encode_arrays
from dsqn_bridge.validate import SchemaError

SIZE = 64 * 2**20

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memfd_create is Linux's")


@pytest.fixture
def shared():
    descriptor = os.memfd_create("test")
    os.ftruncate(descriptor, SIZE)
    made = region.Region(descriptor, SIZE)
    for word in (region.REQUESTS, region.POSTED, region.WAKE_AT, region.REPLIES):
        made.board[word] = region.FIRST
    yield made
    os.close(descriptor)


def test_a_region_that_is_smaller_than_it_should_be_is_none(capsys):
    descriptor = os.memfd_create("test")
    assert region.attach({"region": {"descriptor": descriptor, "bytes": SIZE}}) is None
    assert region.attach({"region": {"descriptor": 10_000, "bytes": SIZE}}) is None
    assert region.attach({}) is None
    assert capsys.readouterr().out.count("no shared memory") == 2
    os.close(descriptor)


def test_large_arrays_go_to_slots_one_behind_the_other_and_anew_when_all_were_read(shared):
    arrays = {name: np.arange(1000, dtype=np.float64).reshape(10, 100).T for name in "ab"}
    specs, frames = encode_arrays(arrays, shared.slots)
    assert frames == [] and [spec[3] for spec in specs] == [0, 8000]
    there = shared.array(region.DOWN + 8000, np.float64, (100, 10))
    assert (there == arrays["b"]).all()
    shared.board[region.DOWN_RETURNED] = 1
    assert encode_arrays({"c": there}, shared.slots)[0][0][3] == 16000
    shared.board[region.DOWN_RETURNED] = 3
    assert encode_arrays({"d": there}, shared.slots)[0][0][3] == 0


def test_what_has_no_room_is_a_frame_and_what_cannot_be_carried_takes_no_slot(shared):
    huge = np.zeros(region.DOWN_BYTES + 1, np.uint8)
    specs, frames = encode_arrays({"x": huge}, shared.slots)
    assert specs[0][3] is None and len(frames) == 1
    with pytest.raises(TypeError):
        encode_arrays({"x": np.zeros(10_000), "y": np.zeros(10_000, complex)}, shared.slots)
    assert encode_arrays({"x": np.zeros(10_000)}, shared.slots)[0][0][3] == 0


def test_arrays_of_calls_are_copied_out_and_returned(shared):
    shared.array(region.UP + 64, np.int32, (2, 3))[...] = [[1, 2, 3], [4, 5, 6]]
    array = decode_arrays([["x", "int32", [2, 3], 64]], [], shared.slots)["x"]
    shared.array(region.UP + 64, np.int32, (2, 3))[...] = 0
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert shared.board[region.UP_RETURNED] == 1


@pytest.mark.parametrize("place", [1, region.DOWN - region.UP, 2**40 * 64])
def test_a_slot_that_cannot_be_is_refused(shared, place):
    with pytest.raises(SchemaError):
        decode_arrays([["x", "float64", [2], place]], [], shared.slots)


def test_a_slot_without_shared_memory_is_refused():
    with pytest.raises(SchemaError, match="there is no shared memory"):
        decode_arrays([["x", "float64", [2], 0]], [])


class Doubler:
    """Doubles its input; a negative one is an error, 7 says more than there is room for."""

    def connect(self, inputs, outputs, rows):
        def serve():
            (x,) = inputs["x"]
            if x < 0:
                raise BridgeError("TOO_SMALL", "below zero")
            outputs["y"][0] = 2 * x
            rows["z"][:1] = x
            return 1, {"result": {"text": "s" * 9000}} if x == 7 else None

        return serve


def test_ports_write_outputs_rows_errors_and_what_is_too_long_elsewhere(shared):
    ports = Ports(shared)
    placed = [["x", "int32", [1], 4096]], [["y", "int32", [1], 4160]], [["z", "int32", [4], 4224]]
    ports.open(Doubler(), 5, 4096, *placed)
    shared.board[region.TURN + 1] = 5
    x, y = (shared.array(4096 + at, np.int32, (1,)) for at in (4096, 4160))
    length, rows, took = 0, 1, 2
    header = shared.array(4096, np.int32, (3,))
    x[0] = 21
    ports.serve(257)  # whose turn it is stands in a ring
    assert y[0] == 42 and header[length] == 0 and header[rows] == 1 and header[took] >= 0
    x[0] = -1
    ports.serve(1)
    assert b"TOO_SMALL" in shared.array(4096 + 64, np.uint8, (header[length],)).tobytes() and header[rows] == 0
    x[0] = 7
    ports.serve(1)
    assert header[length] > 4032
    assert len(ports.rest(5)["result"]["text"]) == 9000
    ports.close(5)
    ports.serve(1)  # nobody's turn: nothing happens


def test_the_hand_over_serves_what_was_asked_before_a_message_and_sleeps_when_nothing_is(shared):
    board, done = shared.board, []
    handover = Handover(board, done.append, lambda: done.append("wake"))
    count = region.FIRST
    for _ in range(100):  # beyond the counters' overflow
        count = region.following(count)
        board[region.REQUESTS] = board[region.WAKE_AT] = count
        handover.until_message()
        assert done == [count, "wake"] and board[region.REPLIES] == count and board[region.SLEEPS] == 1
        handover.received(counts=False)
        assert board[region.SLEEPS] == 0
        done.clear()
    board[region.POSTED] = region.following(region.FIRST)
    handover.until_message()
    assert board[region.SLEEPS] == 0  # it only receives what is on its way
    handover.received(counts=True)
    handover.until_message()
    assert board[region.SLEEPS] == 1 and done == []
