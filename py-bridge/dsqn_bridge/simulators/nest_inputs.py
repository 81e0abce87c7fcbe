"""What a layer is fed in NEST: constant currents, biases, observations through generators, and spikes of input neurons."""

from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np

from .nest_layout import Layout
from .network import Layer, Network, input_currents, input_values, synapses
from .simulation import Inputs, Spikes


class Target(NamedTuple):
    """A population that gets a layer's input: the layer itself, or its companion, which gets it `later` by so many steps."""

    first: int
    later: int


def connect_inputs(
    kernel: Any,
    network: Network,
    factor: float,
    layout: Layout,
    inputs: Inputs,
    generators: bool,
    targets: List[Target],
) -> None:
    """The first layer's input to all of `targets`, its bias included. `factor`: of NEST's weights."""
    if layout.fed < 1:
        return
    layer = network.layers[0]
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
    kernel: Any, first: int, target: int, layer: Layer, factor: float, copies: int, delay: float
) -> None:
    """The layer's synapses, once per copy of the network; `first`, `target`: ids of the first sender and receiver."""
    source, neuron, weight = synapses(layer)
    present = weight != 0
    if not present.all():
        source, neuron, weight = source[present], neuron[present], weight[present]
    if factor != 1:
        weight = weight * factor
    if copies > 1:
        copy = np.repeat(np.arange(copies), len(weight))
        source = np.tile(source, copies) + copy * layer.inputs
        neuron = np.tile(neuron, copies) + copy * layer.size
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
    kernel: Any, trains: List[dict], layer: Layer, factor: float, layout: Layout, targets: List[Target]
) -> None:
    generators = kernel.create("spike_generator", len(trains), trains)
    for target in targets:
        delay = layout.unit + target.later
        connect_copies(kernel, generators.first, target.first, layer, factor, layout.copies, delay)
