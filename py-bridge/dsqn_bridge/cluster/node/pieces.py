"""Pieces, one after the other, on a node."""

import io
import json
import os
import shutil
import socket
import sys
import tarfile
import types

from dsqn_bridge.cluster.node.check import check_alone, write
from dsqn_bridge.cluster.node.code import cache_folder, extract, package_root
from dsqn_bridge.cluster.node.refused import Refused
from dsqn_bridge.cluster.node.server import Server

# What lives as long as Ray's worker process does, although functions that travel by value have no module of their own.
_STATE = "_dsqn_cluster_node"


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


def kept():
    """The state of this process."""
    state = sys.modules.get(_STATE)
    if state is None:
        state = sys.modules[_STATE] = types.ModuleType(_STATE)
        state.server, state.server_of, state.checked = None, None, None
    return state


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


def _refusal_of_late(task, root):
    """Where the code was there before us, on a machine that came after the check: what is wrong with it, asked once a process."""
    import ray

    state = kept()
    if "folder" not in task["code"] or state.checked == task["token"]:
        return None
    if ray.get_runtime_context().get_node_id() not in task["nodes"]:
        error = check_alone(task, root).get("error")
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
    write(os.path.join(folder, "job.json"), json.dumps(dict(json.loads(task["job"]), pieces=[piece])))
    return folder


def _gather(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name in sorted(os.listdir(folder)):
            if name not in ("job.json", "inputs"):
                archive.add(os.path.join(folder, name), name)
    return buffer.getvalue()
