"""PyNN on NEST against our equations: native and standard cells, to the last bit."""

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators import nest_network
from dsqn_bridge.simulators.nest_network import Inputs

from .networks import (
    assert_same,
    neurons,
    random_convolutional_network,
    random_lif_network,
    random_network,
    random_trains,
)

pytest.importorskip("pyNN.nest", reason="PyNN with NEST is not installed")

from dsqn_bridge.simulators import pynn  # noqa: E402


def run(network, inputs, standard):
    return nest_network.run(pynn.Kernel(standard), network, pynn.map_network(network, standard), inputs, network.steps)


@pytest.mark.parametrize("seed", range(5))
def test_native_cells(seed):
    network, x = random_network(seed)
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=False))


@pytest.mark.parametrize("seed", range(3))
def test_standard_cells(seed):
    network, x = random_network(seed, reset="zero")
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=True))


def test_standard_cells_with_synaptic_currents():
    network, x = random_network(3, reset="zero", decoding="potential")
    layers = [neurons(layer, alpha=0.5, beta=0.9)._replace(initial=np.zeros(layer.size)) for layer in network.layers]
    network = network._replace(layers=layers)
    assert assert_same(network, x[:2], run(network, Inputs(2, x[:2]), standard=True), tolerance=1e-12) > 20


def test_what_starts_at_its_threshold_is_refused_where_pynn_is_two_steps_late():
    network, _ = random_network(3, reset="zero")
    layers = [
        neurons(layer, alpha=0.5, beta=0.9)._replace(initial=np.full(layer.size, 0.95)) for layer in network.layers
    ]
    with pytest.raises(BridgeError) as caught:
        pynn.map_network(network._replace(layers=layers), standard=False)
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert "Layer 0" in str(caught.value)


@pytest.mark.parametrize("decoding", ["potential", "spikes"])
@pytest.mark.parametrize("seed", range(2, 5))
def test_leaky_native_cells(seed, decoding):
    network, x = random_network(seed, leaky=True, decoding=decoding, mixed=seed == 3)
    if seed == 4:  # both models with synaptic currents
        network = network._replace(layers=[neurons(layer, alpha=0.6) for layer in network.layers])
    network = network._replace(
        layers=[
            own._replace(initial=np.minimum(own.initial, own.neuron.beta * own.neuron.threshold))
            for own in network.layers
        ]
    )
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=False), tolerance=1e-12)


def test_convolutions():
    network, x = random_convolutional_network(1)
    assert_same(network, x[:2], run(network, Inputs(2, x[:2]), standard=False))


def test_spikes_as_input():
    network, x = random_network(6)
    trains, inputs = random_trains(6, network, len(x))
    assert_same(network, x, run(network, inputs, standard=False), trains=trains)


def test_no_standard_cell_is_reset_by_subtraction():
    network, _ = random_network(0, reset="subtraction")
    with pytest.raises(BridgeError) as caught:
        pynn.map_network(network, standard=True)
    assert caught.value.code == "MAPPING_IMPOSSIBLE"


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_lif(seed, leaky):
    network, x = random_lif_network(seed, leaky=leaky, convolutional=seed == 5)
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=False), 1e-12 if leaky else 0.0)


def test_lif_that_is_reset_to_a_value_has_a_standard_cell():
    network, x = random_lif_network(6, reset="value")
    assert_same(network, x[:2], run(network, Inputs(2, x[:2]), standard=True))
