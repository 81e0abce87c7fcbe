"""dsqn's program on a node: how it is called, and what it said."""

import os
import sys


def environment(more):
    """For Node.js on this node: Ray's own Python serves the bridge, unless the node names another one."""
    env = dict(os.environ)
    if "DSQN_PYTHON" not in env and "DSQN_HOME" not in env:
        env["DSQN_PYTHON"] = sys.executable
    for name in (
        "RAY_AUTH_TOKEN",
        "NODE_CHANNEL_FD",
        "PYTHONPATH",
    ):  # no token for those who need none; no path of Ray's
        env.pop(name, None)
    env.update(more)
    return env


def command(task, root):
    """Node.js with dsqn's program."""
    return [task["node"], os.path.join(root, task["program"])]


def tail_of(log, length):
    """The end of what a process wrote to the file ``log``, which it holds open."""
    # By its place: the file's own belongs to the process, too.
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), length, max(0, size - length)).decode(errors="replace")
