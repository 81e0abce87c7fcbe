"""What a client could send, read by the worker's own code: the Python side of ``npm run fuzz -- --reader worker``.

Speaks with the campaign as a forked Node would: a JSON document a line, on the descriptor that NODE_CHANNEL_FD names. An order holds its inputs.
"""

import base64
import json
import mmap
import os
import struct
import sys
import time
import traceback

from dsqn_bridge.errors import BridgeError, describe
from dsqn_bridge.greeting import Greeter
from dsqn_bridge.protocol import decode_arrays, packer, parse
from dsqn_bridge.region import DOWN, DOWN_BYTES, Region
from dsqn_bridge.session import Session
from dsqn_bridge.validate import SchemaError

SLOW_SECONDS = 1


class Worker:
    """What a worker's two loops do with a header, and with two frames of arrays beside it, but for the sockets."""

    def __init__(self):
        self.pack = packer()
        self.greeter = Greeter(b"k" * 32, "work")
        self.session = Session()
        descriptor = os.memfd_create("dsqn-fuzz")
        os.ftruncate(descriptor, DOWN + DOWN_BYTES)
        self.slots = Region(descriptor, DOWN + DOWN_BYTES).slots
        self.frames = [bytes(24), mmap.mmap(-1, 4096)]

    def receive(self, header):
        """Returns whether it was refused. Whatever is no error of the protocol is raised."""
        try:
            message = parse(header)
            if message["type"] == "hello":
                self.greeter.greet(b"client", message)
            elif message["type"] == "cancel":
                self.session.cancel(message["id"])
                self.session.finished(message["id"])
        except (SchemaError, BridgeError) as problem:
            self.pack({"type": "error", "id": 0, "error": describe(problem)})
            return True
        if message["type"] != "call":
            return False
        try:
            for frames in ([], self.frames[:1], self.frames):
                decode_arrays(message["arrays"], frames, self.slots)
        except Exception as problem:  # as _serve_call has it: whatever a call ends in is its answer
            self.pack({"type": "error", "id": message["id"], "error": describe(problem)})
            return not isinstance(problem, MemoryError)
        return False


def work(worker, order, place, say):
    read = refused = 0
    for index, text in enumerate(order["inputs"], order["from"]):
        data = base64.b64decode(text)
        os.pwrite(place, struct.pack("dd", index, time.time() * 1000), 0)
        fault = message = None
        started = time.process_time()
        try:
            out = worker.receive(data)
        except BaseException:
            out, fault, message = True, "untyped", traceback.format_exc()
        if fault is None and time.process_time() - started > SLOW_SECONDS:
            fault, message = "slow", f"{time.process_time() - started:.1f} s"
        refused, read = refused + out, read + (not out)
        if fault:
            finding = {"target": order["target"], "index": index, "fault": fault, "message": message}
            say({"kind": "finding", "finding": finding, "bytes": text})
    say({"kind": "done", "read": read, "refused": refused})


def main():
    scratch, place = sys.argv[1:]
    os.chdir(scratch)
    channel = os.fdopen(int(os.environ["NODE_CHANNEL_FD"]), "r+b", buffering=0)

    def say(message):
        channel.write(json.dumps(message).encode() + b"\n")

    worker, place, rest = Worker(), os.open(place, os.O_WRONLY | os.O_CREAT), b""
    say({"kind": "ready"})
    while more := channel.read(1 << 16):
        rest += more
        while b"\n" in rest:
            line, rest = rest.split(b"\n", 1)
            work(worker, json.loads(line), place, say)


main()
