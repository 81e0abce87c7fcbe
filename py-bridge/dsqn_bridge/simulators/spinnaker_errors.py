"""What sPyNNaker raised, as errors of ours: no room, a configuration that it refuses, or a board that failed."""

from __future__ import annotations

from typing import Any

from ..errors import BridgeError


def translated(error: Exception, machine: Any) -> BridgeError:
    """BOARD_TOO_SMALL where there is no place for the network, BOARD_CONFIGURATION where the configuration is at fault, else BOARD_FAILED."""
    if isinstance(error, BridgeError):
        return error
    from pacman import exceptions as pacman
    from spinn_front_end_common.utilities.exceptions import CantFindSDRAMToUseException, ConfigurationException
    from spinn_machine.exceptions import SpinnMachineException
    from spinn_utilities.exceptions import ConfigException

    no_room = (
        pacman.PacmanPlaceException, pacman.PacmanPartitionException, pacman.PacmanTooBigToPlace, pacman.PacmanElementAllocationException,
        pacman.PacmanRouteInfoAllocationException, pacman.MinimisationFailedError, CantFindSDRAMToUseException,
    )  # fmt: skip
    refused = (pacman.PacmanConfigurationException, SpinnMachineException, ConfigurationException, ConfigException)
    # sPyNNaker asks for a second board where a network doesn't fit the chips of one.
    second_board = isinstance(error, SpinnMachineException) and "multiple boards" in str(error)
    if isinstance(error, no_room) or second_board:
        return _too_small(error, machine)
    if isinstance(error, refused):
        return BridgeError(
            "BOARD_CONFIGURATION",
            "sPyNNaker refuses its configuration: %s: %s" % (type(error).__name__, _first_line(error)),
            "%s holds it, and sPyNNaker's reports. Are the board's address and version right?" % machine.board.home,
        )
    return BridgeError(
        "BOARD_FAILED",
        "sPyNNaker gave up: %s: %s" % (type(error).__name__, error),
        "The log and %s hold sPyNNaker's reports. Is the board still up, and large enough (`dsqn map`)?"
        % machine.board.home,
    )


def _too_small(error: Exception, machine: Any) -> BridgeError:
    cores = {p.label: len(p._vertex.machine_vertices) for p in machine.populations}
    needed = ", ".join("%s %d" % pair for pair in cores.items())
    return BridgeError(
        "BOARD_TOO_SMALL",
        "The network takes more than a board of version %d has. Cores by population: %s, %d in all (%s)."
        % (machine.board.version, needed, sum(cores.values()), _first_line(error)),
        "A board of 48 chips (--board-version 5) has 816 cores for networks at most; a smaller network takes less.",
    )


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:200]
