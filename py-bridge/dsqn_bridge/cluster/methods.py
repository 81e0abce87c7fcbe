"""The driver's methods. ``task``: what docs/cluster.md says that a node is told."""

from dsqn_bridge.errors import BridgeError

_KEY = "ray-driver"


def connect(session, params, _arrays):
    """``address`` (or null: a cluster of this machine's own), ``cpus`` of that. Returns versions and nodes."""
    from dsqn_bridge.cluster.driver import Driver

    session.objects[_KEY] = driver = Driver(session, params.get("address"), params.get("cpus"))
    import ray

    return {"ray": ray.__version__, "nodes": driver.nodes()}, {}


def _driver(session):
    return session.get(_KEY, "RAY_UNREACHABLE")


def nodes(session, _params, _arrays):
    """Those that live."""
    return {"nodes": _driver(session).nodes()}, {}


def check(session, params, _arrays):
    """``task``. Each node's answer."""
    return {"nodes": _driver(session).check(params["task"])}, {}


def submit(session, params, _arrays):
    """``task``, ``pieces`` (``{"id", "cpus", "piece"}``), perhaps ``inputs`` (``[folder, files]``)."""
    _driver(session).submit(params["task"], params["pieces"], params.get("inputs"))
    return {}, {}


def events(session, params, _arrays):
    """``waitMs``. What has happened; what pieces left comes as arrays by their ids."""
    import numpy as np

    found = _driver(session).events(session, params["waitMs"] / 1000)
    arrays = {one["piece"]: np.frombuffer(one.pop("files"), np.uint8) for one in found if "files" in one}
    return {"events": found}, arrays


def stop(session, params, _arrays):
    """``force``: at once."""
    return _driver(session).stop(params.get("force", False)), {}


def unpack(_session, params, arrays):
    """``folder``; array ``files``: what a piece left on a machine that shares no disk."""
    import io
    import tarfile

    from dsqn_bridge.cluster.node.code import extract
    from dsqn_bridge.cluster.node.refused import Refused

    try:
        with tarfile.open(fileobj=io.BytesIO(arrays["files"].tobytes()), mode="r:*") as archive:
            extract(archive, params["folder"])
    except Refused as refusal:
        error = refusal.error
        raise BridgeError(error["code"], error["message"], error.get("hint"), **error["facts"]) from refusal
    return {}, {}


def place(session, params, _arrays):
    """``task``, ``config`` (``key``, ``clientKey``), ``cpus``, ``name``, ``timeoutMs``. Where the worker listens, and its public key."""
    return _driver(session).place(
        params["task"], params["config"], params["cpus"], params["name"], params["timeoutMs"] / 1000
    ), {}


def worker_state(session, params, _arrays):
    """``worker``. What the kernel says of it."""
    return {"state": _driver(session).state(params["worker"])}, {}


def worker_kill(session, params, _arrays):
    """``worker``."""
    _driver(session).kill(params["worker"])
    return {}, {}


def running(session, _params, _arrays):
    """How many pieces run, or are being stopped."""
    return {"running": _driver(session).running()}, {}
