"""CURVE: who may connect over tcp, and that nobody listens in."""

import threading

import zmq
from zmq.utils import z85

_ZAP = "inproc://zeromq.zap.01"


def keys(config):
    """``(public, secret)``, or None where nothing was asked for.

    ``config``: the client's choice (``publicKey``, ``secretKey``), or ``curve: "own"``: a pair that is made here, whose secret half never leaves this process.
    """
    wanted = "secretKey" in config or config.get("curve") == "own"
    if not wanted:
        return None
    if not zmq.has("curve"):
        raise SystemExit("dsqn_bridge: this pyzmq has no CURVE, which tcp needs; install a pyzmq wheel.")
    if config.get("curve") == "own":
        return zmq.curve_keypair()
    return config["publicKey"].encode(), config["secretKey"].encode()


def refuse_open(address, pair, client_key):
    """Beyond this machine nothing is bound but with CURVE, and for one client whose key is known."""
    if not address.startswith("tcp://") or address.startswith(("tcp://127.0.0.1:", "tcp://[::1]:")):
        return
    if pair is None or client_key is None:
        raise SystemExit(f"dsqn_bridge: {address} is no address of this machine alone, and there are no keys for it.")


def admit_only(context, client_key):
    """Lets one client in, by its public key (Z85): every other one is refused before its first message. Lives as long as the process."""
    expected = z85.decode(client_key)
    socket = context.socket(zmq.REP)
    socket.linger = 0
    socket.bind(_ZAP)

    def answer():
        while True:
            version, request, _domain, _address, _identity, mechanism, *credentials = socket.recv_multipart()
            known = mechanism == b"CURVE" and credentials[:1] == [expected]
            status, text = (b"200", b"OK") if known else (b"400", b"not the client of this worker")
            socket.send_multipart([version, request, status, text, b"", b""])

    threading.Thread(target=answer, name="zap", daemon=True).start()
