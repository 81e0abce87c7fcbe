"""dsqn's code on a node: a folder that is there, or an archive, unpacked once."""

import io
import os
import shutil
import socket
import tarfile
import tempfile

from dsqn_bridge.cluster.node.refused import Refused


def cache_folder():
    """Where this node keeps code: a folder of this user's alone."""
    folder = os.environ.get("DSQN_CLUSTER_CACHE")
    if not folder:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
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
