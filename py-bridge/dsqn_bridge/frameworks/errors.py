"""What can't be exported: an error that names the module and says what to do."""

from __future__ import annotations


class ExportError(ValueError):
    """`module`: its name within the network, "" where none is to blame."""

    def __init__(self, module: str, problem: str, hint: str = ""):
        super().__init__(("%s: " % module if module else "") + problem + (" " + hint if hint else ""))
        self.module = module
        self.problem = problem
        self.hint = hint
