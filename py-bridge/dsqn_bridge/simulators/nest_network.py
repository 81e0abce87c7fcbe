"""Builds a network in NEST and runs many states in one kernel. Knows NEST only through a `Kernel` (nest3.py, nest2.py).

Between two windows (nest_layout.py) a generator pushes every membrane down to V_min = -1e30, where nothing that is still on its way leaves
a trace, and then up by exactly 1e30, to 0: NEST is never stopped, nothing is set, and nothing leaks from one state into the next.
"""

from __future__ import annotations

import time
from typing import Any, Callable

import numpy as np

from .nest_inputs import Target, connect_copies, connect_inputs, connect_recurrent, feed
from .nest_layout import layout, states_per_kernel
from .nest_mapping import NO_THRESHOLD, NestMapping, has_companion, spiking
from .nest_readout import largest_potentials, last_potentials, mean_potentials, spikes_of
from .network import Network
from .neurons import each
from .simulation import Inputs, Result, Spikes, join

__all__ = ["Inputs", "Result", "Spikes", "run"]

FAR_BELOW = -1e30


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
    """All states; `generators`: observations enter as weighted spikes of a spike_generator per input, so that NEST multiplies with W0
    itself. Without `record` no spikes are kept (and `Result.spikes` is empty) unless the network is read by them."""
    copies, windows = states_per_kernel(network, mapping, inputs.states, steps)
    parts = []
    for first in range(0, inputs.states, copies * windows):
        part = inputs.part(first, min(copies * windows, inputs.states - first))
        own = _Run(kernel, network, mapping, part, steps, copies, generators, record)
        parts.append(own.run(lambda done, first=first: on_window(first + done)))
    return join(parts, copies * windows)


class _Run:
    """One kernel's worth of states: built, simulated window by window, read."""

    def __init__(self, kernel, network, mapping, inputs, steps, copies, generators, record):
        self.kernel, self.network, self.mapping = kernel, network, mapping
        self.inputs, self.generators = inputs, generators
        self.layout = layout(network, mapping, inputs.states, steps, copies)
        # The layers whose spikes are kept.
        self.recorded = len(network.layers) if network.output_spikes else (len(network.layers) - 1 if record else 0)

    def run(self, on_window) -> Result:
        began = time.perf_counter()
        kernel, plan = self.kernel, self.layout
        kernel.open(self.mapping.resolution)
        try:
            self._build()
            built = time.perf_counter()
            if plan.windows == 1:
                self._simulate()
                events = kernel.events(self.recorder) if self.recorder is not None else None
                potentials = self._potentials()
                if self.meter is not None:
                    kernel.simulate(plan.unit + 1)  # a multimeter delivers a slice late
                on_window(plan.states)
            else:
                for window in range(plan.windows):
                    kernel.simulate(plan.period)
                    on_window(min(plan.states, (window + 1) * plan.copies))
                events = kernel.events(self.recorder) if self.recorder is not None else None
                potentials = last_potentials(kernel.samples(self.sampler), self.readout, plan)
            maxima = None
            if self.meter is not None:
                over_steps = mean_potentials if self.network.decoding == "mean-potential" else largest_potentials
                maxima = over_steps(kernel.samples(self.meter), self.readout, plan)[: plan.states]
            simulated = time.perf_counter()
        finally:
            kernel.close()
        spikes = spikes_of(events, self.populations[: self.recorded], plan) if events is not None else []
        unread = self.mapping.layers[-1].unread
        if self.network.output_spikes and np.any(unread):
            state, step, neuron = spikes[-1]
            last = step == plan.steps - 1
            potentials[state[last], neuron[last]] -= each(unread, potentials.shape[1])[neuron[last]]
        seconds = {"build": built - began, "run": simulated - built, "read": time.perf_counter() - simulated}
        return Result(spikes, potentials[: plan.states], maxima, seconds)

    def _build(self):
        kernel, layers, plan = self.kernel, self.network.layers, self.layout
        self.populations, self.meter, self.sampler = [], None, None
        floor = {"V_min": FAR_BELOW} if plan.windows > 1 else {}
        for neurons in self.mapping.layers:
            own = {key: _tiled(value, plan.copies) for key, value in neurons.parameters.items()}
            parameters = {**own, **floor, "V_m": np.tile(neurons.start, plan.copies)}
            self.populations.append(kernel.create(neurons.model, len(neurons.start) * plan.copies, parameters))
        self.has_companion = has_companion(self.network, self.mapping)
        self.readout = self._companion() if self.has_companion else self.populations[-1]
        first = self.mapping.layers[0].weight_factor
        connect_inputs(kernel, self.network, first, plan, self.inputs, self.generators, self._targets(0))
        for index in range(1, len(layers)):
            factor, before = self.mapping.layers[index].weight_factor, self.populations[index - 1]
            for target in self._targets(index):
                delay = int(self.mapping.layers[index].delay) * plan.unit + target.later
                connect_copies(kernel, before.first, target.first, layers[index], factor, plan.copies, delay)
            if layers[index].biases is not None:
                feed(kernel, index, factor * layers[index].biases, plan, self._targets(index), range(plan.fed))
        for index, neurons in enumerate(self.mapping.layers):
            self._begin(index, neurons)
            if layers[index].recurrent is not None and spiking(self.network)[index]:
                own = self.populations[index]
                for target in self._targets(index):
                    # s[t - 1] arrives with h[t].
                    delay = 1 + neurons.latency + target.later
                    connect_recurrent(
                        kernel, own.first, target.first, layers[index], neurons.weight_factor, plan.copies, delay
                    )
        recorded = self.populations[: self.recorded]
        self.recorder = kernel.record_spikes(recorded) if recorded else None
        if hasattr(kernel, "watch"):
            kernel.watch(self.readout, ["V_m", "E_sfa"] if self._adapts else ["V_m"])
        if self.network.decoding in ("max-potential", "mean-potential"):
            self.meter = kernel.record_potentials(self.readout)
        if plan.windows > 1:
            self._restart_between_windows()
            self.sampler = kernel.record_potentials(self.readout, plan.period, plan.length)

    def _begin(self, index, neurons):
        """What a layer begins with where it waits at rest for its step 0, and what keeps an offset up from then on."""
        plan, layer = self.layout, self.network.layers[index]
        itself, *companion = self._targets(index)
        waits = neurons.entry is not None
        if waits:
            entry = neurons.entry - neurons.start * neurons.decay ** plan.clock[index]
            for values, target in [(entry, itself)] + [(self._companion_entry(entry), own) for own in companion]:
                if np.any(values):
                    self._charge(index, values, target, range(1))
        twins = companion if neurons.companion is not None and not neurons.companion.integrates else []
        for values, targets, first in (
            (neurons.feed, [itself, *twins], 1 if waits else -1),
            (neurons.constant, [itself, *companion], 0),
        ):
            for target in targets if np.any(values) else []:
                self._charge(index, np.full(layer.size, values), target, range(first, plan.fed))

    def _charge(self, index, values, target, steps):
        """What charges the membranes [neurons] of layer `index` in each of `steps`: where there is a synaptic current, as much of it as is gone again
        after a step."""
        kernel, plan, synapse = self.kernel, self.layout, self.mapping.layers[index].synapse
        if synapse is None:
            return feed(kernel, index, values, plan, [target], steps)
        decay, current = synapse
        values, first, end = values * current, steps[0], steps[-1] + 1
        feed(kernel, index, values, plan, [target], range(first, first + 1))
        if np.any(decay != 1):
            feed(kernel, index, (1.0 - decay) * values, plan, [target], range(first + 1, end))
        if end < plan.fed and np.any(decay):
            feed(kernel, index, -decay * values, plan, [target], range(end, end + 1))

    def _companion_entry(self, entry):
        """What the readout begins with: as the layer where it is one, else without its shift."""
        neurons, layer = self.mapping.layers[-1], self.network.layers[-1]
        own = neurons.companion
        return entry if not own.integrates else neurons.decay * layer.initial + own.start

    @property
    def _adapts(self) -> bool:
        """An output layer that spikes by a growing threshold instead of a reset: v = V_m - (E_sfa - V_T_star)."""
        return self.mapping.layers[-1].model == "gif_psc_exp"

    def _companion(self):
        """The output layer again, without threshold: it gets the same input, and -resetBy for each spike of its neuron."""
        layer, neurons, kernel = self.network.layers[-1], self.mapping.layers[-1], self.kernel
        copies, waits, own = self.layout.copies, neurons.entry is not None, neurons.companion
        if own is not None and not own.integrates:
            parameters = {key: _tiled(value, copies) for key, value in neurons.parameters.items()}
            return kernel.create(
                neurons.model, layer.size * copies, {**parameters, "V_m": np.tile(neurons.start, copies)}
            )
        start = np.zeros(layer.size) if waits else layer.initial / layer.neuron.beta**self.mapping.shift
        parameters = {"C_m": 1.0, "I_e": 0.0, "E_L": 0.0, "V_reset": 0.0, "t_ref": 1.0, "V_th": NO_THRESHOLD}
        parameters.update(tau_m=_tiled(neurons.parameters["tau_m"], copies), V_m=np.tile(start, copies))
        taken_off, delay = layer.neuron.reset_by, 1
        if own is not None:
            parameters.update({key: _tiled(value, copies) for key, value in own.parameters.items()})
            taken_off, delay = own.taken_off, own.delay
        companion = kernel.create("iaf_psc_delta", layer.size * copies, parameters)
        ids = np.arange(layer.size * copies)
        taken_off = np.tile(-each(taken_off, layer.size), copies)
        kernel.connect(self.populations[-1].first + ids, companion.first + ids, taken_off, delay)
        return companion

    def _targets(self, index: int):
        """The populations that get the input of a layer: itself, and its companion."""
        itself = Target(self.populations[index].first, 0)
        last = index == len(self.populations) - 1 and self.has_companion
        # Its spikes need a step to the companion, which without lag is the step after their own.
        later = int(self.mapping.lag == 0 and self.mapping.layers[-1].companion_integrates)
        return [itself, Target(self.readout.first, later)] if last else [itself]

    def _simulate(self):
        plan = self.layout
        simulated = self._wait_half_a_step()
        if self.mapping.lag and self.network.output_spikes and not self.has_companion and not self._adapts:
            # The last potential is read before it could spike: the threshold goes before the last step.
            ahead = getattr(self.kernel, "ahead", 0.0)
            self.kernel.simulate(plan.length - 1 - ahead - simulated)
            self.kernel.set(self.populations[-1], {"V_th": NO_THRESHOLD})
            self.kernel.simulate(1 + ahead)
        elif self.has_companion and self.mapping.lag == 0 and not self.mapping.layers[-1].companion_integrates:
            ahead = getattr(self.kernel, "ahead", 0.0)
            self.kernel.simulate(plan.length - 1 - ahead - simulated)
            self.kernel.set(self.readout, self.mapping.layers[-1].companion.parameters)
            self.kernel.simulate(1 + ahead)
        else:
            self.kernel.simulate(plan.length - simulated)

    def _wait_half_a_step(self) -> float:
        """Where v[0] may spike it must not do so half a step early: spiking is switched off until then."""
        if not (self.mapping.resolution == 0.5 and self.mapping.shift):
            return 0.0
        switches = {"pp_psc_delta": ("c_1", 0.0), "iaf_psc_delta": ("V_th", NO_THRESHOLD)}
        early = [(p, n, *switches[n.model]) for p, n in zip(self.populations, self.mapping.layers)]
        for population, _, key, off in early:
            self.kernel.set(population, {key: off})
        self.kernel.simulate(0.5)
        for population, neurons, key, _ in early:
            self.kernel.set(population, {key: neurons.parameters[key]})
        return 0.5

    def _potentials(self) -> np.ndarray:
        """After the last step, [copies, outputs]."""
        potentials = self.kernel.get(self.readout, "V_m")
        if self._adapts:
            rest = _tiled(self.mapping.layers[-1].parameters["V_T_star"], self.layout.copies)
            potentials = potentials - (self.kernel.get(self.readout, "E_sfa") - rest)
        potentials = potentials.reshape(self.layout.copies, -1)
        shifted = not self.has_companion or (self.mapping.lag == 0 and not self.mapping.layers[-1].companion_integrates)
        return potentials - self.mapping.layers[-1].offset if shifted else potentials

    def _restart_between_windows(self):
        """Pushes every membrane to V_min and back to where it starts, after each window but the last."""
        plan, kernel = self.layout, self.kernel
        ends = np.arange(plan.windows - 1) * plan.period + plan.length
        # A device's spike of stamp s counts in the update that ends at s + unit.
        up = ends + 2 * plan.unit + 4 - plan.unit
        times = np.column_stack([ends + 1 - plan.unit, ends + 2 - plan.unit, up])
        push = {
            "spike_times": times.ravel().astype(float),
            "spike_weights": np.tile([4 * FAR_BELOW, 4 * FAR_BELOW, -FAR_BELOW], len(ends)),
        }
        generator = kernel.create("spike_generator", 1, push)
        start = kernel.create("spike_generator", 1, {"spike_times": (up + 1).astype(float)})
        for population, neurons in zip(self.populations, self.mapping.layers):
            ids = population.first + np.arange(population.size)
            kernel.connect(np.full(len(ids), generator.first), ids, np.ones(len(ids)), plan.unit)
            if np.any(neurons.start):
                kernel.connect(np.full(len(ids), start.first), ids, np.tile(neurons.start, plan.copies), plan.unit)


def _tiled(value, copies):
    """A parameter for all copies: one value for all, or one (or a row) for each neuron."""
    return np.concatenate([value] * copies) if isinstance(value, np.ndarray) else value
