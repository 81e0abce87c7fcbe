"""The worker: two sockets, one loop. It knows sockets and nothing of environments or simulators."""

import json
import os
import signal
import sys

import zmq

from dsqn_bridge import control, curve, parent, region
from dsqn_bridge.errors import BridgeError, describe
from dsqn_bridge.greeting import Greeter
from dsqn_bridge.handover import Handover
from dsqn_bridge.methods import resolve
from dsqn_bridge.ports import Ports
from dsqn_bridge.protocol import decode_arrays, encode_arrays, packer, parse
from dsqn_bridge.session import Session
from dsqn_bridge.validate import SchemaError


def main():
    """Serves one client until it says shutdown or goes away. Returns the exit code."""
    stdin, ready = os.fdopen(os.dup(0), "rb", buffering=0), os.dup(1)
    _quiet_standard_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    line = _read_line(stdin)
    if not line:
        parent.remove_empty(sys.argv[1:2])
        print("dsqn_bridge: no configuration on stdin. Workers are started by dsqn, not by hand (docs/protocol.md).")
        return 2
    config = json.loads(line)
    parent.watch(stdin, config.get("directory"))
    try:
        server = Server(config)
        said = {"work": server.work, "control": server.control}
        if config.get("curve") == "own":
            said["publicKey"] = server.public_key
        os.write(ready, (json.dumps(said) + "\n").encode())
        os.close(ready)
    except BaseException:
        # A parent that was killed meanwhile hears nothing, and tidies nothing up.
        parent.remove(config.get("directory"))
        raise
    server.serve()
    return 0


class Server:
    """``config``: ``work`` and ``control`` (addresses), ``key`` (hex); ``publicKey`` and ``secretKey``, or ``curve``, where
    CURVE is wanted (curve.py); ``clientKey``: the public key of the only client.

    ``region`` (``descriptor``, ``bytes``) where there is memory to share.
    """

    def __init__(self, config):
        context = zmq.Context()
        key = bytes.fromhex(config["key"])
        self.session = Session(self._send)
        self._pack = packer()
        self._parent = os.getppid()
        shared = region.attach(config)
        data = "zeromq" if shared is None else "shared-memory"
        self._slots = self._handover = None
        if shared is not None:
            self._slots, self.session.ports = shared.slots, Ports(shared)
            self._handover = Handover(shared.board, self._serve_request, self._wake)
        self._greeter = Greeter(key, "work", data)
        pair, client_key = curve.keys(config), config.get("clientKey")
        for address in (config["work"], config["control"]):
            curve.refuse_open(address, pair, client_key)
        if client_key is not None:
            curve.admit_only(context, client_key)
        self.public_key = pair and pair[0].decode()
        self._work = _listener(context, pair)
        control.bind_wake(self._work)
        self._work.bind(config["work"])
        control_socket = _listener(context, pair)
        control_socket.bind(config["control"])
        self.work, self.control = _address(self._work, config["work"]), _address(control_socket, config["control"])
        control.Control(context, control_socket, self.session, Greeter(key, "control", data)).start()

    def serve(self):
        """Answers messages in order of arrival, until the control thread sends the empty one."""
        receive, work, handover = self._work.recv, self._work, self._handover
        while True:
            if handover is not None:
                handover.until_message()
            identity = receive()
            header = receive()
            frames = []
            while work.get(zmq.RCVMORE):
                frames.append(receive(copy=False).buffer)
            if identity == control.WAKE_IDENTITY:
                break
            message = self._read(identity, header)
            if handover is not None:
                ours = identity == self._greeter.client
                handover.received(ours and (message is None or message["type"] != "bell"))
            if message is not None:
                self._answer(identity, message, frames)
        self.session.close()

    def _read(self, identity, header):
        try:
            return parse(header)
        except SchemaError as problem:
            self._reply_error(identity, 0, problem)
            return None

    def _answer(self, identity, message, frames):
        try:
            self._answer_kind(identity, message, frames)
        except (SchemaError, BridgeError) as problem:
            self._reply_error(identity, 0, problem)

    def _answer_kind(self, identity, message, frames):
        kind = message["type"]
        if kind == "call":
            self._greeter.require(identity)
            if self._parent is not None:
                # From here on the kernel may end this process: a client that calls has heard both channels greet, and removed the sockets' folder.
                parent.die_with(self._parent)
                self._parent = None
            self._serve_call(message, frames)
        elif kind == "hello":
            welcome = self._greeter.greet(identity, message)
            self._send(welcome)
        elif kind == "bell":
            self._greeter.require(identity)
        else:
            raise SchemaError(f"{kind!r} does not belong on the work channel")

    def _serve_call(self, message, frames):
        call = message["id"]
        self.session.call = call
        try:
            arrays = decode_arrays(message["arrays"], frames, self._slots)
            self.session.check_cancelled()
            result, arrays = resolve(message["method"])(self.session, message["params"], arrays)
            specs, frames = encode_arrays(arrays, self._slots)
            reply = {"type": "result", "id": call, "result": result, "arrays": specs}
        except Exception as problem:
            reply, frames = {"type": "error", "id": call, "error": describe(problem)}, ()
        except SystemExit as problem:
            error = BridgeError("PYTHON_ERROR", f"The method called sys.exit({problem.code}).")
            reply, frames = {"type": "error", "id": call, "error": describe(error)}, ()
        self.session.finished(call)
        self._send(reply, frames)
        self.session.do_afterwards()

    def _serve_request(self, number):
        self.session.ports.serve(number)
        self.session.do_afterwards()

    def _wake(self):
        self._send({"type": "wake"})

    def _send(self, message, frames=()):
        send = self._work.send
        send(self._greeter.client, zmq.SNDMORE)
        if frames:
            send(self._pack(message), zmq.SNDMORE)
            self._work.send_multipart(frames, copy=False)
        else:
            send(self._pack(message))

    def _reply_error(self, identity, call, error):
        self._work.send_multipart([identity, self._pack({"type": "error", "id": call, "error": describe(error)})])


def _listener(context, pair):
    socket = context.socket(zmq.ROUTER)
    if pair is not None:
        socket.curve_server = True
        socket.curve_publickey, socket.curve_secretkey = pair
    socket.sndhwm = socket.rcvhwm = 0
    socket.linger = 1000
    return socket


def _address(socket, wanted):
    """With the port that the system chose for ``tcp://127.0.0.1:*``."""
    return socket.last_endpoint.decode() if wanted.startswith("tcp:") else wanted


def _read_line(stdin):
    line = b""
    while not line.endswith(b"\n"):
        byte = stdin.read(1)
        if not byte:
            return b""
        line += byte
    return line


def _quiet_standard_streams():
    """Whatever prints, C libraries included, prints to the log; and nothing reads what belongs to the parent."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
