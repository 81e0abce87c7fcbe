"""The server as a process, met by raw ZeroMQ clients of all kinds."""

import hmac
import json
import os
import subprocess
import sys
import time

import msgpack
import pytest
import zmq

from dsqn_bridge.protocol import PROTOCOL

KEY = bytes(range(32))
HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = dict(os.environ, PYTHONPATH=os.pathsep.join([HERE, os.path.dirname(HERE)]))


@pytest.fixture
def worker(tmp_path):
    """A running worker; ``worker.connect(channel)`` gives a client that has not said anything yet."""
    running = Worker(tmp_path)
    yield running
    running.end()


class Worker:
    def __init__(self, folder):
        self.folder = folder / "sockets"
        self.folder.mkdir()
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen([sys.executable, "-m", "dsqn_bridge"], env=ENVIRONMENT, **pipes)
        config = {"work": f"ipc://{self.folder}/work", "control": f"ipc://{self.folder}/control"}
        config.update(directory=str(self.folder), key=KEY.hex())
        self.process.stdin.write(json.dumps(config).encode() + b"\n")
        self.process.stdin.flush()
        self.addresses = json.loads(self.process.stdout.readline())
        self.context = zmq.Context()

    def connect(self, channel):
        return Client(self.context, self.addresses[channel], channel)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()
        self.context.destroy(linger=0)


def test_a_client_that_is_killed_before_it_says_anything_leaves_no_folder(tmp_path):
    empty, full = tmp_path / "dsqn-empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
    (full / "file").write_text("not the worker's")
    for folder in (empty, full):
        command = [sys.executable, "-m", "dsqn_bridge", str(folder)]
        ended = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert ended.returncode == 2
    assert not empty.exists()
    assert (full / "file").read_text() == "not the worker's"


class Client:
    def __init__(self, context, address, channel):
        self.socket = context.socket(zmq.DEALER)
        self.socket.rcvtimeo = 10_000
        self.socket.connect(address)
        self.channel = channel

    def ask(self, message, *frames):
        self.socket.send_multipart([message if isinstance(message, bytes) else msgpack.packb(message), *frames])
        return self.receive()

    def receive(self):
        return msgpack.unpackb(self.socket.recv_multipart()[0])

    def hello(self, key=KEY, protocol=PROTOCOL, channel=None):
        nonce = os.urandom(16)
        words = b"client " + (channel or self.channel).encode() + b" " + nonce
        mac = hmac.new(key, words, "sha256").digest()
        reply = self.ask({"type": "hello", "protocol": protocol, "version": "0", "nonce": nonce, "mac": mac})
        if reply["type"] == "welcome":
            words = b"worker " + self.channel.encode() + b" " + nonce
            assert reply["mac"] == hmac.new(KEY, words, "sha256").digest()
        return reply


def call(id=1, method="core.echo", params=None, arrays=()):
    return {"type": "call", "id": id, "method": method, "params": params or {}, "arrays": list(arrays)}


def code(reply):
    assert reply["type"] == "error"
    return reply["error"]["code"]


def test_greets_and_answers(worker):
    client = worker.connect("work")
    welcome = client.hello()
    assert welcome["type"] == "welcome" and welcome["pid"] == worker.process.pid
    reply = client.ask(
        call(7, params={"a": 1}, arrays=[("x", "int16", [2], b"\1\0\2\0"), ("y", "uint8", [1], None)]), b"\5"
    )
    assert reply == {
        "type": "result",
        "id": 7,
        "result": {"a": 1},
        "arrays": [["x", "int16", [2], b"\1\0\2\0"], ["y", "uint8", [1], b"\5"]],
    }


@pytest.mark.parametrize("channel", ["work", "control"])
def test_refuses_who_does_not_know_the_key(worker, channel):
    assert code(worker.connect(channel).hello(key=bytes(32))) == "AUTHENTICATION_FAILED"
    assert worker.connect(channel).hello()["type"] == "welcome"


def test_a_proof_for_one_channel_is_none_for_the_other(worker):
    assert code(worker.connect("control").hello(channel="work")) == "AUTHENTICATION_FAILED"


@pytest.mark.parametrize("channel, message", [("work", call()), ("control", {"type": "ping", "seq": 1})])
def test_refuses_who_has_not_greeted(worker, channel, message):
    assert code(worker.connect(channel).ask(message)) == "AUTHENTICATION_FAILED"


@pytest.mark.parametrize("channel", ["work", "control"])
def test_refuses_a_second_client_and_goes_on_serving_the_first(worker, channel):
    first, second = worker.connect(channel), worker.connect(channel)
    assert first.hello()["type"] == "welcome"
    assert code(second.hello()) == "SECOND_CLIENT"
    message = call() if channel == "work" else {"type": "ping", "seq": 1}
    assert code(second.ask(message)) == "AUTHENTICATION_FAILED"
    assert first.ask(message)["type"] in ("result", "pong")


def test_refuses_another_version_of_the_protocol(worker):
    client = worker.connect("work")
    reply = client.hello(protocol=PROTOCOL + 1)
    assert code(reply) == "PROTOCOL_VERSION"
    assert code(client.ask(call())) == "AUTHENTICATION_FAILED"


@pytest.mark.parametrize(
    "message, frames",
    [
        (b"\xc1 noise", ()),
        (b"", ()),
        ({"type": "call"}, ()),
        ({"type": "dance"}, ()),
        ([1, 2], ()),
        (call(id=-1), ()),
        (call(id=True), ()),
        (call(method=""), ()),
        ({**call(), "extra": 1}, ()),
        (call(arrays=[("x", "complex64", [1], b"\0" * 8)]), ()),
        (call(arrays=[("x", "float32", [-1], b"\0" * 4)]), ()),
        (call(arrays=[("x", "float32", [1])]), ()),
        (call(arrays=[("x", "float32", [2], b"\0" * 4)]), ()),
        (call(arrays=[("x", "float32", [1], b"\0" * 3)]), ()),
        (call(arrays=[("x", "float32", [1], None)]), ()),
        (call(arrays=[("x", "float32", [1], None)]), (b"\0" * 4, b"one too many")),
        (call(), (b"a frame that nothing describes",)),
        ({"type": "ping", "seq": 1}, ()),
    ],
)
def test_answers_nonsense_with_an_error_and_survives_it(worker, message, frames):
    client = worker.connect("work")
    client.hello()
    assert code(client.ask(message, *frames)) == "PROTOCOL_ERROR"
    assert client.ask(call())["type"] == "result"


def test_answers_pings_during_a_call(worker):
    work, control = worker.connect("work"), worker.connect("control")
    work.hello(), control.hello()
    work.socket.send(msgpack.packb(call(5, "waiting:wait", {"seconds": 1})))
    time.sleep(0.3)
    started = time.monotonic()
    assert control.ask({"type": "ping", "seq": 3}) == {"type": "pong", "seq": 3, "call": 5}
    assert time.monotonic() - started < 0.5
    assert work.receive()["type"] == "result"
    assert control.ask({"type": "ping", "seq": 4}) == {"type": "pong", "seq": 4, "call": None}


def test_shuts_down_when_told(worker):
    control = worker.connect("control")
    control.hello()
    control.socket.send(msgpack.packb({"type": "shutdown", "graceMs": 5000}))
    assert worker.process.wait(10) == 0


def test_ends_with_its_stdin_and_removes_the_sockets(worker):
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0
    deadline = time.monotonic() + 5
    while worker.folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not worker.folder.exists()


def test_says_what_it_is_when_started_by_hand():
    command = [sys.executable, "-m", "dsqn_bridge"]
    done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"started by dsqn" in done.stderr


def test_what_is_left_for_afterwards_is_done_after_the_answer_and_before_the_next_call(worker):
    work = worker.connect("work")
    work.hello()
    work.ask(call())  # the first call imports
    began = time.monotonic()
    assert work.ask(call(2, "lingering:answer", {"seconds": 1.0, "fails": True}))["result"] == []
    assert time.monotonic() - began < 0.8
    assert work.ask(call(3, "lingering:answer"))["result"] == [0]
    assert time.monotonic() - began >= 1.0
