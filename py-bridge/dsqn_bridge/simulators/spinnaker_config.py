"""Which board sPyNNaker is given, whether it answers, and sPyNNaker itself."""

from __future__ import annotations

import importlib
import socket
from typing import Any, NamedTuple, Optional

from ..errors import BridgeError
from .spinnaker_home import home_of_worker, settle

KNOWN_VERSIONS = ("1!7.4",)
SCP_PORT = 17893  # UDP, every Ethernet-attached chip listens there
SPALLOC_PORT = 22244  # TCP


class Board(NamedTuple):
    home: str  # of this worker alone
    virtual: bool
    version: int  # 3: 4 chips, 5: 48 chips
    host: Optional[str]
    spalloc: Optional[str]  # host, host:port, or an http(s) URL
    user: str
    timeout: float  # seconds to wait for an answer
    emulated: bool = False  # a board in software: docs/board.md


def board_from(settings: dict) -> Board:
    """From the bridge's settings; BOARD_MISSING where neither an address, nor a server, nor `virtual` is given."""
    board = Board(
        home=home_of_worker(settings["home"]),
        virtual=bool(settings.get("virtual")),
        version=int(settings.get("boardVersion") or 5),
        host=settings.get("host"),
        spalloc=settings.get("spalloc"),
        user=settings.get("user") or "dsqn",
        timeout=float(settings.get("timeoutMs") or 5000) / 1000,
        emulated=bool(settings.get("emulated")),
    )
    if not (board.virtual or board.host or board.spalloc):
        raise BridgeError(
            "BOARD_MISSING",
            "No SpiNNaker board is named.",
            "Name one (--board-host, --board-version) or a spalloc server (--spalloc-server), by flag or DSQN_SPINNAKER_*; "
            "without a board there are `dsqn map` and the simulator spinnaker-twin.",
        )
    return board


def configuration(board: Board) -> str:
    """What stands in sPyNNaker's .spynnaker.cfg."""
    lines = ["[Machine]", "version = %d" % board.version, "virtual_board = %s" % board.virtual]
    if board.spalloc:
        lines += ["spalloc_server = %s" % board.spalloc, "spalloc_user = %s" % board.user]
    elif board.host:
        lines.append("machine_name = %s" % board.host)
    if board.emulated:
        # Monitors on every chip poll all the time, and emulated cores may be slower than real ones.
        lines += ["enable_advanced_monitor_support = False", "enable_reinjection = False"]
        lines.append("post_simulation_overrun_before_error = 3600")
    lines += ["[Mode]", "mode = Debug", "[Reports]", "write_network_graph = False"]
    return "\n".join(lines) + "\n"


def reach(board: Board) -> None:
    """BOARD_UNREACHABLE unless the board (or the spalloc server) answers within the time-out. sPyNNaker itself would try for minutes."""
    if board.virtual:
        return
    if board.spalloc:
        host, port = _address(board.spalloc)
        try:
            socket.create_connection((host, port), board.timeout).close()
        except OSError as error:
            raise _unreachable("The spalloc server %s:%d" % (host, port), error) from error
        return
    # SCP "version" (command 0) to the monitor of chip (0, 0): 2 bytes of padding, the SDP header, command, sequence, three arguments.
    request = bytes([0, 0, 0x87, 0xFF, 0, 0xFF, 0, 0, 0, 0]) + bytes(4) + bytes(12)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.settimeout(board.timeout)
            connection.connect((board.host, SCP_PORT))
            connection.send(request)
            connection.recv(512)
    except OSError as error:
        raise _unreachable("The board %s" % board.host, error) from error


def _address(server: str):
    from urllib.parse import urlparse

    if "://" in server:
        url = urlparse(server)
        return url.hostname, url.port or (443 if url.scheme == "https" else 80)
    host, _, port = server.partition(":")
    return host, int(port or SPALLOC_PORT)


def _unreachable(what: str, error: OSError) -> BridgeError:
    return BridgeError(
        "BOARD_UNREACHABLE",
        "%s doesn't answer (%s)." % (what, error or "time-out"),
        "Is it switched on, and reachable from here? Its address and version are right? A longer time-out: --board-timeout.",
    )


def import_spynnaker(board: Board) -> Any:
    """sPyNNaker with `board` as its configuration; SIMULATOR_MISSING."""
    settle(board.home, configuration(board))
    try:
        import pyNN.spiNNaker as sim
    except ImportError as error:
        raise BridgeError(
            "SIMULATOR_MISSING",
            "sPyNNaker isn't installed for this Python (%s)." % error,
            "`npm run setup -- spinnaker` installs it.",
        ) from error
    _let_spike_sources_differ()
    _let_databases_be_lost()
    if board.emulated:
        _let_expanders_take_their_time()
    return sim


def _let_databases_be_lost() -> None:
    """sPyNNaker keeps reports and recordings in SQLite files that are opened, written and closed a hundred times in a run, each time until the
    disk has them: 20 ms each where a disk is slow, 2 s of a decision. They are read back by this process, and of no use to another one."""
    from spinn_front_end_common.utilities.sqlite_db import SQLiteDB

    opened: Any = getattr(SQLiteDB.__init__, "wrapped", SQLiteDB.__init__)

    def open_unsafely(self: Any, database_file: Optional[str] = None, **options: Any) -> None:
        opened(self, database_file, **options)
        connection = getattr(self, "_SQLiteDB__db", None)
        if connection is not None and not options.get("read_only"):
            connection.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;")

    open_unsafely.wrapped = opened
    SQLiteDB.__init__ = open_unsafely


def _let_expanders_take_their_time() -> None:
    """sPyNNaker gives cores that expand synapses the seconds that a real board takes. Emulated ones may take longer."""
    # The package has a function of the module's name.
    module = importlib.import_module("spynnaker.pyNN.extra_algorithms.synapse_expander")
    plan = getattr(module._plan_expansion, "wrapped", module._plan_expansion)

    def planned() -> tuple:
        cores, placements, timeout = plan()
        return cores, placements, 60 * timeout

    planned.wrapped = plan
    module._plan_expansion = planned


def _let_spike_sources_differ() -> None:
    """sPyNNaker 7.4.1 indexes a list of spike trains, one per neuron, with an array, which only arrays allow."""
    import numpy as np
    from spynnaker.pyNN.models.spike_source import spike_source_array_vertex as module

    convert = getattr(module._send_buffer_times, "wrapped", module._send_buffer_times)

    def converted(spike_times: Any, time_step: float) -> Any:
        trains = convert(spike_times, time_step)
        if not isinstance(trains, list) or not trains:
            return trains
        array = np.empty(len(trains), object)
        array[:] = trains
        return array

    converted.wrapped = convert
    module._send_buffer_times = converted
