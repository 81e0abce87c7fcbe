"""The process of Node.js that does pieces on a node."""

import json
import socket
import subprocess
import tempfile

from dsqn_bridge.cluster.node.program import command, environment, tail_of


class NodeEnded(Exception):
    """The Node.js process is gone: Ray tries the piece again."""


class Server:
    """``dsqn piece FOLDER --serve``: a Node.js process that does pieces of one job, spoken to over Node's own channel (JSON lines on a socket)."""

    def __init__(self, task, root, folder):
        ours, theirs = socket.socketpair()
        env = environment(task["env"])
        env.update(NODE_CHANNEL_FD=str(theirs.fileno()), NODE_CHANNEL_SERIALIZATION_MODE="json")
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command(task, root) + ["piece", folder, "--serve"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._lines = ours.makefile("rwb", buffering=0)
        self._socket = ours

    def do(self, piece):
        """What became of it: ``{"done"}`` or ``{"error"}``."""
        self._send({"piece": piece})
        try:
            return self._reply()
        except BaseException:
            # Cancelled: it may leave its checkpoint, and nothing is written afterwards.
            self.close()
            raise

    def _reply(self):
        while True:
            line = self._lines.readline()
            if not line:
                raise NodeEnded(f"exit code {self.process.wait()}: {self.said()}")
            reply = json.loads(line)
            if "done" in reply or "error" in reply:
                return reply

    def _send(self, order):
        try:
            self._lines.write(json.dumps(order).encode() + b"\n")
        except OSError as problem:
            raise NodeEnded(f"{problem}: {self.said()}") from problem

    def said(self):
        """The end of what it printed."""
        return tail_of(self._log, 2000)

    def close(self, grace=60):
        """Ends it as Ctrl-C would: at its next safe point."""
        try:
            self._lines.write(b'{"stop":true}\n')
        except OSError:
            pass
        self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self._socket.close()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
