"""The control channel: its own socket and its own thread, so that a long call never makes a healthy worker look dead."""

import os
import threading

import zmq

from dsqn_bridge.protocol import pack, parse
from dsqn_bridge.validate import SchemaError

_WAKE = "inproc://wake"


class Control:
    """Answers pings, notes cancellations, and on shutdown wakes the work loop (or ends the process after the grace time)."""

    def __init__(self, context, socket, session, client_key):
        self._zap = context.socket(zmq.REP)
        self._zap.linger = 0
        self._zap.bind("inproc://zeromq.zap.01")
        self._context = context
        self._socket = socket
        self._session = session
        self._client_key = client_key

    def start(self):
        """Starts the thread, which lives as long as the process."""
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def _run(self):
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._zap, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._zap in ready:
                self._authenticate()
            if self._socket in ready:
                identity, *frames = self._socket.recv_multipart()
                try:
                    reply = self._answer(parse(frames[0] if len(frames) == 1 else b""))
                except SchemaError as problem:
                    error = {"code": "PROTOCOL_ERROR", "message": str(problem)}
                    reply = {"type": "error", "id": 0, "error": error}
                if reply is not None:
                    self._socket.send_multipart([identity, pack(reply)])

    def _answer(self, message):
        kind = message["type"]
        if kind == "ping":
            return {"type": "pong", "seq": message["seq"], "call": self._session.call}
        if kind == "cancel":
            self._session.cancel(message["id"])
            return None
        if kind == "shutdown":
            wake = self._context.socket(zmq.DEALER)
            wake.connect(_WAKE)
            wake.send(b"")
            end = threading.Timer(message["graceMs"] / 1000, os._exit, [0])
            end.daemon = True
            end.start()
            return None
        raise SchemaError(f"{kind!r} does not belong on the control channel")

    def _authenticate(self):
        """ZeroMQ's authentication protocol (RFC 27): one client key is let in."""
        version, sequence, _domain, _address, _identity, mechanism, *credentials = self._zap.recv_multipart()
        welcome = mechanism == b"CURVE" and credentials == [self._client_key]
        status = (b"200", b"OK") if welcome else (b"400", b"unknown key")
        self._zap.send_multipart([version, sequence, *status, b"client" if welcome else b"", b""])


def bind_wake(socket):
    """Lets the control thread reach the work loop, which then need not poll."""
    socket.bind(_WAKE)
