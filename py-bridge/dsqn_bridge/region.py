"""Memory that the client and this process both see (docs/protocol.md, "Shared memory"): the board, ports, and slots for large arrays.

The client made it, sealed it against shrinking and gave its descriptor to this process; nobody else can open it.
"""

import mmap
import os
import platform
import sys

import numpy as np

# Words of the board: src/bridge/shared/handover.ts. Each side writes its own and nothing else.
REQUESTS, POSTED, WAKE_AT, DOWN_RETURNED, SPIN = 0, 1, 2, 3, 4
REPLIES, SLEEPS, UP_RETURNED = 16, 17, 18
TURN, TURNS = 256, 256
FIRST = 0x7FFFFFFF - 40

_MEBIBYTE = 2**20
UP = 16 * _MEBIBYTE
DOWN, DOWN_BYTES = 32 * _MEBIBYTE, 32 * _MEBIBYTE
_ALIGNMENT = 64


def attach(config):
    """The region of that configuration, or None where there is none or it cannot be had: then everything goes by ZeroMQ."""
    offered = config.get("region")
    if offered is None:
        return None
    try:
        if not (sys.platform.startswith("linux") and platform.machine() == "x86_64" and sys.maxsize > 2**32):
            raise OSError(f"{sys.platform} on {platform.machine()} is not among the tested ones")
        os.set_inheritable(offered["descriptor"], False)
        return Region(offered["descriptor"], offered["bytes"])
    except (OSError, ValueError, OverflowError) as problem:
        print(f"dsqn_bridge: no shared memory: {problem}")
        return None


def following(count):
    """The counter after ``count``: they count modulo 2^32, as a signed number."""
    return count + 1 if count != 0x7FFFFFFF else -0x80000000


class Region:
    """``board``: its words, as a memoryview of int32."""

    def __init__(self, descriptor, size):
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, size)
        self.board = memoryview(self._memory).cast("i")[: TURN + TURNS]
        self.slots = Slots(self)

    def array(self, offset, dtype, shape):
        """The array that lies there. ValueError where it reaches beyond the region."""
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._memory, dtype, count, offset).reshape(shape)

    def reserve(self, offset, size):
        """Has the system set memory aside, so that writing there cannot fail. OSError where it has none."""
        os.posix_fallocate(self._descriptor, offset, size)


class Slots:
    """Room for the large arrays of messages: taken one behind the other, and anew from the start when the client has read them all."""

    def __init__(self, region):
        self._region = region
        self._end = self._reserved = 0
        self._lent = self._returned = 0

    def put(self, array):
        """Copies ``array`` to where the client finds it. Returns the place, or None where there is no room."""
        board = self._region.board
        if board[DOWN_RETURNED] == self._lent:
            self._end = 0
        offset = self._end
        end = offset + -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
        if end > DOWN_BYTES or not self._reserve(end):
            return None
        np.copyto(self._region.array(DOWN + offset, array.dtype, array.shape), array)
        self._end = end
        self._lent = following(self._lent)
        return offset

    def take(self, place, dtype, shape):
        """A copy of the array that the client put there. ValueError where none can lie."""
        if place % _ALIGNMENT or place + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize > DOWN - UP:
            raise ValueError(f"no slot can be at {place}")
        array = self._region.array(UP + place, dtype, shape).copy()
        self._returned = following(self._returned)
        self._region.board[UP_RETURNED] = self._returned
        return array

    def _reserve(self, end):
        if end > self._reserved:
            wanted = min(DOWN_BYTES, -(-end // _MEBIBYTE) * _MEBIBYTE)
            try:
                self._region.reserve(DOWN + self._reserved, wanted - self._reserved)
            except OSError:
                return False
            self._reserved = wanted
        return True
