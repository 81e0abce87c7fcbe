"""The bridge's door to NEST, whichever version this Python has."""

from __future__ import annotations

import platform
from typing import Any, Dict

import numpy as np

from ..errors import BridgeError
from . import nest2, nest3, nest_network, nest_original, pynn
from .message import network_from
from .nest_mapping import describe
from .network import Network

# Whether the cells are PyNN's standard ones.
PYNN = {"pynn-nest": False, "pynn-nest-standard": True}


def _kernel(session: Any, simulator: str) -> Any:
    if simulator == "nest2":
        return nest2.Kernel()
    if simulator in PYNN:
        return pynn.Kernel(PYNN[simulator])
    # A third of a small network's decision is ResetKernel: the client has its answer before.
    return nest3.Kernel(afterwards=session.afterwards)


def _map(network: Network, simulator: str) -> Any:
    if simulator in nest_original.SETUPS:
        return nest_original.map_network(network, simulator)
    if simulator in PYNN:
        return pynn.map_network(network, PYNN[simulator])
    if simulator == "nest2":
        return nest2.map_network(network)
    return nest3.map_network(network, "pp_psc_delta" if simulator == "nest-pp" else "eprop_iaf")


def _describe(network: Network, mapping: Any, simulator: str) -> dict:
    return (
        mapping.description
        if isinstance(mapping, nest_original.OriginalMapping)
        else describe(network, mapping, simulator)
    )


def info(session, params: dict, _arrays) -> tuple:
    """`{simulator}` -> its version; SIMULATOR_MISSING where it can't be imported."""
    kernel = _kernel(session, params["simulator"])
    return {
        "version": kernel.version,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "known": kernel.known,
    }, {}


def map(_session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """`{simulator, network}` and its arrays -> the mapping; nothing is built."""
    network = network_from(params["network"], arrays)
    return {"mapping": _describe(network, _map(network, params["simulator"]), params["simulator"])}, {}


def load(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """`{simulator, network}` and its arrays -> a handle for `run`, and the mapping."""
    simulator = params["simulator"]
    network = network_from(params["network"], arrays)
    mapping = _map(network, simulator)
    handle = session.keep((simulator, network, mapping, _kernel(session, simulator)), "nest")
    return {"handle": handle, "mapping": _describe(network, mapping, simulator)}, {}


def run(session, params: dict, arrays: Dict[str, np.ndarray]) -> tuple:
    """`{handle, steps, states, generators?, recordSpikes?, seed?}` with `inputs` [states, observation size], or [steps, states, observation
    size] where they change, or the input neurons' spikes
    as `state`, `step`, `neuron`. Returns seconds; `potentials` [states, outputs], `maxima` likewise for max-potential and mean-potential, and per layer
    that spikes `state0, step0, neuron0, ...` (int32; sorted by state, step, neuron)."""
    simulator, network, mapping, kernel = session.get(params["handle"])
    inputs = inputs_from(params, arrays)
    steps = int(params.get("steps") or network.steps)
    record = bool(params.get("recordSpikes", True))

    def on_window(done: int) -> None:
        session.check_cancelled()
        if inputs.states > 1:
            session.progress(done, inputs.states)

    if isinstance(mapping, nest_original.OriginalMapping):
        result = nest_original.run(
            kernel, network, mapping, inputs, steps, int(params.get("seed") or 1), on_window, record
        )
    else:
        result = nest_network.run(
            kernel, network, mapping, inputs, steps, bool(params.get("generators")), on_window, record
        )
    return {"seconds": result.seconds}, result_arrays(result, record)


def inputs_from(params: dict, arrays: Dict[str, np.ndarray]) -> nest_network.Inputs:
    """The inputs of a run: observations, or spikes of the input neurons."""
    if "inputs" in arrays:
        observations = np.asarray(arrays["inputs"], np.float64)
        if not np.isfinite(observations).all():
            raise BridgeError(
                "INPUT_INVALID", "The observations are not all finite numbers.", "Look for NaN where they come from."
            )
        return nest_network.Inputs(observations.shape[-2], observations)
    spikes = nest_network.Spikes(*(np.asarray(arrays[key]) for key in ("state", "step", "neuron")))
    return nest_network.Inputs(int(params["states"]), None, spikes)


def result_arrays(result: nest_network.Result, spikes: bool) -> Dict[str, np.ndarray]:
    arrays = {"potentials": np.ascontiguousarray(result.potentials)}
    if result.max_potentials is not None:
        arrays["maxima"] = np.ascontiguousarray(result.max_potentials)
    if spikes:
        for index, layer in enumerate(result.spikes):
            arrays.update(
                {"state%d" % index: layer.state, "step%d" % index: layer.step, "neuron%d" % index: layer.neuron}
            )
    return arrays
