"""The bridge's door to sPyNNaker. A worker serves one board configuration: sPyNNaker reads it once, when it is imported."""

from __future__ import annotations

import contextlib
import platform
import sys
from typing import Dict

import numpy as np

from .message import network_from
from .nest_methods import inputs_from, result_arrays
from .nest_network import Inputs, Spikes
from .spinnaker import Machine
from .spinnaker_config import KNOWN_VERSIONS, board_from, import_spynnaker, reach
from .spinnaker_mapping import describe
from .spinnaker_populations import Settings


def _quiet():
    """sPyNNaker prints progress bars; they belong into the log."""
    return contextlib.redirect_stdout(sys.stderr)


def _settings(params: dict) -> Settings:
    chip, hard = params.get("input") == "chip", bool(params.get("hardReset"))
    return Settings(params.get("tauM"), chip, hard, int(params.get("timeScaleFactor") or 1))


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
    return {"mapping": describe(network, _settings(params), params["simulator"])}, {}


def load(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """A handle for `run` and `place`."""
    network = network_from(params["network"], arrays)
    settings = _settings(params)
    mapping = describe(network, settings, params["simulator"])
    with _quiet():
        machine = Machine(board_from(params), network, settings)
    return {"handle": session.keep(machine, "spinnaker"), "mapping": mapping}, {}


def run(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """As `nest.run`, on a real board. BOARD_FAILED where sPyNNaker gives up."""
    machine = session.get(params["handle"])
    record = bool(params.get("recordSpikes", True))
    with _quiet():
        steps, time_scale = int(params.get("steps") or machine.network.steps), int(params.get("timeScaleFactor") or 1)
        result = machine.run(inputs_from(params, arrays), steps, record, time_scale)
    return {"seconds": result.seconds, "timeScaleFactor": machine.time_scale}, result_arrays(result, record)


def place(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """`{handle, steps}` -> cores, chips, SDRAM, routing entries, placements, resolution per layer, and the folder of sPyNNaker's reports;
    for each layer whose weights are on the machine arrays `source1, target1, word1, ...`, sorted: neurons, and the 16-bit words written for
    each synapse, negated where inhibitory. BOARD_TOO_SMALL."""
    machine = session.get(params["handle"])
    network = machine.network
    with _quiet():
        placed, words = machine.place(_any_inputs(machine), int(params.get("steps") or network.steps))
    written = {}
    for index in range(len(network.layers)):
        before = "layer%d" % (index - 1) if index else "input"
        if index or network.encoding != "constant":
            columns = words.between(before, "layer%d" % index)
            written.update({name + str(index): column for name, column in zip(("source", "target", "word"), columns)})
    return placed, written


def _any_inputs(machine: Machine) -> Inputs:
    """One state; what it is doesn't matter to where things are put."""
    network = machine.network
    if network.encoding == "constant" or machine.settings.poisson_on_chip and network.encoding == "poisson":
        return Inputs(1, np.zeros((1, network.observation_size)))
    return Inputs(1, None, Spikes(*np.zeros((3, 1), np.int32)))
