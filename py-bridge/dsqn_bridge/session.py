"""What methods share between calls, and how they speak to the client while they work."""

import traceback

from dsqn_bridge.errors import BridgeError, Cancelled


class Session:
    """``objects`` lives as long as the worker. ``check_cancelled`` and ``progress`` concern the call being served.

    ``ports``: where there is shared memory, what serves requests in it; else None.
    """

    def __init__(self, send_progress=lambda message: None):
        self.objects = {}
        self.ports = None
        self.call = None
        self._next = 0
        self._cancelled = set()
        self._afterwards = []
        self._send_progress = send_progress

    def keep(self, thing, kind):
        """Keeps ``thing`` and returns the handle under which later calls find it."""
        self._next += 1
        handle = f"{kind}-{self._next}"
        self.objects[handle] = thing
        return handle

    def release(self, handle):
        """Forgets an object, and closes it if it can be closed. Does nothing where there is none."""
        thing = self.objects.pop(handle, None)
        if hasattr(thing, "close"):
            thing.close()

    def get(self, handle, code="OBJECT_UNKNOWN"):
        """The object of that handle, or an error with ``code``."""
        try:
            return self.objects[handle]
        except KeyError:
            raise BridgeError(
                code, f'The worker holds nothing under "{handle}": it was closed, or never existed.'
            ) from None

    def cancel(self, call):
        """From the control thread: the client no longer wants the answer to ``call``."""
        self._cancelled.add(call)

    def check_cancelled(self):
        """Raises where the client no longer wants an answer: for long methods to call now and then."""
        if self.call in self._cancelled:
            raise Cancelled()

    def progress(self, done, total=None, note=None):
        """Tells the client how far the call is, and gives it the chance to cancel."""
        self.check_cancelled()
        message = {"type": "progress", "id": self.call, "done": done}
        if total is not None:
            message["total"] = total
        if note is not None:
            message["note"] = note
        self._send_progress(message)

    def finished(self, call):
        """The call is answered."""
        self.call = None
        if self._cancelled:
            self._cancelled = {other for other in self._cancelled if other > call}

    def afterwards(self, work):
        """Has ``work()`` done once the call is answered, before the next one is served: while the client is busy with the answer."""
        self._afterwards.append(work)

    def do_afterwards(self):
        """Does what was left for after the answer; what fails is printed and passed over."""
        while self._afterwards:
            try:
                self._afterwards.pop(0)()
            except Exception:
                traceback.print_exc()

    def close(self):
        """Closes every object that can be closed, in reverse order; what fails is printed and passed over."""
        for handle in reversed(list(self.objects)):
            try:
                self.release(handle)
            except Exception as problem:
                print(f"dsqn_bridge: closing {handle}: {type(problem).__name__}: {problem}")
