"""The worker: two sockets, one loop. It knows sockets and nothing of environments or simulators."""

import json
import os
import platform
import signal
import sys

import zmq
import zmq.utils.z85

from dsqn_bridge import __version__, control, parent
from dsqn_bridge.errors import BridgeError, Cancelled, describe
from dsqn_bridge.methods import AREAS, resolve
from dsqn_bridge.protocol import PROTOCOL, decode_arrays, encode_arrays, pack, parse
from dsqn_bridge.session import Session
from dsqn_bridge.validate import SchemaError


def main():
    """Serves one client until it says shutdown or goes away. Returns the exit code."""
    stdin, ready = os.fdopen(os.dup(0), "rb", buffering=0), os.dup(1)
    _quiet_standard_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    line = _read_line(stdin)
    if not line:
        print("dsqn_bridge: no configuration on stdin. Workers are started by dsqn, not by hand (docs/protocol.md).")
        return 2
    config = json.loads(line)
    parent.watch(stdin, config.get("directory"))
    if not zmq.has("curve"):
        print("dsqn_bridge: this pyzmq has no CURVE, so nobody could be authenticated; install a pyzmq wheel.")
        return 3
    server = Server(config)
    os.write(ready, (json.dumps({"work": server.work, "control": server.control}) + "\n").encode())
    os.close(ready)
    server.serve()
    return 0


class Server:
    """``config``: work and control (addresses), secretKey and publicKey (ours), clientKey (the one client's public key)."""

    def __init__(self, config):
        context = zmq.Context()
        self.session = Session(self._send)
        self._parent = os.getppid()
        self._client = None
        self._work = _listener(context, config)
        control_socket = _listener(context, config)
        client_key = zmq.utils.z85.decode(config["clientKey"])
        # The list of those who are let in must be there before anybody can knock.
        channel = control.Control(context, control_socket, self.session, client_key)
        control.bind_wake(self._work)
        self._work.bind(config["work"])
        control_socket.bind(config["control"])
        self.work, self.control = _address(self._work, config["work"]), _address(control_socket, config["control"])
        channel.start()

    def serve(self):
        """Answers messages in order of arrival, until the control thread sends the empty one."""
        receive, work = self._work.recv, self._work
        while True:
            identity = receive()
            header = receive()
            frames = []
            while work.get(zmq.RCVMORE):
                frames.append(receive(copy=False).buffer)
            if header == b"":
                break
            try:
                message = parse(header)
                kind = message["type"]
            except SchemaError as problem:
                self._reply_error(identity, 0, BridgeError("PROTOCOL_ERROR", str(problem)))
                continue
            if identity == self._client and kind == "call":
                self._serve_call(message, frames)
            elif kind == "hello":
                self._greet(identity, message)
            else:
                problem = f"{kind!r} from a client that has not said hello, or that does not belong on the work channel"
                self._reply_error(identity, message.get("id", 0), BridgeError("PROTOCOL_ERROR", problem))
        self.session.close()

    def _greet(self, identity, hello):
        if hello["protocol"] != PROTOCOL:
            theirs = f"The client speaks protocol {hello['protocol']}, this worker ({__version__}) protocol {PROTOCOL}."
            hint = "Install the dsqn_bridge that came with this dsqn."
            self._reply_error(identity, 0, BridgeError("PROTOCOL_VERSION", theirs, hint, worker=PROTOCOL))
        elif self._client not in (None, identity):
            self._reply_error(identity, 0, BridgeError("SECOND_CLIENT", "This worker already serves a client.", "Open another."))
        else:
            self._client = identity
            self._send(
                {
                    "type": "welcome",
                    "protocol": PROTOCOL,
                    "version": __version__,
                    "python": platform.python_version(),
                    "pid": os.getpid(),
                    "capabilities": sorted(AREAS),
                }
            )
            if hello.get("dieWithParent", True):
                parent.die_with(self._parent)

    def _serve_call(self, message, frames):
        session = self.session
        call = session.call = message["id"]
        try:
            session.check_cancelled()
            arrays = decode_arrays(message["arrays"], frames)
            result, arrays = resolve(message["method"])(session, message["params"], arrays)
            specs, frames = encode_arrays(arrays)
            self._send({"type": "result", "id": call, "result": result, "arrays": specs}, frames)
        except SchemaError as problem:
            self._reply_error(self._client, call, BridgeError("PROTOCOL_ERROR", str(problem)))
        except Cancelled as problem:
            self._reply_error(self._client, call, problem)
        except Exception as problem:
            self._reply_error(self._client, call, problem)
        except SystemExit as problem:
            self._reply_error(self._client, call, BridgeError("PYTHON_ERROR", f"The method called sys.exit({problem.code})."))
        finally:
            session.finished(call)

    def _send(self, message, frames=()):
        self._work.send(self._client, zmq.SNDMORE)
        if frames:
            self._work.send(pack(message), zmq.SNDMORE)
            self._work.send_multipart(frames, copy=False)
        else:
            self._work.send(pack(message))

    def _reply_error(self, identity, call, error):
        self._work.send_multipart([identity, pack({"type": "error", "id": call, "error": describe(error)})])


def _listener(context, config):
    socket = context.socket(zmq.ROUTER)
    socket.curve_server = True
    socket.curve_secretkey = config["secretKey"].encode()
    socket.curve_publickey = config["publicKey"].encode()
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
