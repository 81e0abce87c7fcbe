"""A network on SpiNNaker through sPyNNaker: built the same for a real board and for the virtual one, which stops at loading.

Each layer is a Population of IFCurDelta, or of IFCurrDeltaSoft where it is reset by subtraction (spinnaker_populations.py), excitatory and
inhibitory Projections apart, delay 1 ms. Constant input is the host's x W0 + b as i_offset; spikes come from sources on the machine, and
then the first weights are on it too. A convolution is the list of its synapses.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, List, Optional

import numpy as np

from ..errors import BridgeError
from .nest_network import Inputs, Result, Spikes
from .network import Network, input_currents, input_values, synapses
from .spinnaker_config import Board, import_spynnaker, reach
from .spinnaker_errors import translated
from .spinnaker_mapping import drawn
from .spinnaker_populations import LARGEST, Population, Settings, populations_of, schedule_of, start_of
from .spinnaker_time import assert_kept_up, read_provenance

AFTER_THE_END = 1e6  # ms; sPyNNaker refuses spike sources without any spike
POISSON_HZ = 1000.0  # one spike per step: the most that our Poisson encoding asks for
# After a run whose steps are no multiple of it, spikes between cores have no effect once sim.reset() was called: they carry four bits of the
# time at which they were sent, which the sender doesn't take back.
COLOURS = 16


WAITING = 256  # spikes that sPyNNaker lets wait for a core unless told otherwise; what comes then is lost


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
        self.time_scale = self.settings.time_scale
        self.source: Any = None
        self.layers = populations_of(network, self.settings)
        self.schedule = schedule_of(network, self.settings)

    def machine_steps(self, steps: int) -> int:
        """What the machine runs for so many steps of ours: up to the readout's last, then on to a multiple of COLOURS, so that it can be reset."""
        return -(-self.schedule.machine_steps(steps) // COLOURS) * COLOURS

    def run(self, inputs: Inputs, steps: int, record: bool = True, time_scale: int = 1) -> Result:
        """All states side by side on the machine, `steps` ms, each so many times as long as real time. After a failure the machine is let go,
        and the next run builds anew."""
        if self.board.virtual:
            raise BridgeError(
                "BOARD_VIRTUAL",
                "On a virtual board nothing is executed.",
                "Use a real board, or the simulator spinnaker-twin.",
            )
        try:
            self._slow_down(time_scale)
            return self._run(inputs, steps, record)
        except BridgeError:
            raise
        except Exception as error:
            failed = translated(error, self)
            self.abandon()
            raise failed from error

    def _slow_down(self, time_scale: int) -> None:
        """sPyNNaker is told the factor when it is set up."""
        if time_scale > self.time_scale:
            self.time_scale = time_scale
            self.close()

    def _run(self, inputs: Inputs, steps: int, record: bool) -> Result:
        began = time.perf_counter()
        self.prepare(inputs, record)
        built = time.perf_counter()
        self.sim.run(self.machine_steps(steps))
        ran = time.perf_counter()
        assert_kept_up(read_provenance(), self.time_scale, self.board.home)
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
        self.sim.setup(timestep=1.0, time_scale_factor=self.time_scale, min_delay=1.0)
        layers = self.network.layers
        last = len(layers) - 1
        self.populations = []
        for index, (layer, own) in enumerate(zip(layers, self.layers)):
            start = start_of(layer, own, self.schedule.late[index], self.schedule.lag)
            population = self.sim.Population(
                layer.size * copies,
                self._cell(own, copies),
                initial_values={"v": _tiled(start, copies)},
                additional_parameters=self._bounds(index),
                label="layer%d" % index,
            )
            biases = own.offset if layer.biases is None else layer.biases * own.scale + own.offset
            if biases.any():
                population.set(i_offset=_tiled(biases, copies))
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

    def _cell(self, own: Population, copies: int) -> Any:
        parameters = {
            name: _tiled(values, copies)
            for name, values in (
                ("cm", own.cm), ("tau_m", own.tau_m), ("v_reset", own.reset_to), ("v_rest", own.rest), ("v_thresh", own.threshold),
            )
        }  # fmt: skip
        if own.soft:
            from ..spinnaker import IFCurrDeltaSoft as cell
        else:
            cell = self.sim.extra_models.IFCurDelta
        return cell(tau_refrac=0.0, i_offset=0.0, **parameters)

    def _bounds(self, index: int) -> dict:
        """What can arrive at a neuron in one step, excitatory and inhibitory: sPyNNaker fits the weights into 16 bits by it; and how many spikes can
        wait to be taken.

        Its own bound, the largest weight times the largest number of synapses, is kept in the thesis's set-up, and where a Poisson
        source on the machine can spike several times in a step.
        """
        sources = self.network.layers[index].inputs * self.copies
        more = {"incoming_spike_buffer_size": waiting_spikes(sources)} if sources > WAITING else {}
        own = self.settings.tau_m is not None or (index == 0 and drawn(self.network, self.settings))
        return more if own else {**more, "max_expected_summed_weight": largest_sums(self._weights(index))}

    def _weights(self, index: int) -> np.ndarray:
        """In the machine's units."""
        weights = self.network.layers[index].weights
        return weights * self.layers[index].scale[: weights.shape[-1]]

    def _sources(self, size: int) -> Any:
        if drawn(self.network, self.settings):
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
        pre, post, weights = synapses(layer._replace(weights=self._weights(index)))
        delay = self.schedule.delay if index else 1
        order = np.lexsort((post, pre))
        pre, post, weights = pre[order], post[order], weights[order]
        for receptor, chosen in (("excitatory", weights > 0), ("inhibitory", weights < 0)):
            if not chosen.any():
                continue
            rows = [
                np.column_stack(
                    [pre[chosen] + copy * layer.inputs, post[chosen] + copy * layer.size, weights[chosen],
                     np.full(int(chosen.sum()), delay)]
                )
                for copy in range(self.copies)
            ]  # fmt: skip
            connector = self.sim.FromListConnector(np.concatenate(rows))
            self.sim.Projection(before, after, connector, self.sim.StaticSynapse(), receptor_type=receptor)

    def _feed(self, inputs: Inputs) -> None:
        if self.source is None:
            currents = np.zeros((self.copies, self.network.layers[0].size))
            currents[: inputs.states] = input_currents(self.network, inputs.observations) * self.layers[0].scale
            currents += self.layers[0].offset
            assert_representable(currents)
            self.populations[0].set(i_offset=currents.ravel().tolist())
            return
        size = self.network.layers[0].inputs
        if drawn(self.network, self.settings):
            rates = np.zeros((self.copies, size))
            rates[: inputs.states] = np.clip(input_values(self.network, inputs.observations), 0, 1) * POISSON_HZ
            self.source.set(rate=rates.ravel().tolist())
            return
        times: List[List[float]] = [[] for _ in range(size * self.copies)]
        for state, step, neuron in zip(*inputs.spikes):
            times[state * size + neuron].append(float(step))
        self.source.set(spike_times=[train + [AFTER_THE_END] for train in times])

    def read(self, states: int, steps: int) -> tuple:
        """What the last run recorded: spikes of each layer before the readout, and the readout's last potentials [states, outputs]. The machine
        has run for longer: what it did after the readout's last step is left out."""
        ran, last = self.machine_steps(steps), self.schedule.machine_steps(steps) - 1
        potentials = np.asarray(self.populations[-1].spinnaker_get_data("v", as_matrix=True), np.float64)
        if potentials.shape != (ran, self.copies * self.network.layers[-1].size) or not np.isfinite(potentials).all():
            raise BridgeError(
                "BOARD_FAILED",
                "The recording of the readout is incomplete: %s values of %d steps and %d neurons."
                % (int(np.isfinite(potentials).sum()), ran, self.copies * self.network.layers[-1].size),
                "Packets were lost; sPyNNaker's reports in %s say where." % self.board.home,
            )
        layers = self.network.layers[:-1]
        spikes = []
        if self.recording:
            spikes = [self._spikes(*own, steps) for own in zip(self.populations, layers, self.schedule.late)]
        return (
            [_of_states(own, states) for own in spikes] or [_none() for _ in layers],
            potentials[last].reshape(self.copies, -1)[:states] / self.layers[-1].scale,
        )

    def _spikes(self, population: Any, layer: Any, late: int, steps: int) -> Spikes:
        """sPyNNaker has rows of (neuron, time in ms) for the run since the last reset."""
        rows = np.asarray(population.spinnaker_get_data("spikes"), np.float64).reshape(-1, 2)
        cell, step = rows[:, 0].astype(np.int64), np.rint(rows[:, 1]).astype(np.int64) - late + self.schedule.lag
        ours = (step >= 0) & (step < steps)
        cell, step = cell[ours], step[ours]
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
                self.sim.run(self.machine_steps(steps))
        except Exception as error:
            failed = translated(error, self)
            self.abandon()
            raise failed from error
        return report(self, words, self.machine_steps(steps)), words

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


def assert_representable(currents: np.ndarray) -> None:
    """INPUT_TOO_LARGE for currents [states, neurons] of the first layer that s16.15 doesn't hold."""
    neurons = np.nonzero(np.abs(currents) >= LARGEST)[1]
    if len(neurons):
        raise BridgeError(
            "INPUT_TOO_LARGE",
            "An observation gives neuron %d of layer 0 a current of %.4g, and s16.15 ends at 65536."
            % (neurons[0], np.abs(currents).max()),
            "Scale the observations, or the network's first weights.",
        )


def _tiled(values: np.ndarray, copies: int) -> Any:
    """One value where all neurons have it, else one for each neuron of each copy."""
    return float(values[0]) if (values == values[0]).all() else np.tile(values, copies).tolist()


def waiting_spikes(sources: int) -> int:
    """All that can come in one step, in a power of two, as far as a core's memory goes: 8 KiB of its 64."""
    return min(2048, 1 << (sources - 1).bit_length())


def largest_sums(weights: np.ndarray) -> List[float]:
    """The largest sum of a neuron's positive weights, and of its negative ones; at the border of an image a convolution has no more."""
    weights = weights.reshape(-1, weights.shape[-1])
    return [float(np.maximum(sign * weights, 0.0).sum(axis=0).max()) for sign in (1.0, -1.0)]


def _of_states(spikes: Spikes, states: int) -> Spikes:
    """Copies beyond the states of this run have no input, but may have biases."""
    kept = spikes.state < states
    return Spikes(*(np.ascontiguousarray(column[kept]) for column in spikes))


def _none() -> Spikes:
    return Spikes(*(np.zeros(0, np.int32) for _ in range(3)))
