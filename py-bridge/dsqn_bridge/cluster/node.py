"""What runs on a node of the cluster, in Ray's worker processes there. It travels by value: a node needs Ray and Node.js, and nothing of ours.

Typed failures come back as values (``{"error": {...}}``): they are final. What is raised is a failure of the machine, which Ray tries again elsewhere.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import types

# What lives as long as Ray's worker process does, although functions that travel by value have no module of their own.
_STATE = "_dsqn_cluster_node"


class Refused(Exception):
    """A typed failure of this node."""

    def __init__(self, code, message, hint=None, **facts):
        super().__init__(message)
        self.error = {"code": code, "message": message, "facts": facts}
        if hint:
            self.error["hint"] = hint


def kept():
    """The state of this process."""
    state = sys.modules.get(_STATE)
    if state is None:
        state = sys.modules[_STATE] = types.ModuleType(_STATE)
        state.server, state.server_of, state.checked = None, None, None
    return state


def _setting(name):
    return os.environ[name] if name in os.environ else None


def cache_folder():
    """Where this node keeps code: a folder of this user's alone."""
    folder = _setting("DSQN_CLUSTER_CACHE")
    if not folder:
        home = _setting("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        folder = os.path.join(home, "dsqn-cluster")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and os.stat(folder).st_uid != os.getuid():
        raise Refused(
            "RAY_NODE_UNFIT",
            f'"{folder}" on {socket.gethostname()} is somebody else\'s.',
            "Set DSQN_CLUSTER_CACHE there.",
        )
    return folder


def package_root(code):
    """The folder of the package on this node: one that is there, or the archive, unpacked once.

    ``code``: ``{"folder"}``, or ``{"hash", "bytes" (unpacked), "package" (its path within), "archive" ([a reference])}``.
    """
    here = socket.gethostname()
    if "folder" in code:
        if os.path.exists(os.path.join(code["folder"], "package.json")):
            return code["folder"]
        raise Refused(
            "CLUSTER_VERSION",
            f'There is no dsqn in "{code["folder"]}" on {here}.',
            "Install it there, or leave out code=FOLDER.",
            node=here,
        )
    try:
        place = os.path.join(cache_folder(), code["hash"])
        if not os.path.isdir(place):
            _unpack(code, place)
    except OSError as problem:
        raise _of_disk(problem, here) from problem
    return os.path.join(place, code["package"])


def _unpack(code, place):
    import ray

    must_have_room(os.path.dirname(place), code["bytes"])
    temporary = tempfile.mkdtemp(prefix=".unpacking-", dir=os.path.dirname(place))
    try:
        with tarfile.open(fileobj=io.BytesIO(ray.get(code["archive"][0])), mode="r:*") as archive:
            extract(archive, temporary)
        os.rename(temporary, place)
    except OSError:
        if not os.path.isdir(place):  # else somebody else was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def extract(archive, folder):
    """Regular files and folders only, within ``folder`` only."""
    for member in archive.getmembers():
        path = os.path.normpath(os.path.join(folder, member.name))
        if not (member.isreg() or member.isdir()) or not (path + os.sep).startswith(os.path.join(folder, "")):
            raise Refused("RAY_NODE_UNFIT", f"An archive holds {member.name!r}, which is no file of its own.")
        if member.isdir():
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.extractfile(member) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
        os.chmod(path, 0o755 if member.mode & 0o100 else 0o644)


def must_have_room(folder, size):
    """DISK_FULL unless ``size`` bytes and something more are free."""
    free = shutil.disk_usage(folder).free
    needed = size + (64 << 20)
    if free < needed:
        here = socket.gethostname()
        raise Refused(
            "DISK_FULL",
            f"The disk with {folder} on {here} has {free >> 20} MB left; {needed >> 20} MB are needed.",
            "Free some space there, or set DSQN_CLUSTER_CACHE to a folder on another disk before `ray start`.",
            node=here,
            free=free,
            needed=needed,
        )


def _of_disk(problem, here):
    full = problem.errno == 28
    hint = "Set DSQN_CLUSTER_CACHE there to a folder of yours on a disk with room."
    return Refused(
        "DISK_FULL" if full else "RAY_NODE_UNFIT", f"{here} cannot keep dsqn's code: {problem}", hint, node=here
    )


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


def check(task):
    """Whether this node can do what ``task`` says: code, versions, the shared folder. Before any work."""
    here = socket.gethostname()
    try:
        root = package_root(task["code"])
        if task["shared"]:
            return _probe(task, root, task["folder"])
        return _check_alone(task, root)
    except Refused as refusal:
        return {"host": here, "error": refusal.error}


def _check_alone(task, root):
    """Code and versions, without the job's folder."""
    with tempfile.TemporaryDirectory(prefix="check-", dir=cache_folder()) as folder:
        must_have_room(folder, 32 << 20)
        _write(os.path.join(folder, "job.json"), task["job"])
        _write(os.path.join(folder, "probes", task["token"]), "here")
        return _probe(task, root, folder)


def _probe(task, root, folder):
    here = socket.gethostname()
    words = command(task, root) + [
        "piece",
        folder,
        "--probe",
        task["token"],
        "--code",
        task["codeHash"],
        "--json",
    ]
    try:
        done = subprocess.run(
            words, env=environment(task["env"]), stdin=subprocess.DEVNULL, capture_output=True, timeout=300
        )
    except FileNotFoundError:
        raise Refused(
            "RAY_NODE_UNFIT",
            f'There is no Node.js ("{task["node"]}") on {here}.',
            "Install it there, or say where it is: --on ray:ADDRESS,node=/path/to/node",
            node=here,
        ) from None
    if done.returncode == 0:
        return {"host": here}
    try:
        return {"host": here, "error": json.loads(done.stdout)["error"]}
    except (ValueError, KeyError):
        said = (done.stderr or done.stdout).decode(errors="replace")[-1500:]
        raise Refused(
            "RAY_NODE_UNFIT", f"dsqn does not run on {here} (exit code {done.returncode}): {said}", node=here
        ) from None


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


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
        # By its place: the file's own belongs to the process, too.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace")

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


def serve(task, root, folder):
    """The process for that job on this node, which the next piece finds warm."""
    state = kept()
    key = (root, folder)
    if state.server and (state.server_of != key or state.server.process.poll() is not None):
        state.server.close()
        state.server = None
    if state.server is None:
        state.server, state.server_of = Server(task, root, folder), key
    return state.server


def run_piece(task, piece):
    """Does one piece: ``{"host"}``, with ``error``, or without a shared folder ``files`` (an archive of what it left)."""
    here = socket.gethostname()
    try:
        root = package_root(task["code"])
        late = _refusal_of_late(task, root)
        if late:
            return {"host": here, "error": late}
        if task["shared"]:
            return _answer(here, _do(task, root, task["folder"], piece))
        folder = _own_job(task, piece)
        reply = _do(task, root, folder, piece)
        files = _gather(folder)
        kept().server.close()
        kept().server = None
        shutil.rmtree(folder, ignore_errors=True)
        return dict(_answer(here, reply), files=files)
    except Refused as refusal:
        return {"host": here, "error": refusal.error}


def _refusal_of_late(task, root):
    """Where the code was there before us, on a machine that came after the check: what is wrong with it, asked once a process."""
    import ray

    state = kept()
    if "folder" not in task["code"] or state.checked == task["token"]:
        return None
    if ray.get_runtime_context().get_node_id() not in task["nodes"]:
        error = _check_alone(task, root).get("error")
        if error:
            return error
    state.checked = task["token"]
    return None


def _do(task, root, folder, piece):
    try:
        return serve(task, root, folder).do(piece["id"])
    except BaseException:
        kept().server = None
        raise


def _answer(here, reply):
    return {"host": here, "error": reply["error"]} if "error" in reply else {"host": here}


def _own_job(task, piece):
    """A folder of this node's with that piece alone. A retry that comes to the same node goes on in it."""
    import ray

    folder = os.path.join(cache_folder(), "jobs", task["token"], piece["id"])
    os.makedirs(folder, exist_ok=True)
    if task["inputs"]:
        with tarfile.open(fileobj=io.BytesIO(ray.get(task["inputs"][0])), mode="r:*") as archive:
            extract(archive, folder)
    _write(os.path.join(folder, "job.json"), json.dumps(dict(json.loads(task["job"]), pieces=[piece])))
    return folder


def _gather(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name in sorted(os.listdir(folder)):
            if name not in ("job.json", "inputs"):
                archive.add(os.path.join(folder, name), name)
    return buffer.getvalue()
