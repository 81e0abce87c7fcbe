"""Convolutions as the simulators take them: the list of synapses, and the first layer's currents, against the equation written out."""

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.message import network_from
from dsqn_bridge.simulators.network import Convolution, Layer, Network, input_currents, synapses
from dsqn_bridge.simulators.neurons import LaggedLif, Lif

GEOMETRIES = [
    Convolution((6, 5, 2), (2, 2, 3), (3, 2), (2, 3), (0, 0)),
    Convolution((4, 4, 1), (4, 4, 2), (3, 3), (1, 1), (1, 1)),
    Convolution((5, 4, 3), (3, 2, 1), (2, 2), (2, 2), (0, 0)),  # the last window reaches beyond the image
    Convolution((3, 3, 1), (2, 2, 2), (4, 4), (2, 2), (2, 1)),
]


def layer_of(geometry, seed=0, biases=True):
    random = np.random.default_rng(seed)
    shape = (*geometry.kernel, geometry.input[2], geometry.output[2])
    size = int(np.prod(geometry.output))
    weights = random.normal(size=shape).astype(np.float32).astype(float)
    return Layer(
        weights, random.normal(size=size) if biases else None, np.zeros(size), LaggedLif(reset="zero"), geometry
    )


def written_out(layer):
    """{(source, target): weight}, the docstring of Convolution with loops."""
    (height, width, channels), (rows, columns, filters), kernel, strides, padding = layer.convolution
    found = {}
    for y, x, f in np.ndindex(rows, columns, filters):
        for i, j, c in np.ndindex(*kernel, channels):
            row, column = y * strides[0] + i - padding[0], x * strides[1] + j - padding[1]
            if 0 <= row < height and 0 <= column < width:
                found[(row * width + column) * channels + c, (y * columns + x) * filters + f] = layer.weights[
                    i, j, c, f
                ]
    return found


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_synapses_are_the_equation(geometry):
    layer = layer_of(geometry)
    source, target, weight = synapses(layer)
    expected = written_out(layer)
    assert len(source) == len(expected)
    assert {(s, t): w for s, t, w in zip(source, target, weight)} == expected


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_currents_are_what_the_synapses_carry(geometry):
    layer = layer_of(geometry)
    network = Network([layer], False, False, "constant", "potential", 10)
    assert network.observation_size == np.prod(geometry.input)
    x = np.random.default_rng(1).random((3, network.observation_size))
    expected = np.tile(layer.biases, (3, 1))
    for (source, target), weight in written_out(layer).items():
        expected[:, target] += x[:, source] * weight
    assert np.abs(input_currents(network, x) - expected).max() < 1e-12


def test_a_matrix_is_a_list_too():
    layer = layer_of(GEOMETRIES[0])._replace(weights=np.arange(6.0).reshape(2, 3), convolution=None)
    source, target, weight = synapses(layer)
    assert [list(column) for column in (source, target, weight)] == [
        [0, 0, 0, 1, 1, 1],
        [0, 1, 2, 0, 1, 2],
        [0, 1, 2, 3, 4, 5],
    ]
    assert (layer.inputs, layer.size) == (2, 3)


LAGGED = {"kind": "lagged-lif", "alpha": 0, "beta": 0.5, "threshold": 1, "resetBy": 2, "reset": "zero"}
CODING = {
    "biasInput": False, "signedInputs": False, "encoding": "constant", "decoding": "potential", "steps": 5, "ties": "first",
}  # fmt: skip


def message(geometry, **changes):
    layer = {"synapses": {"kind": "convolution", **geometry._asdict()}, "pooling": None, "activation": LAGGED}
    return {"layers": [{**layer, **changes}], "coding": CODING}


def test_a_message_is_read():
    geometry = GEOMETRIES[0]
    weights = layer_of(geometry).weights
    made = network_from(message(geometry), {"layers.0.weight": weights, "layers.0.bias": np.arange(3.0)}).layers[0]
    assert made.convolution == geometry
    assert made.neuron == LaggedLif(0.0, 0.5, 1.0, 2.0, "zero")
    assert made.biases.tolist() == [0, 1, 2] * 4  # one for each channel
    assert not made.initial.any() and made.initial.shape == (12,)
    lif = {"kind": "lif", "beta": 1, "resetBy": 1, "resetTo": 0, "fires": "at", "reset": "value"}
    arrays = {
        "layers.0.weight": weights,
        "layers.0.threshold": np.arange(12),
        "layers.0.initial_potential": np.ones(12),
    }
    made = network_from(message(geometry, activation=lif), arrays).layers[0]
    assert isinstance(made.neuron, Lif) and made.neuron.threshold.tolist() == list(range(12))
    assert made.neuron._replace(threshold=1.0) == Lif(1.0, 1.0, 1.0, 0.0, fires="at", reset="value")
    assert made.initial.tolist() == [1] * 12


def test_what_weights_cannot_express_is_named():
    geometry = GEOMETRIES[0]
    arrays = {"layers.0.weight": layer_of(geometry).weights}
    pooling = {"kind": "max", "window": geometry._asdict()}
    for wrong in (
        message(geometry, pooling=pooling),
        {**message(geometry), "coding": {**CODING, "signedInputs": True}},
    ):
        with pytest.raises(BridgeError) as caught:
            network_from(wrong, arrays)
        assert caught.value.code == "MAPPING_IMPOSSIBLE" and "Layer 0" in str(caught.value)
