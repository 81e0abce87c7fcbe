"""The driver: one connection to a cluster, the pieces that run on it, and the workers that it has placed there."""

import io
import itertools
import os
import queue
import tarfile
import time
import warnings

from dsqn_bridge.cluster import node
from dsqn_bridge.cluster.connect import connect
from dsqn_bridge.cluster.node.check import check
from dsqn_bridge.cluster.node.pieces import run_piece
from dsqn_bridge.cluster.node.placed import Placed
from dsqn_bridge.errors import BridgeError

# How often Ray begins a piece again whose process or machine dies: as executor.ts has it.
_RETRIES = 2
# So many pieces beyond the cores of the cluster are submitted ahead.
_AHEAD = 8
_LOOK_S = 1.0


class Driver:
    """Connects at once; ``close`` leaves."""

    def __init__(self, session, address, cpus):
        self._ray, self._local = connect(session, address, cpus)
        self._ray.cloudpickle.register_pickle_by_value(node)
        self._events = queue.Queue()
        self._waiting, self._running, self._stopping = [], {}, False
        self._task, self._inputs = None, None
        self._workers, self._last_look, self._alive = {}, 0.0, None
        # Never one twice: what is still told of a worker that is gone must not end another.
        self._handles = itertools.count(1)
        self._codes = {}

    def nodes(self):
        """Nodes that live: id, name, address, and cores."""
        return [
            {
                "id": one["NodeID"],
                "host": one["NodeManagerHostname"],
                "address": one["NodeManagerAddress"],
                "cpus": one["Resources"].get("CPU", 0),
            }
            for one in self._ray.nodes()
            if one["Alive"]
        ]

    def code(self, given):
        """What nodes are told of dsqn's code: a folder that they have, or an archive, which is put into the cluster's store once."""
        if "folder" in given:
            return {"folder": given["folder"]}
        if given["hash"] not in self._codes:
            archive = self._ray.put(_pack(given["base"], given["files"]))
            size = sum(os.path.getsize(os.path.join(given["base"], name)) for name in given["files"])
            self._codes[given["hash"]] = {
                "hash": given["hash"],
                "bytes": size,
                "package": given["package"],
                "archive": [archive],
            }
        return self._codes[given["hash"]]

    def check(self, task):
        """Each node's answer to whether it can do ``task``: ``{"id", "host", "error"?}``."""
        ray = self._ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        task = dict(task, code=self.code(task["code"]))
        ask = ray.remote(num_cpus=0, max_retries=0)(check)
        asked = [
            (one, ask.options(scheduling_strategy=On(one["id"], soft=False)).remote(task))
            for one in self.nodes()
            if one["cpus"] > 0
        ]
        answers = []
        for one, reference in asked:
            try:
                answers.append(dict(ray.get(reference, timeout=600), id=one["id"]))
            except Exception as problem:
                answers.append(
                    {
                        "id": one["id"],
                        "host": one["host"],
                        "error": {"code": "RAY_NODE_UNFIT", "message": f"{one['host']}: {problem}"},
                    }
                )
        return answers

    def submit(self, task, pieces, inputs):
        """Has pieces (``{"id", "cpus", ...}``) done; ``events`` tells of each. ``inputs``: a folder whose files nodes get that share none."""
        packed = [self._ray.put(_pack(*inputs))] if inputs else []
        self._task = self._ray.put(dict(task, code=self.code(task["code"]), inputs=packed))
        self._stopping = False
        self._waiting = list(pieces)
        self._top_up()

    def _top_up(self):
        cores = [one["cpus"] for one in self.nodes()]
        largest = max(cores, default=1)
        begin = self._ray.remote(max_retries=_RETRIES, retry_exceptions=True, scheduling_strategy="SPREAD")(run_piece)
        while self._waiting and not self._stopping and len(self._running) < sum(cores) + _AHEAD:
            piece = self._waiting.pop(0)
            # A piece that wants more than any machine has gets all of one.
            reference = begin.options(num_cpus=min(piece["cpus"], largest) if largest else piece["cpus"]).remote(
                self._task, piece["piece"]
            )
            self._running[piece["id"]] = reference
            self._follow({"kind": "piece", "piece": piece["id"]}, reference)

    def _follow(self, event, reference):
        def settled(future):
            try:
                self._events.put(dict(event, value=future.result()))
            except BaseException as problem:
                self._events.put(dict(event, problem=problem))

        reference.future().add_done_callback(settled)

    def events(self, session, wait_s):
        """What has happened: waits for the first, or for so long."""
        found = []
        end = time.monotonic() + wait_s
        while not found:
            session.check_cancelled()
            try:
                found.append(self._events.get(timeout=min(0.02, max(0.0, end - time.monotonic()))))
            except queue.Empty:
                if time.monotonic() >= end:
                    break
        while not self._events.empty():
            found.append(self._events.get())
        told = [event for event in map(self._told, found) if event]
        return told + self._look()

    def _told(self, event):
        if event["kind"] == "worker":
            ended = event.get("value") or {"code": None, "tail": str(event["problem"])}
            return {"kind": "worker", "worker": event["worker"], **ended} if event["worker"] in self._workers else None
        self._running.pop(event["piece"], None)
        self._top_up()
        if "problem" in event:
            if self._stopping:
                return {"kind": "piece", "piece": event["piece"], "stopped": True}
            return {"kind": "piece", "piece": event["piece"], "lost": _cause(event["problem"])}
        return {"kind": "piece", "piece": event["piece"], **event["value"]}

    def _look(self):
        """Nodes that came or went since the last look."""
        if time.monotonic() - self._last_look < _LOOK_S:
            return []
        self._last_look = time.monotonic()
        alive = {one["id"]: one for one in self.nodes()}
        before, self._alive = self._alive, alive
        if before is None or before.keys() == alive.keys():
            return []
        self._top_up()
        went = [before[one]["address"] for one in before.keys() - alive.keys()]
        came = [alive[one]["address"] for one in alive.keys() - before.keys()]
        return [{"kind": "nodes", "went": went, "came": came, "cpus": sum(one["cpus"] for one in alive.values())}]

    def stop(self, force):
        """No further piece begins; those that run stop at their next safe point, or at once."""
        self._stopping = True
        self._waiting = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for reference in list(self._running.values()):
                self._ray.cancel(reference, force=force)
        return {"running": len(self._running)}

    def running(self):
        """Pieces that are begun and have not ended."""
        if not self._running:
            return 0
        return len(self._ray.wait(list(self._running.values()), num_returns=len(self._running), timeout=0)[1])

    def place(self, task, config, cpus, name, timeout_s):
        """Starts a worker of the bridge on some node; where it listens. ``config``: what only its client knows of it, and no secret besides."""
        ray = self._ray
        actor_class = ray.remote(num_cpus=cpus, max_concurrency=4, max_restarts=0, scheduling_strategy="SPREAD")(Placed)
        actor = actor_class.remote(dict(task, code=self.code(task["code"])), config)
        try:
            said = ray.get(actor.listening.remote(), timeout=timeout_s)
        except ray.exceptions.GetTimeoutError:
            ray.kill(actor)
            free = ray.available_resources().get("CPU", 0)
            raise BridgeError(
                "WORKER_START_TIMEOUT",
                f'The cluster did not start "{name}" within {timeout_s:g} s ({free:g} cores are free).',
                "Ask for fewer workers, or add nodes.",
            ) from None
        except Exception as problem:
            raise BridgeError(
                "WORKER_START_FAILED", f'The cluster could not start "{name}": {_cause(problem)}'
            ) from problem
        if "error" in said:
            ray.kill(actor)
            error = said["error"]
            raise BridgeError(error["code"], error["message"], error.get("hint"), **error["facts"])
        handle = f"worker-{next(self._handles)}"
        self._workers[handle] = actor
        self._follow({"kind": "worker", "worker": handle}, actor.ended.remote())
        return dict(said, worker=handle)

    def state(self, handle):
        """The kernel's word on that worker's process; None where its machine does not answer."""
        try:
            return self._ray.get(self._workers[handle].state.remote(), timeout=1)
        except Exception:
            return None

    def kill(self, handle):
        """Ends a worker, and what holds it."""
        actor = self._workers.pop(handle, None)
        if actor is None:
            return
        try:
            self._ray.get(actor.kill.remote(), timeout=2)
        except Exception:
            pass  # gone with its machine
        self._ray.kill(actor)

    def close(self):
        """Leaves the cluster; one of this machine's own ends."""
        for handle in list(self._workers):
            self.kill(handle)
        self._ray.shutdown()
        if self._local:
            self._local.close()


def _cause(problem):
    """The last line of what Ray says, which is the exception on the node."""
    cause = getattr(problem, "cause", None) or problem
    lines = [line for line in str(cause).strip().splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[-1] if lines else ''}"[:2000]


def _pack(base, files):
    """Those files of the folder ``base``, as an archive in memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name in files:
            archive.add(os.path.realpath(os.path.join(base, name)), name, recursive=False)
    return buffer.getvalue()
