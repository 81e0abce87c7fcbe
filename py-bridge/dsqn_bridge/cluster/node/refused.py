"""A node's typed failures."""


class Refused(Exception):
    """A typed failure of this node; ``error``: as a value."""

    def __init__(self, code, message, hint=None, **facts):
        super().__init__(message)
        self.error = {"code": code, "message": message, "facts": facts}
        if hint:
            self.error["hint"] = hint
