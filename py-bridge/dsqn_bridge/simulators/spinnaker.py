"""A network on SpiNNaker through sPyNNaker: built the same for a real board and for the virtual one, which stops at loading.

Each layer is a Population of IFCurDelta, excitatory and inhibitory Projections apart, delay 1 ms; the readout has no threshold that it
could reach. Constant input is the host's x W0 + b as i_offset; spikes come from sources on the machine, and then the first weights are on
it too. Membranes leak a little, and are reset to zero. A convolution is the list of its synapses.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, List, NamedTuple, Optional

import numpy as np

from ..errors import BridgeError
from .kinds import expression
from .nest_network import Inputs, Result, Spikes
from .network import Layer, Network, input_currents, input_values, synapses
from .spinnaker_cells import Membrane, membrane, time_constant
from .spinnaker_config import Board, import_spynnaker, reach
from .spinnaker_errors import translated

NO_THRESHOLD = 10000.0
AFTER_THE_END = 1e6  # ms; sPyNNaker refuses spike sources without any spike
POISSON_HZ = 1000.0  # one spike per step: the most that our Poisson encoding asks for


class Settings(NamedTuple):
    tau_m: Optional[float] = None  # ms, instead of the one chosen for the network
    poisson_on_chip: bool = False  # Poisson input is drawn on the machine, not played from trains of the host


def membranes(network: Network, settings: Settings) -> List[Membrane]:
    """A tau_m that was asked for comes with c_m 1, as the thesis had it."""
    if settings.tau_m is not None:
        return [Membrane(settings.tau_m, 1.0)] * len(network.layers)
    tau_m = time_constant(network)
    return [membrane(layer.neuron, tau_m) for layer in network.layers]


def assert_mappable(network: Network) -> None:
    """MAPPING_IMPOSSIBLE for what IFCurDelta populations can't express, naming the layer."""
    if network.output_spikes:
        raise BridgeError(
            "MAPPING_IMPOSSIBLE",
            "On SpiNNaker the readout is a potential, and the network decodes %s." % network.decoding,
            "Use the decoding potential.",
        )
    expression("spinnaker", network.layers)(network)


def describe(network: Network, settings: Settings, simulator: str) -> dict:
    """The mapping as it is printed and stored."""
    assert_mappable(network)
    cells = membranes(network, settings)
    layers = [
        {
            "layer": index,
            "model": "IFCurDelta",
            "parameters": {
                "cm": cell.cm, "tau_m": cell.tau_m, "tau_refrac": 0.0, "v_rest": 0.0, "v_reset": 0.0,
                "v_thresh": layer.neuron.threshold if index < len(network.layers) - 1 else NO_THRESHOLD,
            },
            "weights": {"unit": "nA; 16 bit, scaled by 2^(15 - ring-buffer shift)", "factor": 1},
            "delay": 1.0,
        }
        for index, (layer, cell) in enumerate(zip(network.layers, cells))
    ]  # fmt: skip
    return {
        "name": "spinnaker",
        "simulator": simulator,
        "step": 1.0,
        "resolution": 1.0,
        "input": _input_of(network, settings),
        "ties": "fires at V >= v_thresh",
        "layers": layers,
        "exact": False,
        "notes": [
            "Reset to zero whatever the network's reset: IFCurDelta knows no other.",
            "A membrane without leak leaks by 1/%g per step; potentials are s16.15, weights 16 bit."
            % (settings.tau_m or time_constant(network)),
            "A layer costs 1 ms here and 2 steps in our network.",
        ],
    }


def _input_of(network: Network, settings: Settings) -> str:
    if network.encoding == "constant":
        return "x W0 + b as i_offset"
    if _drawn(network, settings):
        return "a SpikeSourcePoisson on the machine, which draws its spikes itself"
    return "a SpikeSourceArray on the machine"


def _drawn(network: Network, settings: Settings) -> bool:
    return settings.poisson_on_chip and network.encoding == "poisson"


class Machine:
    """One network on one board, kept loaded between runs: each run only sets inputs anew. Not reusable after `close`.

    sPyNNaker holds one network at a time: where several machines take turns, the one that ran last is on the board, and the next builds anew.
    """

    on_board: ClassVar[Optional[Machine]] = None

    def __init__(self, board: Board, network: Network, settings: Optional[Settings] = None):
        self.board, self.network, self.settings = board, network, settings or Settings()
        reach(board)
        self.sim = import_spynnaker(board)
        self.populations: List[Any] = []
        self.copies = 0
        self.recording = False
        self.source: Any = None

    def run(self, inputs: Inputs, steps: int, record: bool = True) -> Result:
        """All states side by side on the machine, `steps` ms. After a failure the machine is let go, and the next run builds anew."""
        if self.board.virtual:
            raise BridgeError(
                "BOARD_VIRTUAL",
                "On a virtual board nothing is executed.",
                "Use a real board, or the simulator spinnaker-twin.",
            )
        try:
            return self._run(inputs, steps, record)
        except BridgeError:
            raise
        except Exception as error:
            failed = translated(error, self)
            self.abandon()
            raise failed from error

    def _run(self, inputs: Inputs, steps: int, record: bool) -> Result:
        began = time.perf_counter()
        self.prepare(inputs, record)
        built = time.perf_counter()
        self.sim.run(steps)
        ran = time.perf_counter()
        spikes, potentials = self.read(inputs.states, steps)
        return Result(
            spikes, potentials, None, {"build": built - began, "run": ran - built, "read": time.perf_counter() - ran}
        )

    def prepare(self, inputs: Inputs, record: bool = True) -> None:
        """Built where it isn't, or is too small, or doesn't record; then at rest, with its inputs."""
        if inputs.states > self.copies or (record and not self.recording):
            self._build(max(inputs.states, self.copies), record)
        else:
            self.sim.reset()
        self._feed(inputs)

    def _build(self, copies: int, record: bool) -> None:
        if Machine.on_board:
            Machine.on_board.close()
        Machine.on_board, self.copies, self.recording = self, copies, record
        self.sim.setup(timestep=1.0, time_scale_factor=1, min_delay=1.0)
        layers = self.network.layers
        last = len(layers) - 1
        self.populations = []
        for index, (layer, (tau_m, cm)) in enumerate(zip(layers, membranes(self.network, self.settings))):
            threshold = layer.neuron.threshold if index < last else NO_THRESHOLD
            cell = self.sim.extra_models.IFCurDelta(
                cm=cm, tau_m=tau_m, tau_refrac=0.0, v_reset=0.0, v_rest=0.0, v_thresh=threshold, i_offset=0.0
            )
            population = self.sim.Population(
                layer.size * copies,
                cell,
                initial_values={"v": np.tile(layer.initial, copies).tolist() if layer.initial.any() else 0.0},
                additional_parameters=self._bounds(index),
                label="layer%d" % index,
            )
            if layer.biases is not None:
                population.set(i_offset=np.tile(layer.biases, copies).tolist())
            if index == last:
                population.record("v")
            elif record:
                population.record("spikes")
            self.populations.append(population)
        for index in range(1, len(layers)):
            self._connect(self.populations[index - 1], self.populations[index], index)
        self.source = None
        if self.network.encoding != "constant":
            self.source = self._sources(layers[0].inputs * copies)
            self._connect(self.source, self.populations[0], 0)

    def _bounds(self, index: int) -> dict:
        """What can arrive at a neuron in one step, excitatory and inhibitory: sPyNNaker fits the weights into 16 bits by it.

        Its own bound, the largest weight times the largest number of synapses, is kept in the thesis's set-up, and where a Poisson
        source on the machine can spike several times in a step.
        """
        own = self.settings.tau_m is not None or (index == 0 and _drawn(self.network, self.settings))
        return {} if own else {"max_expected_summed_weight": largest_sums(self.network.layers[index])}

    def _sources(self, size: int) -> Any:
        if _drawn(self.network, self.settings):
            return self.sim.Population(
                size,
                self.sim.SpikeSourcePoisson(rate=0.0),
                additional_parameters={"max_rate": POISSON_HZ},
                label="input",
            )
        return self.sim.Population(size, self.sim.SpikeSourceArray([[AFTER_THE_END]] * size), label="input")

    def _connect(self, before: Any, after: Any, index: int) -> None:
        """The synapses of a layer, once for each copy; weights keep their sign, as sPyNNaker wants them for inhibitory current inputs.

        By source, then by target: `FromListConnector.__numpy_group` splits the list where a sorted one would have to be split, and takes rows of
        any other order for longer than they are: more SDRAM, and from 256 synapses on a SynapseRowTooBigException.
        """
        layer = self.network.layers[index]
        pre, post, weights = synapses(layer)
        order = np.lexsort((post, pre))
        pre, post, weights = pre[order], post[order], weights[order]
        for receptor, chosen in (("excitatory", weights > 0), ("inhibitory", weights < 0)):
            if not chosen.any():
                continue
            rows = [
                np.column_stack(
                    [pre[chosen] + copy * layer.inputs, post[chosen] + copy * layer.size, weights[chosen],
                     np.ones(int(chosen.sum()))]
                )
                for copy in range(self.copies)
            ]  # fmt: skip
            connector = self.sim.FromListConnector(np.concatenate(rows))
            self.sim.Projection(before, after, connector, self.sim.StaticSynapse(), receptor_type=receptor)

    def _feed(self, inputs: Inputs) -> None:
        if self.source is None:
            currents = np.zeros((self.copies, self.network.layers[0].size))
            currents[: inputs.states] = input_currents(self.network, inputs.observations)
            self.populations[0].set(i_offset=currents.ravel().tolist())
            return
        size = self.network.layers[0].inputs
        if _drawn(self.network, self.settings):
            rates = np.zeros((self.copies, size))
            rates[: inputs.states] = np.clip(input_values(self.network, inputs.observations), 0, 1) * POISSON_HZ
            self.source.set(rate=rates.ravel().tolist())
            return
        times: List[List[float]] = [[] for _ in range(size * self.copies)]
        for state, step, neuron in zip(*inputs.spikes):
            times[state * size + neuron].append(float(step))
        self.source.set(spike_times=[train + [AFTER_THE_END] for train in times])

    def read(self, states: int, steps: int) -> tuple:
        """What the last run recorded: spikes of each layer before the readout, and the readout's last potentials [states, outputs]."""
        potentials = np.asarray(self.populations[-1].spinnaker_get_data("v", as_matrix=True), np.float64)
        if potentials.shape != (steps, self.copies * self.network.layers[-1].size) or not np.isfinite(potentials).all():
            raise BridgeError(
                "BOARD_FAILED",
                "The recording of the readout is incomplete: %s values of %d steps and %d neurons."
                % (int(np.isfinite(potentials).sum()), steps, self.copies * self.network.layers[-1].size),
                "Packets were lost; sPyNNaker's reports in %s say where." % self.board.home,
            )
        layers = self.network.layers[:-1]
        spikes = [self._spikes(*pair) for pair in zip(self.populations, layers)] if self.recording else []
        return (
            [_of_states(own, states) for own in spikes] or [_none() for _ in layers],
            potentials[-1].reshape(self.copies, -1)[:states],
        )

    def _spikes(self, population: Any, layer: Any) -> Spikes:
        """sPyNNaker has rows of (neuron, time in ms) for the run since the last reset."""
        rows = np.asarray(population.spinnaker_get_data("spikes"), np.float64).reshape(-1, 2)
        cell, step = rows[:, 0].astype(np.int64), np.rint(rows[:, 1]).astype(np.int64)
        state, neuron = cell // layer.size, cell % layer.size
        order = np.lexsort((neuron, step, state))
        return Spikes(*(np.ascontiguousarray(column[order], np.int32) for column in (state, step, neuron)))

    def place(self, inputs: Inputs, steps: int) -> tuple:
        """Everything up to loading, on the virtual board: what the network takes, and what of the weights arrives."""
        from .spinnaker_report import WordsWritten, report

        try:
            self._build(inputs.states, True)
            self._feed(inputs)
            with WordsWritten() as words:
                self.sim.run(steps)
        except Exception as error:
            failed = translated(error, self)
            self.abandon()
            raise failed from error
        return report(self, words, steps), words

    def abandon(self) -> None:
        """Lets the board go, whatever state it is in."""
        import contextlib

        with contextlib.suppress(Exception):
            self.close()
        self._left()

    def close(self) -> None:
        if self.copies:
            self.sim.end()
        self._left()

    def _left(self) -> None:
        self.copies = 0
        if Machine.on_board is self:
            Machine.on_board = None


def largest_sums(layer: Layer) -> List[float]:
    """The largest sum of a neuron's positive weights, and of its negative ones; at the border of an image a convolution has no more."""
    weights = layer.weights.reshape(-1, layer.weights.shape[-1])
    return [float(np.maximum(sign * weights, 0.0).sum(axis=0).max()) for sign in (1.0, -1.0)]


def _of_states(spikes: Spikes, states: int) -> Spikes:
    """Copies beyond the states of this run have no input, but may have biases."""
    kept = spikes.state < states
    return Spikes(*(np.ascontiguousarray(column[kept]) for column in spikes))


def _none() -> Spikes:
    return Spikes(*(np.zeros(0, np.int32) for _ in range(3)))
