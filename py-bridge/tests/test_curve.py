"""Workers that are reached by tcp: who is let in, and where they may listen."""

import hmac
import json
import os
import subprocess
import sys

import msgpack
import pytest
import zmq

from dsqn_bridge.protocol import PROTOCOL

KEY = bytes(range(32))
HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = dict(os.environ, PYTHONPATH=os.path.dirname(HERE))
ANY = {"work": "tcp://127.0.0.1:*", "control": "tcp://127.0.0.1:*", "key": KEY.hex()}


@pytest.fixture
def start():
    """Starts a worker with that configuration."""
    running = []

    def begin(config):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(subprocess.Popen([sys.executable, "-m", "dsqn_bridge"], env=ENVIRONMENT, **pipes))
        running[-1].stdin.write(json.dumps(config).encode() + b"\n")
        running[-1].stdin.flush()
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def greeted(addresses, public, secret, server_key):
    """Whether the worker answers the hello of a client with these keys."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = public, secret, server_key
        socket.connect(addresses["work"])
        nonce = bytes(16)
        mac = hmac.new(KEY, b"client work " + nonce, "sha256").digest()
        hello = {"type": "hello", "protocol": PROTOCOL, "version": "0", "nonce": nonce, "mac": mac}
        socket.send(msgpack.packb(hello))
        return bool(socket.poll(1500)) and msgpack.unpackb(socket.recv())["type"] == "welcome"


def test_keys_are_made_where_the_worker_lives_and_one_client_alone_is_let_in(start):
    public, secret = zmq.curve_keypair()
    said = json.loads(start(dict(ANY, curve="own", clientKey=public.decode())).stdout.readline())
    assert set(said) == {"work", "control", "publicKey"}
    server_key = said["publicKey"].encode()
    other_public, other_secret = zmq.curve_keypair()
    # It knows the worker's key, and even the secret of the greeting: its own key is not the one.
    assert not greeted(said, other_public, other_secret, server_key)
    # The right client, of the wrong worker.
    assert not greeted(said, public, secret, other_public)
    assert greeted(said, public, secret, server_key)


@pytest.mark.parametrize("more", [{}, {"curve": "own"}])
def test_beyond_this_machine_nothing_listens_without_keys_of_both_sides(start, more):
    worker = start(dict(ANY, work="tcp://0.0.0.0:*", **more))
    assert worker.stdout.readline() == b""
    assert worker.wait(20) != 0
    assert b"no keys for it" in worker.stderr.read()
