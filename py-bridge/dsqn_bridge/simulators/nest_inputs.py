"""What a layer is fed in NEST: constant currents, biases, observations through generators, and spikes of input neurons."""

from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np

from .nest_layout import Layout
from .network import Layer, Network, input_currents, input_values, synapses
from .neurons import Values
from .simulation import Inputs, Spikes


class Target(NamedTuple):
    """A population that gets a layer's input: the layer itself, or its companion, which gets it `later` by so many steps."""

    first: int
    later: int


def connect_inputs(
    kernel: Any,
    network: Network,
    factor: Values,
    layout: Layout,
    inputs: Inputs,
    generators: bool,
    targets: List[Target],
) -> None:
    """The first layer's input to all of `targets`, its bias included. `factor`: of NEST's weights."""
    if layout.fed < 1:
        return
    layer = network.layers[0]
    if inputs.spikes is None and inputs.observations.ndim == 3:
        currents = np.stack([input_currents(network, now) for now in inputs.observations[: layout.fed]])
        _connect_changing(kernel, factor * currents, layout, targets)
        return
    if inputs.spikes is None and not generators:
        _connect_currents(kernel, factor * input_currents(network, inputs.observations), layout, targets)
        return
    trains = (
        _weighted_trains(input_values(network, inputs.observations), layout)
        if inputs.spikes is None
        else _spike_trains(inputs.spikes, layer.inputs, layout)
    )
    _connect_trains(kernel, trains, layer, factor, layout, targets)
    if layer.biases is not None:
        feed(kernel, 0, factor * layer.biases, layout, targets, range(layout.fed))


def feed(kernel: Any, index: int, values: np.ndarray, layout: Layout, targets: List[Target], steps: range) -> None:
    """The same value [neurons] to each neuron of layer `index` in every one of `steps`: a bias, what keeps an offset, or what a layer begins with."""
    if not len(steps):
        return
    times = np.concatenate(
        [layout.stamps(index, np.array(steps), np.full(len(steps), w)) for w in range(layout.windows)]
    )
    clock = kernel.create("spike_generator", 1, {"spike_times": times[times > 0]})
    for target in targets:
        ids = np.arange(len(values) * layout.copies)
        delay = layout.unit + target.later
        kernel.connect(np.full(len(ids), clock.first), target.first + ids, np.tile(values, layout.copies), delay)


def connect_copies(
    kernel: Any, first: int, target: int, layer: Layer, factor: Values, copies: int, delay: float
) -> None:
    """The layer's synapses, once per copy of the network; `first`, `target`: ids of the first sender and receiver."""
    connect_synapses(kernel, first, target, synapses(layer), (layer.inputs, layer.size), factor, copies, delay)


def connect_recurrent(
    kernel: Any, first: int, target: int, layer: Layer, factor: Values, copies: int, delay: float
) -> None:
    """Likewise the synapses from a layer's neurons to themselves."""
    source, neuron = np.indices(layer.recurrent.shape).reshape(2, -1)
    own = (source, neuron, layer.recurrent.ravel())
    connect_synapses(kernel, first, target, own, (layer.size, layer.size), factor, copies, delay)


def connect_synapses(kernel, first, target, of, sizes, factor, copies, delay) -> None:
    """`of`: sources, neurons and weights; `sizes`: how many senders and receivers a copy has."""
    source, neuron, weight = of
    present = weight != 0
    if not present.all():
        source, neuron, weight = source[present], neuron[present], weight[present]
    if np.ndim(factor):
        weight = weight * np.asarray(factor)[neuron]
    elif factor != 1:
        weight = weight * factor
    if copies > 1:
        copy = np.repeat(np.arange(copies), len(weight))
        source = np.tile(source, copies) + copy * sizes[0]
        neuron = np.tile(neuron, copies) + copy * sizes[1]
        weight = np.tile(weight, copies)
    kernel.connect(first + source, target + neuron, weight, delay)


def _connect_currents(kernel: Any, currents: np.ndarray, layout: Layout, targets: List[Target]) -> None:
    """`currents` [states, neurons]: one clock per window, whose weights are the currents of the states in it."""
    steps = np.arange(layout.fed)
    size = currents.shape[1]
    clocks = kernel.create(
        "spike_generator",
        layout.windows,
        [{"spike_times": layout.stamps(0, steps, np.full(len(steps), w))} for w in range(layout.windows)],
    )
    window, place = np.divmod(np.arange(currents.size), layout.copies * size)
    for target in targets:
        kernel.connect(clocks.first + window, target.first + place, currents.ravel(), layout.unit + target.later)


def _connect_changing(kernel: Any, currents: np.ndarray, layout: Layout, targets: List[Target]) -> None:
    """`currents` [steps, states, neurons]: a generator per neuron and copy sends one spike in every step, whose weight is the current."""
    if not getattr(kernel, "weighted_sources", True):
        return _connect_changing_clocks(kernel, currents, layout, targets)
    steps, states, size = currents.shape
    padded = np.zeros((steps, layout.windows * layout.copies, size))
    padded[:, :states] = currents
    weights = padded.reshape(steps, layout.windows, layout.copies * size).transpose(1, 0, 2)
    windows = np.repeat(np.arange(layout.windows), steps)
    times = layout.stamps(0, np.tile(np.arange(steps), layout.windows), windows)
    trains = [
        {"spike_times": times, "spike_weights": weights[:, :, place].ravel()} for place in range(layout.copies * size)
    ]
    sources = kernel.create("spike_generator", len(trains), trains)
    ids = np.arange(len(trains))
    for target in targets:
        kernel.connect(sources.first + ids, target.first + ids, np.ones(len(ids)), layout.unit + target.later)


def _connect_changing_clocks(kernel: Any, currents: np.ndarray, layout: Layout, targets: List[Target]) -> None:
    """Likewise where sources have no weights: one per step and window that sends once, over as many synapses as there are currents."""
    steps, states, size = currents.shape
    step, window = np.indices((steps, layout.windows)).reshape(2, -1)
    times = layout.stamps(0, step, window)
    clocks = kernel.create(
        "spike_generator", len(times), [{"spike_times": times[k : k + 1]} for k in range(len(times))]
    )
    step, state, neuron = (of.ravel() for of in np.indices(currents.shape))
    window, copy = np.divmod(state, layout.copies)
    present = currents.ravel() != 0
    clock, place = (step * layout.windows + window)[present], (copy * size + neuron)[present]
    for target in targets:
        weights = currents.ravel()[present]
        kernel.connect(clocks.first + clock, target.first + place, weights, layout.unit + target.later)


def _weighted_trains(values: np.ndarray, layout: Layout) -> List[dict]:
    """A generator per copy and input sends a spike of weight x in every step; NEST multiplies it with W0."""
    steps = np.arange(layout.fed)
    windows = np.repeat(np.arange(layout.windows), len(steps))
    times = layout.stamps(0, np.tile(steps, layout.windows), windows)
    padded = np.zeros((layout.windows * layout.copies, values.shape[1]))
    padded[: len(values)] = values
    of_window = padded.reshape(layout.windows, layout.copies, -1)
    return [
        {"spike_times": times, "spike_weights": of_window[windows, copy, i]}
        for copy in range(layout.copies)
        for i in range(values.shape[1])
    ]


def _spike_trains(spikes: Spikes, inputs: int, layout: Layout) -> List[dict]:
    """A generator per copy and input plays the spikes of that input, window after window."""
    keep = spikes.step < layout.fed  # later ones can't reach a membrane any more
    state, step, neuron = (np.asarray(a[keep], np.int64) for a in spikes)
    window, copy = np.divmod(state, layout.copies)
    train = copy * inputs + neuron
    order = np.lexsort((step, window, train))
    times = layout.stamps(0, step[order], window[order])
    ends = np.searchsorted(train[order], np.arange(layout.copies * inputs + 1))
    return [{"spike_times": times[a:b]} for a, b in zip(ends[:-1], ends[1:])]


def _connect_trains(
    kernel: Any, trains: List[dict], layer: Layer, factor: Values, layout: Layout, targets: List[Target]
) -> None:
    generators = kernel.create("spike_generator", len(trains), trains)
    for target in targets:
        delay = layout.unit + target.later
        connect_copies(kernel, generators.first, target.first, layer, factor, layout.copies, delay)
