"""The bridge's door to sPyNNaker. A worker serves one board configuration: sPyNNaker reads it once, when it is imported."""

from __future__ import annotations

import contextlib
import platform
import sys
from typing import Dict

import numpy as np

from .nest_methods import inputs_from, result_arrays
from .nest_network import Inputs, Spikes
from .network import network_from
from .spinnaker import KNOWN_VERSIONS, Machine, describe, import_spynnaker, time_constant
from .spinnaker_config import board_from, reach


def _quiet():
    """sPyNNaker prints progress bars; they belong into the log."""
    return contextlib.redirect_stdout(sys.stderr)


def info(_session, params: dict, _arrays) -> tuple:
    """Version of sPyNNaker, with the board's configuration in place; BOARD_MISSING, BOARD_UNREACHABLE."""
    board = board_from(params)
    reach(board)
    with _quiet():
        import_spynnaker(board)
        import spynnaker
    version = str(spynnaker.__version__)
    return {"version": version, "python": platform.python_version(), "known": version.startswith(KNOWN_VERSIONS)}, {}


def map(_session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    network = network_from(params["network"], arrays)
    return {"mapping": describe(network, params.get("tauM") or time_constant(network), params["simulator"])}, {}


def load(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """A handle for `run` and `place`."""
    network = network_from(params["network"], arrays)
    tau_m = params.get("tauM") or time_constant(network)
    mapping = describe(network, tau_m, params["simulator"])
    with _quiet():
        machine = Machine(board_from(params), network, tau_m)
    return {"handle": session.keep(machine, "spinnaker"), "mapping": mapping}, {}


def run(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """As `nest.run`, on a real board."""
    machine = session.get(params["handle"])
    with _quiet():
        result = machine.run(inputs_from(params, arrays), int(params.get("steps") or machine.network.steps))
    return {"seconds": result.seconds}, result_arrays(result, params.get("recordSpikes", True))


def place(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """`{handle, steps}` -> cores, chips, SDRAM, routing entries, placements, resolution per layer, and the folder of sPyNNaker's reports;
    arrays `weights1, weights2, ...` [inputs, outputs, 2]: the 16-bit words written, excitatory and inhibitory."""
    from .spinnaker_report import weights_on_machine

    machine = session.get(params["handle"])
    network = machine.network
    inputs = (
        Inputs(1, np.zeros((1, network.observation_size)))
        if network.encoding == "constant"
        else Inputs(1, None, Spikes(*np.zeros((3, 1), np.int32)))
    )
    with _quiet():
        placed, words = machine.place(inputs, int(params.get("steps") or network.steps))
    written = {
        "weights%d" % index: weights_on_machine(
            words, "layer%d" % (index - 1), "layer%d" % index, *network.layers[index].weights.shape
        ).astype(np.int32)
        for index in range(1, len(network.layers))
    }
    if network.encoding != "constant":
        written["weights0"] = weights_on_machine(words, "input", "layer0", *network.layers[0].weights.shape).astype(
            np.int32
        )
    return placed, written
