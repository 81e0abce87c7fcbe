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
