"""A worker outlives its parent by nothing: no orphan keeps a core busy or a socket file in place."""

import contextlib
import os
import shutil
import signal
import sys
import threading


def watch(stdin, directory):
    """Ends this process when ``stdin`` ends, which the kernel sees to when the parent dies, however it dies."""

    def wait():
        while stdin.read(1024):
            pass
        remove(directory)
        os._exit(0)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def remove(directory):
    """The sockets' folder; again, where another thread was just about to bind a socket in it."""
    for _ in range(100):
        if not directory or not os.path.lexists(directory):
            return
        shutil.rmtree(directory, ignore_errors=True)


def remove_empty(directories):
    """The sockets' folder of a client that was killed before it said where that lies: nothing can be in it yet."""
    for directory in directories:
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def die_with(parent):
    """On Linux, also where a C extension holds the interpreter's lock for minutes: the kernel ends this process."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
