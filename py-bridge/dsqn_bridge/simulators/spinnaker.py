"""A network on SpiNNaker through sPyNNaker: built the same for a real board and for the virtual one, which stops at loading.

Each layer is a Population of IFCurDelta, excitatory and inhibitory Projections apart, delay 1 ms; the readout has no threshold that it
could reach. Constant input is the host's x W0 + b as i_offset; spikes come from a SpikeSourceArray on the machine, and then the first
weights are on it too. Membranes leak (s16.15 has no decay closer to 1 that keeps the gain exact) and are reset to zero.
"""

from __future__ import annotations

import math
from typing import Any, List, Optional

import numpy as np

from ..errors import BridgeError
from .nest_network import Inputs, Result, Spikes
from .network import Network, input_currents
from .spinnaker_config import Board, reach, write_config

KNOWN_VERSIONS = ("1!7.4",)
LARGEST_ACCUM = 60000.0  # s16.15 ends at 65536
LARGEST_OBSERVATION = 5.0  # what an observation is taken to reach when tau_m is chosen
NO_THRESHOLD = 10000.0
AFTER_THE_END = 1e6  # ms; sPyNNaker refuses spike sources without any spike


def import_spynnaker(board: Board) -> Any:
    write_config(board)
    try:
        import pyNN.spiNNaker as sim
    except ImportError as error:
        raise BridgeError(
            "SIMULATOR_MISSING",
            "sPyNNaker isn't installed for this Python (%s)." % error,
            "`npm run setup -- spinnaker` installs it.",
        ) from error
    _let_spike_sources_differ()
    return sim


def _let_spike_sources_differ() -> None:
    """sPyNNaker 7.4.1 indexes a list of spike trains, one per neuron, with an array, which only arrays allow."""
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


def time_constant(network: Network) -> float:
    """tau_m in ms: a power of two, so that decay 1 - 1/tau and resistance tau are both exact in s16.15 and a unit of input is a unit of
    potential; as long as the largest input of a neuron times tau stays inside s16.15, and at most 1024."""
    largest = 1.0
    for index, layer in enumerate(network.layers):
        reach_of_input = LARGEST_OBSERVATION if index == 0 else 1.0
        total = np.abs(layer.weights).sum(axis=0) * reach_of_input
        largest = max(largest, float((total + (0 if layer.biases is None else np.abs(layer.biases))).max()))
    return float(min(1024, 2 ** int(math.floor(math.log2(LARGEST_ACCUM / largest)))))


def describe(network: Network, tau_m: float, simulator: str) -> dict:
    """The mapping as it is printed and stored."""
    if network.output_spikes:
        raise BridgeError(
            "MAPPING_IMPOSSIBLE",
            "On SpiNNaker the readout is a potential, and the network decodes %s." % network.decoding,
            "Use the decoding potential.",
        )
    layers = [
        {
            "layer": index,
            "model": "IFCurDelta",
            "parameters": {
                "cm": 1.0, "tau_m": tau_m, "tau_refrac": 0.0, "v_rest": 0.0, "v_reset": 0.0,
                "v_thresh": layer.threshold if index < len(network.layers) - 1 else NO_THRESHOLD,
            },
            "weights": {"unit": "nA; 16 bit, scaled by 2^(15 - ring-buffer shift)", "factor": 1},
            "delay": 1.0,
        }
        for index, layer in enumerate(network.layers)
    ]  # fmt: skip
    return {
        "name": "spinnaker",
        "simulator": simulator,
        "step": 1.0,
        "resolution": 1.0,
        "input": "x W0 + b as i_offset" if network.encoding == "constant" else "a SpikeSourceArray on the machine",
        "ties": "fires at V >= v_thresh",
        "layers": layers,
        "exact": False,
        "notes": [
            "Reset to zero whatever the network's reset: IFCurDelta knows no other.",
            "The membrane leaks by 1/%d per step; potentials are s16.15, weights 16 bit." % tau_m,
            "A layer costs 1 ms here and 2 steps in our network.",
        ],
    }


class Machine:
    """One network on one board, kept loaded between runs: each run only sets inputs anew. Not reusable after `close`."""

    def __init__(self, board: Board, network: Network, tau_m: Optional[float] = None):
        self.board, self.network = board, network
        self.tau_m = tau_m or time_constant(network)
        reach(board)
        self.sim = import_spynnaker(board)
        self.populations: List[Any] = []
        self.projections: List[Any] = []
        self.copies = 0
        self.source: Any = None

    def run(self, inputs: Inputs, steps: int) -> Result:
        """All states side by side on the machine, `steps` ms."""
        import time

        began = time.perf_counter()
        if self.board.virtual:
            raise BridgeError(
                "BOARD_VIRTUAL",
                "On a virtual board nothing is executed.",
                "Use a real board, or the simulator spinnaker-twin.",
            )
        if inputs.states > self.copies:
            self._build(inputs.states)
        else:
            self.sim.reset()
        self._feed(inputs)
        built = time.perf_counter()
        self.sim.run(steps)
        ran = time.perf_counter()
        potentials = np.asarray(self.populations[-1].get_data("v").segments[-1].analogsignals[0].magnitude, np.float64)[
            -1
        ]
        spikes = [
            self._spikes(population, layer.size)
            for population, layer in zip(self.populations[:-1], self.network.layers)
        ]
        seconds = {"build": built - began, "run": ran - built, "read": time.perf_counter() - ran}
        return Result(spikes, potentials.reshape(self.copies, -1)[: inputs.states], None, seconds)

    def _build(self, copies: int) -> None:
        if self.copies:
            self.sim.end()
        self.copies = copies
        self.sim.setup(timestep=1.0, time_scale_factor=1, min_delay=1.0)
        layers = self.network.layers
        self.populations = []
        for index, layer in enumerate(layers):
            threshold = layer.threshold if index < len(layers) - 1 else NO_THRESHOLD
            cell = self.sim.extra_models.IFCurDelta(
                cm=1.0, tau_m=self.tau_m, tau_refrac=0.0, v_reset=0.0, v_rest=0.0, v_thresh=threshold, i_offset=0.0
            )
            population = self.sim.Population(
                layer.size * copies, cell, initial_values={"v": 0.0}, label="layer%d" % index
            )
            if layer.biases is not None:
                population.set(i_offset=np.tile(layer.biases, copies).tolist())
            population.record("spikes" if index < len(layers) - 1 else "v")
            self.populations.append(population)
        for index in range(1, len(layers)):
            self._connect(self.populations[index - 1], self.populations[index], layers[index].weights)
        self.source = None
        if self.network.encoding != "constant":
            inputs = layers[0].weights.shape[0]
            self.source = self.sim.Population(
                inputs * copies, self.sim.SpikeSourceArray([[AFTER_THE_END]] * (inputs * copies)), label="input"
            )
            self._connect(self.source, self.populations[0], layers[0].weights)

    def _connect(self, before: Any, after: Any, weights: np.ndarray) -> None:
        """Block by block for each copy; weights keep their sign, as sPyNNaker wants them for inhibitory current inputs."""
        inputs, outputs = weights.shape
        pre, post = np.indices(weights.shape).reshape(2, -1)
        shift = np.repeat(np.arange(self.copies), pre.size)
        rows = np.column_stack(
            [
                np.tile(pre, self.copies) + shift * inputs,
                np.tile(post, self.copies) + shift * outputs,
                np.tile(weights.ravel(), self.copies),
            ]
        )
        for receptor, chosen in (("excitatory", rows[:, 2] > 0), ("inhibitory", rows[:, 2] < 0)):
            if chosen.any():
                connector = self.sim.FromListConnector(np.column_stack([rows[chosen], np.ones(int(chosen.sum()))]))
                self.projections.append(
                    self.sim.Projection(before, after, connector, self.sim.StaticSynapse(), receptor_type=receptor)
                )

    def _feed(self, inputs: Inputs) -> None:
        if self.source is None:
            currents = np.zeros((self.copies, self.network.layers[0].size))
            currents[: inputs.states] = input_currents(self.network, inputs.observations)
            self.populations[0].set(i_offset=currents.ravel().tolist())
            return
        size = self.network.layers[0].weights.shape[0]
        times: List[List[float]] = [[] for _ in range(size * self.copies)]
        for state, step, neuron in zip(*inputs.spikes):
            times[state * size + neuron].append(float(step))
        self.source.set(spike_times=[train + [AFTER_THE_END] for train in times])

    def _spikes(self, population: Any, size: int) -> Spikes:
        trains = population.get_data("spikes").segments[-1].spiketrains
        rows = [
            (cell // size, int(round(float(t))), cell % size)
            for cell, train in enumerate(trains)
            for t in train.magnitude
        ]
        rows.sort()
        columns = np.asarray(rows, np.int32).reshape(-1, 3)
        return Spikes(*(np.ascontiguousarray(columns[:, k]) for k in range(3)))

    def place(self, inputs: Inputs, steps: int) -> tuple:
        """Everything up to loading, on the virtual board: what the network takes, and what of the weights arrives."""
        from .spinnaker_report import WordsWritten, report

        self._build(inputs.states)
        self._feed(inputs)
        with WordsWritten() as words:
            self.sim.run(steps)
        return report(self, words, steps), words

    def close(self) -> None:
        if self.copies:
            self.sim.end()
        self.copies = 0
