"""A worker of the bridge on another machine, held by an actor of Ray's."""

import json
import os
import socket
import subprocess
import sys
import tempfile

from dsqn_bridge.cluster.node.code import package_root
from dsqn_bridge.cluster.node.program import environment, tail_of
from dsqn_bridge.cluster.node.refused import Refused


class Placed:
    """Starts ``python -m dsqn_bridge`` here. The worker binds the address that this node names, with CURVE always; its secret key never leaves it."""

    def __init__(self, task, config):
        self._error = self._process = None
        self._log = tempfile.TemporaryFile()
        try:
            root = package_root(task["code"])
        except Refused as refusal:
            self._error = refusal.error
            return
        import ray

        host = ray.util.get_node_ip_address()
        env = environment(task["env"])
        # An empty part of it would be the current folder.
        env["PYTHONPATH"] = os.pathsep.join(task["path"] + [os.path.join(root, "py-bridge")])
        env["PYTHONUNBUFFERED"] = "1"
        python = env["DSQN_PYTHON"] if "DSQN_PYTHON" in env else sys.executable
        run = f"import sys; sys.path[:] = [p for p in sys.path if p]; import runpy; runpy.run_module({task['module']!r}, run_name='__main__', alter_sys=True)"
        words = [python, "-X", "faulthandler", "-c", run]
        self._process = subprocess.Popen(
            words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        given = dict(config, work=f"tcp://{host}:*", control=f"tcp://{host}:*", curve="own")
        try:
            self._process.stdin.write(json.dumps(given).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its end says why

    def listening(self):
        """Where the worker listens, and its public key; or ``error``."""
        if self._error:
            return {"error": self._error}
        line = self._process.stdout.readline()
        try:
            said = json.loads(line)
        except ValueError:
            code = self._process.wait()
            text = f"The Python worker on {socket.gethostname()} could not start (exit code {code}). It said:\n{self.tail()}"
            return {"error": {"code": "WORKER_START_FAILED", "message": text, "facts": {}}}
        return dict(said, pid=self._process.pid, host=socket.gethostname())

    def ended(self):
        """Waits until the worker ends: its exit code (negative: a signal), and the end of its output."""
        return {"code": self._process.wait(), "tail": self.tail()}

    def state(self):
        """As the system sees the process: whether it is stopped, whether it runs, and the processor time that it has used."""
        states, used = [], 0
        try:
            for thread in os.listdir(f"/proc/{self._process.pid}/task"):
                with open(f"/proc/{self._process.pid}/task/{thread}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                states.append(fields[0])
                used += int(fields[11]) + int(fields[12])
        except (OSError, IndexError):
            return None
        return {
            "stopped": "T" in states or "t" in states,
            "runnable": "R" in states or "D" in states,
            "processorTime": used,
        }

    def kill(self):
        """Ends the worker at once."""
        self._process.kill()

    def tail(self):
        """The end of what it printed."""
        return tail_of(self._log, 4000)
