"""How requests in shared memory and messages come to the work loop: the worker's half of src/bridge/shared/handover.ts, step by step.

Memory order, on x86-64: stores stay in order, and so do loads; only a load may overtake an earlier store to another place. What a
request led to is written before REPLIES, an aligned word that one store instruction writes, so that the client, which reads REPLIES
first, finds all of it. Before the two loads that must not overtake a store there is a fence.
"""

import threading
import time

from dsqn_bridge.region import FIRST, POSTED, REPLIES, REQUESTS, SLEEPS, SPIN, WAKE_AT, following

#: After waits that did not pay, at most half as many sleep at once.
_MOST_SKIPPED = 15


class Handover:
    """``serve(number)`` does the work of a request, ``wake()`` sends the wake-up message."""

    def __init__(self, board, serve, wake):
        self._board = board
        self._serve = serve
        self._wake = wake
        self._served = self._received = FIRST
        self._skip = self._missed = 0
        lock = threading.Lock()
        self._acquire, self._release = lock.acquire, lock.release

    def until_message(self):
        """Serves requests until a message has to be received: because there is one, or because there is nothing else to do."""
        board = self._board
        until = None
        while True:
            posted = board[POSTED]  # before REQUESTS: what was asked before a message was sent is then served before it
            target = board[REQUESTS]
            asked = target != self._served
            if asked:
                if until:
                    self._skip = self._missed = 0  # looking has paid
                until = None
                self._serve_to(target)
            if posted != self._received:
                return
            if asked:
                continue
            if until is None:
                until = self._patience()
            if time.perf_counter_ns() >= until:
                if until:
                    self._missed = min(2 * self._missed + 1, _MOST_SKIPPED)
                if self._lie_down():
                    return

    def received(self, counts):
        """A message came; ``counts``: all do but bells."""
        if counts:
            self._received = following(self._received)
        self._board[SLEEPS] = 0

    def _serve_to(self, target):
        board = self._board
        while self._served != target:
            number = self._served = following(self._served)
            self._serve(number)
            board[REPLIES] = number
            self._fence()
            if board[WAKE_AT] == number:
                self._wake()

    def _lie_down(self):
        """Whether it may sleep: it has said so, and nothing came meanwhile."""
        board = self._board
        board[SLEEPS] = 1
        self._fence()
        if board[REQUESTS] == self._served:
            return True
        board[SLEEPS] = 0
        return False

    def _patience(self):
        """Until when to look: as long as the client allows; where it has not paid, not at all for the next waits."""
        spin = self._board[SPIN]
        if spin <= 0 or self._skip > 0:
            self._skip -= 1 if self._skip else 0
            return 0
        self._skip = self._missed // 2  # one miss alone is chance
        return time.perf_counter_ns() + 1000 * spin

    def _fence(self):
        # To take a free lock is one locked instruction on x86-64: a full barrier. Python has nothing that is one by name.
        self._acquire()
        self._release()
