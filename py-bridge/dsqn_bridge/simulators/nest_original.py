"""The thesis's own set-ups on NEST, by name, so that its tables can be reproduced. None equals our dynamics, and that is their point.

1 ms per step of ours, delay 1 ms, a dc_generator per input (its current, from when it arrives), biases as I_e; resolution 0.1 ms (NEST's default, which the original never changed):

nest-original-iaf   iaf_psc_delta, reset to zero, tested for a spike 10 times per step
nest-original-pp    pp_psc_delta with an adaptive threshold of 1 per spike and a stochastic hazard 1 - exp(-r h), r = c_1 V' + c_2 exp(c_3 V')
pynn-original       what PyNN 0.9 made of iaf_psc_delta: 1 ms resolution, x W0 as I_e, weights between layers times 1000 (nA to pA), and
                    connected twice, since a Projection connects and the original called its connector once more
"""

from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple

import numpy as np

from ..errors import BridgeError
from .kinds import expression
from .nest_inputs import connect_copies
from .network import Layer, Network, input_values
from .simulation import Inputs, Result, Spikes

TAU = 1e10
DELAY = 1.0
SETUPS = ("nest-original-iaf", "nest-original-pp", "pynn-original")
IAF = {"C_m": 1.0, "tau_m": TAU, "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0, "V_th": 1.0, "t_ref": 0.0}
PP = {
    "C_m": 1.0, "tau_m": TAU, "V_m": 0.0, "q_sfa": [1.0], "tau_sfa": [TAU], "dead_time": 1e-8, "dead_time_random": False,
    "dead_time_shape": 1, "c_1": 1e10, "c_2": 10.0, "c_3": 5.0, "with_reset": False,
}  # fmt: skip


class OriginalMapping(NamedTuple):
    model: str
    parameters: dict
    description: dict
    resolution: float
    factor: float  # of weights between layers


def map_network(network: Network, simulator: str) -> OriginalMapping:
    if network.encoding != "constant" or network.decoding != "potential":
        raise BridgeError(
            "MAPPING_IMPOSSIBLE",
            "The original's NEST set-up knows constant input and final potentials only, not %s and %s."
            % (network.encoding, network.decoding),
            "The simulator nest runs every encoding and decoding.",
        )
    expression("nest_original", network.layers)
    model, parameters = ("pp_psc_delta", PP) if simulator.endswith("pp") else ("iaf_psc_delta", IAF)
    pynn = simulator == "pynn-original"
    resolution, factor = (1.0, 2000.0) if pynn else (0.1, 1.0)
    last = len(network.layers) - 1
    layers = [
        {
            "layer": index,
            "model": model if index < last else "iaf_psc_delta",
            "parameters": parameters if index < last else {**IAF, "V_th": 1e300},
            "weights": {
                "unit": "mV per spike" if index else "mV/ms per unit of the dc_generator",
                "factor": factor if index else 1,
            },
            "delay": DELAY,
        }
        for index in range(last + 1)
    ]
    description = {
        "name": simulator,
        "simulator": simulator,
        "step": 1.0,
        "resolution": resolution,
        "input": "x W0 as a dc_generator per input would bring it (as I_e, from 1 ms and one step of NEST on), biases as I_e",
        "ties": "fires at V >= V_th" if model == "iaf_psc_delta" else "stochastic",
        "layers": layers,
        "exact": False,
        "notes": _notes(model, pynn),
    }
    return OriginalMapping(model, parameters, description, resolution, factor)


def _notes(model: str, pynn: bool) -> list:
    notes = ["A layer costs 1 ms here and 2 steps in our network."]
    if pynn:
        notes.append("PyNN took the weights for nA and made pA of them: times 1000. Every connection exists twice.")
    else:
        notes.append("10 threshold tests per step of ours: spikes fall between our steps, and up to 10 per step.")
    if model == "pp_psc_delta":
        notes.append("pp_psc_delta fires by chance: results depend on NEST's random seed.")
    else:
        notes.append("Reset to zero whatever the network's reset.")
    return notes


def run(
    kernel: Any,
    network: Network,
    mapping: OriginalMapping,
    inputs: Inputs,
    steps: int,
    seed: int,
    on_window: Callable[[int], None],
    record: bool = True,
) -> Result:
    """States side by side in one kernel, `steps` ms each. Spikes are binned to whole ms; without `record` none are kept."""
    began = time.perf_counter()
    states, layers = inputs.states, network.layers
    kernel.open(mapping.resolution, seed)
    try:
        populations = []
        for index, layer in enumerate(layers):
            output = index == len(layers) - 1
            parameters = {**IAF, "V_th": 1e300} if output else mapping.parameters
            biases = np.zeros(layer.size) if layer.biases is None else layer.biases
            model = "iaf_psc_delta" if output else mapping.model
            populations.append(
                kernel.create(model, layer.size * states, {**parameters, "I_e": np.tile(biases, states)})
            )
        for index, layer in enumerate(layers[1:], 1):
            before, after = populations[index - 1].first, populations[index].first
            connect_copies(kernel, before, after, layer, mapping.factor, states, DELAY)
        recorder = kernel.record_spikes(populations[:-1]) if record else None
        # The original read the last sample of a multimeter with an interval of 1 ms: the potential at steps - 1 ms.
        silent = min(DELAY + mapping.resolution, steps - 1)
        kernel.simulate(silent)
        _switch_on(kernel, populations[0], layers[0], input_values(network, inputs.observations))
        kernel.simulate(steps - 1 - silent)
        potentials = kernel.get(populations[-1], "V_m").reshape(states, -1)
        events = kernel.events(recorder) if record else None
        on_window(states)
    finally:
        kernel.close()
    spikes = []
    for population, layer in zip(populations[:-1], layers) if events is not None else ():
        senders, times = events
        own = (senders >= population.first) & (senders < population.first + population.size)
        state, neuron = np.divmod(np.asarray(senders)[own].astype(np.int64) - population.first, layer.size)
        step = np.ceil(np.asarray(times)[own] - 1e-6).astype(np.int64)
        order = np.lexsort((neuron, step, state))
        spikes.append(Spikes(*(a[order].astype(np.int32) for a in (state, step, neuron))))
    seconds = {"build": 0.0, "run": time.perf_counter() - began, "read": 0.0}
    return Result(spikes, potentials, None, seconds)


def _switch_on(kernel: Any, population: Any, layer: Layer, values: np.ndarray) -> None:
    """What a dc_generator per input would be: its current x arrives DELAY and one step of NEST after the start, and W0 is its synapses' weights.
    The same bits for half the time, since NEST would deliver each current to each neuron in each step."""
    currents = np.zeros((len(values), layer.size))
    for source, weights in enumerate(layer.weights):
        currents += values[:, source : source + 1] * weights  # in the order in which the generators' events arrive
    if layer.biases is not None:
        currents += layer.biases
    kernel.set(population, {"I_e": currents.ravel()})
