"""Ports: fixed places in shared memory for calls that are made very often, such as stepping environments (docs/protocol.md).

An object of a session that can be stepped through one has ``port()``, which says what arrays go in and out, and ``connect(inputs, outputs, rows)``,
which returns ``serve() -> (rows, rest)``: how many rows of ``rows`` it filled, and what fits no array, or None.
"""

import time

import numpy as np

from dsqn_bridge.errors import BridgeError, describe
from dsqn_bridge.protocol import packer
from dsqn_bridge.region import TURN, TURNS

_PAGE = 4096
_REST = 64
_LENGTH, _ROWS, _TOOK = 0, 1, 2


class Ports:
    """Serves the requests of all ports; the client numbers them."""

    def __init__(self, region):
        self._region = region
        self._board = region.board
        self._ports = {}
        self._rests = {}
        self._pack = packer()

    def open(self, thing, number, offset, inputs, outputs, rows):
        """Connects ``thing`` with the block at ``offset``; arrays: ``[name, dtype, shape, at]``."""
        header = memoryview(self._region.array(offset, np.int32, (3,)))
        rest = memoryview(self._region.array(offset + _REST, np.uint8, (_PAGE - _REST,)))

        def views(placed):
            return {name: self._region.array(offset + at, dtype, shape) for name, dtype, shape, at in placed}

        self._ports[number] = (header, rest, thing.connect(views(inputs), views(outputs), views(rows)))

    def close(self, number):
        """Forgets a port."""
        self._ports.pop(number, None)
        self._rests.pop(number, None)

    def serve(self, request):
        """Does what request number ``request`` asks; whatever goes wrong is the reply."""
        number = self._board[TURN + request % TURNS]
        port = self._ports.get(number)
        if port is None:
            print(f"dsqn_bridge: there is no port {number}")
            return
        header, place, serve = port
        began = time.perf_counter_ns()
        try:
            rows, rest = serve()
        except Exception as problem:
            rows, rest = 0, {"error": describe(problem)}
        except SystemExit as problem:
            rows, rest = (
                0,
                {"error": describe(BridgeError("PYTHON_ERROR", f"The method called sys.exit({problem.code})."))},
            )
        header[_ROWS] = rows
        header[_LENGTH] = 0 if rest is None else self._put(number, place, rest)
        header[_TOOK] = min((time.perf_counter_ns() - began) // 1000, 0x7FFFFFFF)

    def rest(self, number):
        """What had no room in the block."""
        return self._rests.pop(number)

    def _put(self, number, place, rest):
        packed = self._pack(rest)
        if len(packed) <= len(place):
            place[: len(packed)] = packed
        else:
            self._rests[number] = rest
        return len(packed)
