"""Whether a node can work, asked before any work."""

import json
import os
import socket
import subprocess
import tempfile

from dsqn_bridge.cluster.node.code import cache_folder, must_have_room, package_root
from dsqn_bridge.cluster.node.program import command, environment
from dsqn_bridge.cluster.node.refused import Refused


def check(task):
    """Whether this node can do what ``task`` says: code, versions, the shared folder. Before any work."""
    here = socket.gethostname()
    try:
        root = package_root(task["code"])
        if task["shared"]:
            return _probe(task, root, task["folder"])
        return check_alone(task, root)
    except Refused as refusal:
        return {"host": here, "error": refusal.error}


def check_alone(task, root):
    """Code and versions, without the job's folder."""
    with tempfile.TemporaryDirectory(prefix="check-", dir=cache_folder()) as folder:
        must_have_room(folder, 32 << 20)
        write(os.path.join(folder, "job.json"), task["job"])
        write(os.path.join(folder, "probes", task["token"]), "here")
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


def write(path, text):
    """A file, and the folders that it lies in."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
