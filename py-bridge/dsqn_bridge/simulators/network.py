"""A feed-forward spiking network as plain numbers, and what its first layer is fed. Knows no simulator."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from ..errors import BridgeError


class Convolution(NamedTuple):
    """Where a convolution's synapses run: neuron (y, x, c) of an image [height, width, channels] has index (y * width + x) * channels + c.

    out(y, x, c') = sum over i, j, c of in(y * strides[0] + i - padding[0], x * strides[1] + j - padding[1], c) W[i, j, c, c']
    """

    input: Tuple[int, int, int]
    output: Tuple[int, int, int]
    kernel: Tuple[int, int]
    strides: Tuple[int, int]
    padding: Tuple[int, int]


class Pooling(NamedTuple):
    """What stands in front of a layer's synapses: the sum ("sum") or the mean ("average") of each window, channel by channel."""

    kind: str
    window: Convolution


class Layer(NamedTuple):
    """One layer of neurons (neurons/) and the synapses in front of them."""

    # float64 [inputs, outputs], of a convolution [height, width, channels in, channels out]; values of float32
    weights: np.ndarray
    biases: Optional[np.ndarray]  # float64 [outputs]
    initial: np.ndarray  # float64 [outputs], potentials before the first step
    neuron: Any  # of neurons/
    convolution: Optional[Convolution] = None
    pooling: Optional[Pooling] = None
    recurrent: Optional[np.ndarray] = None  # float64 [outputs, outputs], from its own spikes of the step before

    @property
    def inputs(self) -> int:
        return int(np.prod(self.pooling.window.input)) if self.pooling else self.synaptic_inputs

    @property
    def synaptic_inputs(self) -> int:
        """Behind the pooling."""
        return int(np.prod(self.convolution.input)) if self.convolution else self.weights.shape[0]

    @property
    def size(self) -> int:
        return int(np.prod(self.convolution.output)) if self.convolution else self.weights.shape[1]


class Network(NamedTuple):
    layers: List[Layer]
    bias_input: bool
    signed_inputs: bool
    encoding: str
    decoding: str
    steps: int

    @property
    def output_spikes(self) -> bool:
        """Potential decodings leave the output layer without threshold."""
        return self.decoding in ("spikes", "first-spike")

    @property
    def observation_size(self) -> int:
        doubled = 2 if self.signed_inputs else 1
        return self.layers[0].inputs // doubled - int(self.bias_input)


def input_values(network: Network, observations: np.ndarray) -> np.ndarray:
    """What the input neurons are given, [states, inputs of layer 0]: a constant 1 appended, positive and negative parts split."""
    x = np.asarray(observations, np.float64)
    if x.ndim != 2 or x.shape[1] != network.observation_size:
        raise BridgeError(
            "SHAPE_MISMATCH",
            "The network takes observations of length %d, got an array of shape %s."
            % (network.observation_size, x.shape),
            "Give inputs of shape [states, %d]." % network.observation_size,
        )
    if network.bias_input:
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    if network.signed_inputs:
        x = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
    return x


def input_currents(network: Network, observations: np.ndarray) -> np.ndarray:
    """h of layer 0 under constant input, [states, neurons]: products summed in ascending order, then the bias, as in the engines."""
    layer = network.layers[0]
    x = input_values(network, observations)
    if layer.pooling:
        source, target, _ = pooled(layer.pooling)
        windows = np.zeros((len(x), layer.synaptic_inputs))
        np.add.at(windows, (slice(None), target), x[:, source])
        x = windows if layer.pooling.kind == "sum" else windows / np.bincount(target)
    h = np.zeros((len(x), layer.size))
    if layer.convolution:
        _, patches = _patches(layer.convolution)
        kernel = layer.weights.reshape(-1, layer.weights.shape[-1])
        padded = np.concatenate([x, np.zeros((len(x), 1))], axis=1)  # -1, outside of the image, is 0
        for k, weights in enumerate(kernel):  # ascending by source
            h += (padded[:, patches[:, k], None] * weights).reshape(len(x), -1)
    else:
        for i in range(x.shape[1]):
            h += x[:, i : i + 1] * layer.weights[i]
    return h if layer.biases is None else h + layer.biases


def synapses(layer: Layer) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every synapse of a layer as (source, target, weight), by target position and kernel position; a matrix's by source, then target. Pooling,
    which is linear, is part of the weights: each synapse behind a window stands once for each of its values."""
    if not layer.pooling:
        return _own_synapses(layer)
    window, target, weight = _own_synapses(layer)
    source, of, share = pooled(layer.pooling)
    first = np.searchsorted(of, np.arange(layer.synaptic_inputs + 1))
    counts = np.diff(first)[window]
    synapse = np.repeat(np.arange(len(window)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[window[synapse]]
    return source[place], target[synapse], weight[synapse] * share[place]


def pooled(pooling: Pooling) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(source, window, factor) of every value in every window, by window; positions outside of the image are no part of one."""
    (height, width, channels), (rows, columns, _) = pooling.window.input, pooling.window.output
    y, x, c, i, j = np.indices((rows, columns, channels, *pooling.window.kernel)).reshape(5, -1)
    row = y * pooling.window.strides[0] + i - pooling.window.padding[0]
    column = x * pooling.window.strides[1] + j - pooling.window.padding[1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    source = ((row * width + column) * channels + c)[inside]
    window = ((y * columns + x) * channels + c)[inside]
    values = np.bincount(window)
    return source, window, np.ones(len(source)) if pooling.kind == "sum" else 1.0 / values[window]


def _own_synapses(layer: Layer) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not layer.convolution:
        source, target = np.indices(layer.weights.shape).reshape(2, -1)
        return source, target, layer.weights.ravel()
    filters = layer.weights.shape[-1]
    positions, patches = _patches(layer.convolution)
    shape = (*patches.shape, filters)
    source = np.broadcast_to(patches[:, :, None], shape)
    target = np.broadcast_to(positions[:, None, None] * filters + np.arange(filters), shape)
    weight = np.broadcast_to(layer.weights.reshape(-1, filters), shape)
    inside = source >= 0
    return source[inside], target[inside], weight[inside]


def connections(layer: Layer) -> int:
    """How many synapses a layer has, those to itself included."""
    own = 0 if layer.recurrent is None else layer.recurrent.size
    if layer.pooling:
        return own + len(synapses(layer)[0])
    return own + _own_connections(layer)


def _own_connections(layer: Layer) -> int:
    if not layer.convolution:
        return layer.weights.size
    _, patches = _patches(layer.convolution)
    return int((patches >= 0).sum()) * layer.weights.shape[-1]


def _patches(convolution: Convolution) -> Tuple[np.ndarray, np.ndarray]:
    """Positions [n] of the output image, and the inputs under the kernel there [n, height * width * channels]; -1 outside of the image."""
    (height, width, channels), (rows, columns, _) = convolution.input, convolution.output
    y, x, i, j, c = np.indices((rows, columns, *convolution.kernel, channels)).reshape(5, -1)
    row = y * convolution.strides[0] + i - convolution.padding[0]
    column = x * convolution.strides[1] + j - convolution.padding[1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    source = np.where(inside, (row * width + column) * channels + c, -1)
    return np.arange(rows * columns), source.reshape(rows * columns, -1)
