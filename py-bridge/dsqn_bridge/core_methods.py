"""Methods about the worker itself."""

import importlib
import platform


def echo(_session, params, arrays):
    """Gives back what it was given."""
    return params, arrays


def versions(_session, params, _arrays):
    """``modules``: names. Returns for each its version, or null where it cannot be imported, with the reason."""
    found = {"python": platform.python_version()}
    reasons = {}
    for name in params.get("modules", ()):
        try:
            found[name] = str(getattr(importlib.import_module(name), "__version__", "unknown"))
        except Exception as problem:
            found[name] = None
            reasons[name] = f"{type(problem).__name__}: {problem}"
    return {"versions": found, "reasons": reasons}, {}


def release(session, params, _arrays):
    """Forgets the object that ``handle`` names."""
    session.release(params["handle"])
    return {}, {}


def open_port(session, params, _arrays):
    """``handle, port, offset``; ``inputs, outputs, rows``: arrays ``[name, dtype, shape, at]``.

    Connects what the handle names with a block of shared memory.
    """
    arrays = params["inputs"], params["outputs"], params["rows"]
    session.ports.open(session.get(params["handle"]), params["port"], params["offset"], *arrays)
    return {}, {}


def close_port(session, params, _arrays):
    """``port``. Nothing happens where it is closed already."""
    session.ports.close(params["port"])
    return {}, {}


def rest(session, params, _arrays):
    """``port``. What its last reply was, besides arrays, and had no room in its block."""
    return session.ports.rest(params["port"]), {}
