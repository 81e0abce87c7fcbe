"""Builds a network in NEST and runs many states in one kernel. Knows NEST only through a `Kernel` (nest3.py, nest2.py).

States lie side by side (copies of the network) and, where V_m is all that neurons remember, one after the other (windows). Between two
windows a generator pushes every membrane down to V_min = -1e30, where nothing that is still on its way leaves a trace, and then up by
exactly 1e30, to 0: NEST is never stopped, nothing is set, and nothing leaks from one state into the next.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from .nest_mapping import NO_THRESHOLD, NestMapping, compatible_delay
from .network import Network, input_currents, input_values

# Models whose whole state is V_m, once no spike is on its way.
RESETTABLE = ("iaf_psc_delta", "eprop_iaf")
FAR_BELOW = -1e30
# Copies side by side up to about so many neurons (0.6 KB each, and 32 B a synapse): beyond that memory costs more than windows do.
NEURONS_IN_CACHE = 300
CONNECTIONS_PER_KERNEL = 4_000_000
WINDOWS_PER_KERNEL = 128


class Spikes(NamedTuple):
    """Sorted by state, step, neuron; int32."""

    state: np.ndarray
    step: np.ndarray
    neuron: np.ndarray


class Result(NamedTuple):
    spikes: List[Spikes]  # per layer that spikes
    potentials: np.ndarray  # float64 [states, outputs], after the last step
    max_potentials: Optional[np.ndarray]  # likewise, over all steps
    seconds: Dict[str, float]


class Inputs(NamedTuple):
    """Observations [states, observation size] or, when the encoding makes spikes, the spikes of the input neurons."""

    states: int
    observations: Optional[np.ndarray] = None
    spikes: Optional[Spikes] = None


def run(
    kernel: Any,
    network: Network,
    mapping: NestMapping,
    inputs: Inputs,
    steps: int,
    generators: bool = False,
    on_window: Callable[[int], None] = lambda done: None,
    record: bool = True,
) -> Result:
    """All states; `generators`: observations enter as one weighted spike_generator per input, so that NEST multiplies with W0 itself.
    Without `record` no spikes are kept (and `Result.spikes` is empty) unless the network is read by them."""
    neurons = sum(layer.size for layer in network.layers)
    connections = sum(layer.weights.size for layer in network.layers[1:]) + network.layers[0].size
    resettable = (
        all(n.model in RESETTABLE for n in mapping.layers) and compatible_delay(mapping, network, steps) is not None
    )
    room = max(1, min(NEURONS_IN_CACHE // neurons, CONNECTIONS_PER_KERNEL // max(1, connections)))
    copies = min(
        inputs.states, room if resettable else max(room, min(20000 // neurons, CONNECTIONS_PER_KERNEL // connections))
    )
    windows = min(WINDOWS_PER_KERNEL, -(-inputs.states // copies)) if resettable else 1
    parts = []
    per_kernel = copies * windows
    for first in range(0, inputs.states, per_kernel):
        count = min(per_kernel, inputs.states - first)
        part = _Run(kernel, network, mapping, _slice(inputs, first, count), steps, copies, generators, record)
        parts.append(part.run(lambda done, first=first: on_window(first + done)))
    return _join(parts, copies * windows)


class _Run:
    """One kernel's worth of states: built, simulated window by window, read."""

    def __init__(self, kernel, network, mapping, inputs, steps, copies, generators, record):
        self.kernel, self.network, self.mapping = kernel, network, mapping
        self.inputs, self.steps, self.generators = inputs, steps, generators
        # The layers whose spikes are kept.
        self.recorded = len(network.layers) if network.output_spikes else (len(network.layers) - 1 if record else 0)
        self.copies = min(copies, inputs.states)
        self.windows = -(-inputs.states // self.copies)
        batch = compatible_delay(mapping, network, steps)
        self.unit = (
            batch or 1
        )  # delay of devices; layers have `2 unit`, so that a bias always arrives after the spikes of its step
        self.clock = []  # our step t of layer l carries the time stamp t + clock[l]
        for index, neurons in enumerate(mapping.layers):
            own = 1 if neurons.model == "iaf_psc_exp" else 2
            before = self.clock[-1] if index else 0
            self.clock.append(before + own * self.unit - own if index else max(mapping.shift, self.unit + 1 - own))
        self.length = steps + self.clock[-1]
        # Two steps to push down (one may fall into a refractory step), what is on its way, one up, one to where v starts.
        self.period = self.length + 2 * self.unit + 5

    def run(self, on_window) -> Result:
        began = time.perf_counter()
        kernel = self.kernel
        kernel.open(self.mapping.resolution)
        try:
            self._build()
            built = time.perf_counter()
            if self.windows == 1:
                self._simulate()
                events = kernel.events(self.recorder) if self.recorder is not None else None
                potentials = kernel.get(self.readout, "V_m").reshape(self.copies, -1)
                if self.meter is not None:
                    kernel.simulate(self.unit + 1)  # a multimeter delivers a slice late
                on_window(self.inputs.states)
            else:
                for window in range(self.windows):
                    kernel.simulate(self.period)
                    on_window(min(self.inputs.states, (window + 1) * self.copies))
                events = kernel.events(self.recorder) if self.recorder is not None else None
                potentials = self._sampled(self.sampler)
            maxima = self._maxima() if self.meter is not None else None
            simulated = time.perf_counter()
        finally:
            kernel.close()
        spikes = self._decode(events)
        states = self.inputs.states
        seconds = {"build": built - began, "run": simulated - built, "read": time.perf_counter() - simulated}
        return Result(spikes, potentials[:states], maxima[:states] if maxima is not None else None, seconds)

    def _simulate(self):
        last = self.mapping.layers[-1]
        simulated = self._wait_half_a_step()
        if self.network.output_spikes and last.model != self.shadow_of:
            # The last potential is read before it could spike: the threshold goes before the last step.
            ahead = getattr(self.kernel, "ahead", 0.0)
            self.kernel.simulate(self.length - 1 - ahead - simulated)
            self.kernel.set(self.populations[-1], {"V_th": NO_THRESHOLD})
            self.kernel.simulate(1 + ahead)
        else:
            self.kernel.simulate(self.length - simulated)

    def _wait_half_a_step(self) -> float:
        """Where v[0] may spike pp_psc_delta must not do so half a step early: it is silenced until then."""
        if not (self.mapping.resolution == 0.5 and self.mapping.shift):
            return 0.0
        early = [p for p, n in zip(self.populations, self.mapping.layers) if n.model == "pp_psc_delta"]
        for population in early:
            self.kernel.set(population, {"c_1": 0.0})
        self.kernel.simulate(0.5)
        for population in early:
            self.kernel.set(population, {"c_1": 1e300})
        return 0.5

    @property
    def shadow_of(self) -> str:
        """The output model whose potential is read from a companion without threshold."""
        return self.mapping.layers[-1].model if self.mapping.layers[-1].model in ("eprop_iaf", "pp_psc_delta") else ""

    def _sampled(self, meter) -> np.ndarray:
        """One sample per window and readout neuron, [windows * copies, outputs]."""
        senders, times, potentials = self.kernel.samples(meter)
        window = np.rint(times).astype(np.int64) // self.period
        values = np.empty((self.windows, self.readout.size))
        values[window, senders.astype(np.int64) - self.readout.first] = potentials
        return values.reshape(self.windows * self.copies, -1)

    def _maxima(self) -> np.ndarray:
        """The largest potential of each output neuron after any step, [windows * copies, outputs]."""
        senders, times, potentials = self.kernel.samples(self.meter)
        window, local = np.divmod(np.rint(times).astype(np.int64), self.period)
        inside = (local > self.clock[-1]) & (local <= self.length) & (window < self.windows)
        largest = np.full((self.windows, self.readout.size), -np.inf)
        np.maximum.at(
            largest, (window[inside], senders[inside].astype(np.int64) - self.readout.first), potentials[inside]
        )
        return largest.reshape(self.windows * self.copies, -1)

    def _restart_between_windows(self):
        """Pushes every membrane to V_min and back to where it starts, after each window but the last."""
        ends = np.arange(self.windows - 1) * self.period + self.length
        # A device's spike of stamp s counts in the update that ends at s + unit.
        up = ends + 2 * self.unit + 4 - self.unit
        times = np.column_stack([ends + 1 - self.unit, ends + 2 - self.unit, up])
        push = {
            "spike_times": times.ravel().astype(float),
            "spike_weights": np.tile([4 * FAR_BELOW, 4 * FAR_BELOW, -FAR_BELOW], len(ends)),
        }
        generator = self.kernel.create("spike_generator", 1, push)
        start = self.kernel.create("spike_generator", 1, {"spike_times": (up + 1).astype(float)})
        for population, neurons in zip(self.populations, self.mapping.layers):
            ids = population.first + np.arange(population.size)
            self.kernel.connect(np.full(len(ids), generator.first), ids, np.ones(len(ids)), self.unit)
            if np.any(neurons.start):
                self.kernel.connect(np.full(len(ids), start.first), ids, np.tile(neurons.start, self.copies), self.unit)

    def _build(self):
        kernel, copies, layers = self.kernel, self.copies, self.network.layers
        self.populations, self.meter, self.sampler = [], None, None
        floor = {"V_min": FAR_BELOW} if self.windows > 1 else {}
        for neurons in self.mapping.layers:
            parameters = {**neurons.parameters, **floor, "V_m": np.tile(neurons.start, copies)}
            self.populations.append(kernel.create(neurons.model, len(neurons.start) * copies, parameters))
        self.readout = self.populations[-1]
        if self.network.output_spikes and self.shadow_of:
            self.readout = self._companion()
        self._connect_inputs()
        for index in range(1, len(layers)):
            neurons = self.mapping.layers[index]
            delay = 2 * self.unit if neurons.delay == 2 else self.unit
            pre, post, weights = _blocks(layers[index].weights * neurons.weight_factor, copies)
            for target in {
                self.populations[index],
                self.readout if index == len(layers) - 1 else self.populations[index],
            }:
                kernel.connect(self.populations[index - 1].first + pre, target.first + post, weights, delay)
            if layers[index].biases is not None:
                self._feed(index, layers[index].biases, biases=True)
        for index, neurons in enumerate(self.mapping.layers):
            if neurons.feed:
                self._feed(index, np.full(layers[index].size, neurons.feed), biases=False)
        recorded = self.populations[: self.recorded]
        self.recorder = kernel.record_spikes(recorded) if recorded else None
        if hasattr(kernel, "watch"):
            kernel.watch(self.readout)
        if self.network.decoding == "max-potential":
            self.meter = kernel.record_potentials(self.readout)
        if self.windows > 1:
            self._restart_between_windows()
            self.sampler = kernel.record_potentials(self.readout, self.period, self.length)

    def _companion(self):
        """The output layer again, without threshold: it gets the same input, and -resetBy for each spike of its neuron."""
        layer, neurons, kernel = self.network.layers[-1], self.mapping.layers[-1], self.kernel
        start = np.tile(layer.initial / (layer.beta if self.mapping.shift else 1.0), self.copies)
        parameters = {"C_m": 1.0, "I_e": 0.0, "E_L": 0.0, "V_reset": 0.0, "t_ref": 1.0, "V_th": NO_THRESHOLD}
        companion = kernel.create(
            "iaf_psc_delta", len(start), {**parameters, "tau_m": neurons.parameters["tau_m"], "V_m": start}
        )
        ids = np.arange(len(start))
        kernel.connect(self.populations[-1].first + ids, companion.first + ids, np.full(len(ids), -layer.reset_by), 1)
        return companion

    def _stamps(self, index: int, steps: np.ndarray, window: np.ndarray) -> np.ndarray:
        """Times at which a device sends so that layer `index` gets it as h[step]."""
        own = 1 if self.mapping.layers[index].model == "iaf_psc_exp" else 2
        return (steps + own + self.clock[index] - self.unit + window * self.period).astype(np.float64)

    def _targets(self, index: int):
        """The populations that get the input of a layer: itself, and its companion."""
        last = index == len(self.populations) - 1 and self.readout is not self.populations[-1]
        return [self.populations[index], self.readout] if last else [self.populations[index]]

    def _feed(self, index: int, values: np.ndarray, biases: bool):
        """The same value to each neuron of a layer in every step: biases from step 0, what keeps an offset from the first update."""
        steps = np.arange(-1 if not biases else 0, max(0, self.steps - 1))
        times = np.concatenate([self._stamps(index, steps, np.full(len(steps), w)) for w in range(self.windows)])
        if not len(times):
            return
        clock = self.kernel.create("spike_generator", 1, {"spike_times": times[times > 0]})
        factor = self.mapping.layers[index].weight_factor
        for target in self._targets(index) if biases else [self.populations[index]]:
            ids = np.arange(len(values) * self.copies)
            self.kernel.connect(
                np.full(len(ids), clock.first), target.first + ids, np.tile(values * factor, self.copies), self.unit
            )

    def _connect_inputs(self):
        """The first layer's input: constant currents, weighted generators, or spikes."""
        if self.steps < 2:
            return
        if self.inputs.spikes is None and not self.generators:
            self._connect_currents(input_currents(self.network, self.inputs.observations))
            return
        layer = self.network.layers[0]
        if self.inputs.spikes is None:
            self._connect_generators(input_values(self.network, self.inputs.observations))
        else:
            self._connect_spikes(self.inputs.spikes)
        if layer.biases is not None:
            self._feed(0, layer.biases, biases=True)

    def _connect_currents(self, currents: np.ndarray):
        """One clock per window, whose weights are the currents of the states in it."""
        steps = np.arange(self.steps - 1)
        size = currents.shape[1]
        factor = self.mapping.layers[0].weight_factor
        clocks = self.kernel.create(
            "spike_generator",
            self.windows,
            [{"spike_times": self._stamps(0, steps, np.full(len(steps), w))} for w in range(self.windows)],
        )
        neuron = np.arange(len(currents) * size)
        window, place = np.divmod(neuron, self.copies * size)
        for target in self._targets(0):
            self.kernel.connect(clocks.first + window, target.first + place, currents.ravel() * factor, self.unit)

    def _connect_generators(self, values: np.ndarray):
        """A generator per state and input sends a spike of weight x in every step; NEST multiplies it with W0."""
        steps = np.arange(self.steps - 1)
        trains = []
        for state, x in enumerate(values):
            times = self._stamps(0, steps, np.full(len(steps), state // self.copies))
            trains.extend({"spike_times": times, "spike_weights": np.full(len(times), value)} for value in x)
        self._connect_trains(trains)

    def _connect_spikes(self, spikes: Spikes):
        inputs = self.network.layers[0].weights.shape[0]
        keep = spikes.step < self.steps - 1  # later ones can't reach a membrane any more
        state, step, neuron = spikes.state[keep], spikes.step[keep], spikes.neuron[keep]
        order = np.lexsort((step, neuron, state))
        train = (state.astype(np.int64) * inputs + neuron)[order]
        times = self._stamps(0, step[order], state[order] // self.copies)
        ends = np.searchsorted(train, np.arange(self.inputs.states * inputs + 1))
        self._connect_trains([{"spike_times": times[a:b]} for a, b in zip(ends[:-1], ends[1:])])

    def _connect_trains(self, trains: List[dict]):
        layer = self.network.layers[0]
        inputs, size = layer.weights.shape
        generators = self.kernel.create("spike_generator", len(trains), trains)
        train = np.repeat(np.arange(len(trains)), size)
        copy = train // inputs % self.copies
        place = copy * size + np.tile(np.arange(size), len(trains))
        weights = np.tile((layer.weights * self.mapping.layers[0].weight_factor).ravel(), len(trains) // inputs)
        for target in self._targets(0):
            self.kernel.connect(generators.first + train, target.first + place, weights, self.unit)

    def _decode(self, events) -> List[Spikes]:
        """Time stamps and node ids to our steps, states and neurons."""
        recorded = self.populations[: self.recorded]
        if not recorded:
            return []
        senders, stamps = (np.asarray(values).astype(np.int64) for values in events)
        window, local = np.divmod(stamps, self.period)
        result = []
        for population, layer, clock in zip(recorded, self.network.layers, self.clock):
            own = (senders >= population.first) & (senders < population.first + population.size)
            copy, neuron = np.divmod(senders[own] - population.first, layer.size)
            state, step = window[own] * self.copies + copy, local[own] - clock
            valid = (step >= 0) & (step < self.steps) & (window[own] < self.windows) & (state < self.inputs.states)
            state, step, neuron = state[valid], step[valid], neuron[valid]
            order = np.argsort((state * self.steps + step) * layer.size + neuron, kind="stable")
            result.append(Spikes(*(a[order].astype(np.int32) for a in (state, step, neuron))))
        return result


def _blocks(weights: np.ndarray, copies: int):
    """Block-diagonal connections of `copies` copies: pre and post offsets and weights, ascending in the presynaptic neuron."""
    inputs, outputs = weights.shape
    pre, post = np.divmod(np.arange(inputs * outputs), outputs)
    shift = np.repeat(np.arange(copies), inputs * outputs)
    return (
        shift * inputs + np.tile(pre, copies),
        shift * outputs + np.tile(post, copies),
        np.tile(weights.ravel(), copies),
    )


def _slice(inputs: Inputs, first: int, count: int) -> Inputs:
    if inputs.spikes is None:
        return Inputs(count, inputs.observations[first : first + count])
    chosen = (inputs.spikes.state >= first) & (inputs.spikes.state < first + count)
    state, step, neuron = (a[chosen] for a in inputs.spikes)
    return Inputs(count, None, Spikes(state - first, step, neuron))


def _join(parts: List[Result], stride: int) -> Result:
    if len(parts) == 1:
        return parts[0]
    layers = [
        Spikes(
            np.concatenate([p.spikes[layer].state + i * stride for i, p in enumerate(parts)]).astype(np.int32),
            np.concatenate([p.spikes[layer].step for p in parts]),
            np.concatenate([p.spikes[layer].neuron for p in parts]),
        )
        for layer in range(len(parts[0].spikes))
    ]
    maxima = None if parts[0].max_potentials is None else np.concatenate([p.max_potentials for p in parts])
    seconds = {key: sum(p.seconds[key] for p in parts) for key in parts[0].seconds}
    return Result(layers, np.concatenate([p.potentials for p in parts]), maxima, seconds)
