"""Errors that cross the bridge with a stable code and a hint."""

import traceback

from dsqn_bridge.validate import SchemaError


class BridgeError(Exception):
    """A failure that a user can meet; ``code`` becomes the ``code`` of the DsqnError in TypeScript."""

    def __init__(self, code, message, hint=None, **facts):
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.facts = facts


class Cancelled(BridgeError):
    """The client no longer wants the answer."""

    def __init__(self):
        super().__init__("CALL_CANCELLED", "The call was cancelled.")


def describe(error):
    """The ``error`` field of an error message: whatever the exception, with its whole traceback."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    described = {"code": "PYTHON_ERROR", "message": f"{type(error).__name__}: {error}", "traceback": "".join(lines)}
    if isinstance(error, BridgeError):
        described.update(code=error.code, message=error.message)
        if error.hint:
            described["hint"] = error.hint
        if error.facts:
            described["facts"] = error.facts
    elif isinstance(error, SchemaError):
        described.update(code="PROTOCOL_ERROR", message=str(error))
    elif isinstance(error, ModuleNotFoundError):
        described.update(code="PYTHON_MODULE_MISSING", facts={"module": error.name or ""})
    return described
