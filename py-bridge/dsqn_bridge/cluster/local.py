"""A cluster of this machine alone: a head node, within a network that has nothing but loopback."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from dsqn_bridge.cluster import isolate
from dsqn_bridge.errors import BridgeError

_START_S = 180
_FORGOTTEN_S = 86_400
# Ray ends a node's processes with `ray start --block`; the kernel ends that one with this worker, however this one ends.
_RUN = """
import ctypes, os, sys
parent = int(sys.argv.pop(1))
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != parent:
    os._exit(0)
from ray.scripts.scripts import main
main()
"""


class Local:
    """Starts a head; ``address`` is where. Its processes end with this one, however that ends."""

    def __init__(self, cpus=None):
        _must_be_alone()
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        # Ray would have tasks step back (15) behind whatever else this machine does; here they are what was asked for.
        os.environ.setdefault("RAY_worker_niceness", "0")
        _sweep()
        self._folder = tempfile.mkdtemp(prefix="dsqn-ray-")
        gcs, grpc, http, metrics, runtime = _free_ports(5)
        self.address = f"127.0.0.1:{gcs}"
        # Ports of its agents that are given: else a raylet waits 15 s for them, and gives up on a machine that is busy.
        words = ["start", "--head", "--port", gcs, "--node-ip-address", "127.0.0.1", "--block", "--disable-usage-stats"]
        words += ["--include-dashboard", "false", "--include-log-monitor", "false", "--temp-dir", self._folder]
        words += ["--dashboard-agent-grpc-port", grpc, "--dashboard-agent-listen-port", http]
        words += ["--metrics-export-port", metrics, "--runtime-env-agent-port", runtime]
        words += [] if cpus is None else ["--num-cpus", cpus]
        self._log = os.path.join(self._folder, "start.log")
        command = [sys.executable, "-c", _RUN, str(os.getpid()), *map(str, words)]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, session):
        """Until it runs; RAY_START_FAILED with what it said."""
        end = time.monotonic() + _START_S
        while "Ray runtime started" not in self._said():
            session.check_cancelled()
            if self._process.poll() is not None or time.monotonic() > end:
                said = self._said()[-2000:]
                self.close()
                raise BridgeError(
                    "RAY_START_FAILED", f"Ray's head node did not start:\n{said}", "Is there memory left?"
                )
            time.sleep(0.1)

    def _said(self):
        with open(self._log, errors="replace") as log:
            return log.read()

    def close(self):
        """Ends the node, and removes what it has left."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _must_be_alone():
    found = isolate.interfaces()
    if found == {"lo"}:
        return
    what = (
        f"({isolate.reason})"
        if isolate.reason
        else f"(there are {', '.join(sorted(found)) or 'none that can be seen'})"
    )
    raise BridgeError(
        "RAY_NOT_ISOLATED",
        f"Ray binds every network interface, and no network of its own with nothing but loopback can be had here {what}.",
        "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, in a container --privileged), or start a cluster yourself "
        "and name it: --on ray:HOST:PORT. Without Ray: --on processes.",
        interfaces=sorted(found),
    )


def _sweep():
    """Folders of clusters whose worker was killed, a day ago or more."""
    for entry in os.scandir(tempfile.gettempdir()):
        try:
            found = entry.stat(follow_symlinks=False)
            old = time.time() - found.st_mtime > _FORGOTTEN_S and found.st_uid == os.getuid()
            if old and entry.name.startswith("dsqn-ray-") and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
        except OSError:
            pass  # somebody was faster


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
