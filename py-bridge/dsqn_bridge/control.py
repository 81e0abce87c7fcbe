"""The control channel: its own socket and its own thread, so that a long call never makes a healthy worker look dead."""

import os
import threading

import zmq

from dsqn_bridge.errors import BridgeError, describe
from dsqn_bridge.protocol import packer, parse
from dsqn_bridge.validate import SchemaError

_WAKE = "inproc://wake"
# Sockets choose their names, so a name that nobody can guess tells our own message from those of others.
WAKE_IDENTITY = os.urandom(16)


def bind_wake(socket):
    """Lets the control thread reach the work loop, which then need not poll."""
    socket.bind(_WAKE)


class Control:
    """Answers pings, notes cancellations, and on shutdown wakes the work loop (or ends the process after the grace time)."""

    def __init__(self, context, socket, session, greeter):
        self._context = context
        self._socket = socket
        self._session = session
        self._greeter = greeter
        self._pack = packer()

    def start(self):
        """Starts the thread, which lives as long as the process."""
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def _run(self):
        while True:
            identity, *frames = self._socket.recv_multipart()
            try:
                reply = self._answer(identity, parse(frames[0] if len(frames) == 1 else b""))
            except (SchemaError, BridgeError) as problem:
                reply = {"type": "error", "id": 0, "error": describe(problem)}
            if reply is not None:
                self._socket.send_multipart([identity, self._pack(reply)])

    def _answer(self, identity, message):
        kind = message["type"]
        if kind == "hello":
            return self._greeter.greet(identity, message)
        self._greeter.require(identity)
        if kind == "ping":
            return {"type": "pong", "seq": message["seq"], "call": self._session.call}
        if kind == "cancel":
            self._session.cancel(message["id"])
        elif kind == "shutdown":
            self._shut_down(message["graceMs"])
        else:
            raise SchemaError(f"{kind!r} does not belong on the control channel")
        return None

    def _shut_down(self, grace_ms):
        """A message to the work loop ends it after the call that it serves; the timer ends the process if that takes too long."""
        wake = self._context.socket(zmq.DEALER)
        wake.routing_id = WAKE_IDENTITY
        wake.connect(_WAKE)
        wake.send(b"")
        end = threading.Timer(grace_ms / 1000, os._exit, [0])
        end.daemon = True
        end.start()
