"""NEST 3 against our equations, spike for spike and to the last bit."""

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators import nest_network
from dsqn_bridge.simulators.nest_lif import map_lif
from dsqn_bridge.simulators.nest_network import Inputs
from dsqn_bridge.simulators.network import connections, synapses

from .networks import (
    assert_same,
    matrix,
    neurons,
    random_convolutional_network,
    random_lif_network,
    random_network,
    random_trains,
)

nest = pytest.importorskip("nest", reason="NEST 3 is not installed")
if not str(getattr(nest, "__version__", "2")).startswith("3"):
    pytest.skip("this Python has NEST 2", allow_module_level=True)

from dsqn_bridge.simulators import nest3  # noqa: E402


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("subtraction", ["eprop_iaf", "pp_psc_delta"])
@pytest.mark.parametrize("seed", range(12))
def test_integrate_and_fire_is_exact(seed, subtraction, mixed):
    network, x = random_network(seed, mixed=mixed)
    result = nest3.run(network, Inputs(len(x), x), subtraction=subtraction)
    assert_same(network, x, result)


@pytest.mark.parametrize("seed", range(8))
def test_the_input_layer_may_live_in_nest(seed):
    network, x = random_network(seed)
    assert_same(network, x, nest3.run(network, Inputs(len(x), x), generators=True))
    trains, inputs = random_trains(seed, network, len(x))
    assert_same(network, x, nest3.run(network, inputs), trains=trains)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_leaky_neurons_spike_in_the_same_bins(seed, mixed):
    network, x = random_network(seed, leaky=True, mixed=mixed)
    for subtraction in ("eprop_iaf", "pp_psc_delta"):
        assert_same(network, x, nest3.run(network, Inputs(len(x), x), subtraction=subtraction), tolerance=1e-12)


@pytest.mark.parametrize("decoding", ["potential", "spikes"])
def test_currents_with_reset_by_subtraction(decoding):
    network, x = random_network(5, reset="subtraction", decoding=decoding)
    layers = [neurons(layer, alpha=0.7, beta=beta) for layer, beta in zip(network.layers, (1.0, 0.9, 0.7, 0.8))]
    network = network._replace(layers=layers)
    assert {n.model for n in nest3.map_network(network).layers} >= {"gif_psc_exp"}
    assert assert_same(network, x, nest3.run(network, Inputs(len(x), x)), tolerance=1e-12) > 100


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_convolutions(seed, leaky):
    network, x = random_convolutional_network(seed, leaky=leaky)
    tolerance = 1e-12 if leaky else 0.0
    for subtraction in ("eprop_iaf", "pp_psc_delta"):
        assert_same(network, x, nest3.run(network, Inputs(len(x), x), subtraction=subtraction), tolerance)
    trains, inputs = random_trains(seed, network, len(x))
    assert_same(network, x, nest3.run(network, inputs), tolerance, trains)
    assert_same(network, x, nest3.run(network, Inputs(len(x), x), generators=True), tolerance)


def test_a_convolution_is_the_matrix_of_its_equation():
    for seed in range(10):
        network, _ = random_convolutional_network(seed)
        layer = network.layers[0]
        source, target, weight = synapses(layer)
        found = np.zeros((layer.inputs, layer.size))
        np.add.at(found, (source, target), weight)
        assert np.array_equal(found, matrix(layer))
        assert connections(layer) == len(source)


@pytest.mark.parametrize("subtraction", ["eprop_iaf", "pp_psc_delta"])
def test_layers_of_one_neuron(subtraction):
    network, x = random_network(0, reset="subtraction")
    first = network.layers[0]
    layers = [
        first._replace(weights=first.weights[:, :1], biases=None, initial=np.zeros(1)),
        first._replace(weights=np.ones((1, 1)), biases=None, initial=np.zeros(1)),
    ]
    one = network._replace(layers=layers, decoding="spikes")
    assert_same(one, x[:1], nest3.run(one, Inputs(1, x[:1]), subtraction=subtraction))


def test_states_one_after_the_other_do_not_touch():
    """More states than fit side by side: windows in one kernel, a flush between them."""
    network, _ = random_network(0, reset="subtraction", decoding="potential")
    network = network._replace(
        layers=[layer._replace(initial=np.zeros(layer.size)) for layer in network.layers], steps=200
    )
    x = np.random.default_rng(1).normal(size=(300, network.observation_size))
    spikes = assert_same(network, x, nest3.run(network, Inputs(len(x), x)))
    assert spikes > 1000


def test_the_kernel_is_left_as_found():
    nest.ResetKernel()
    nest.resolution, nest.rng_seed = 0.25, 77
    network, x = random_network(1)
    nest3.run(network, Inputs(len(x), x))
    assert (nest.resolution, nest.rng_seed, nest.network_size) == (0.25, 77, 0)
    nest.ResetKernel()


def test_the_kernel_is_given_back_afterwards_and_before_it_is_taken_again():
    nest.ResetKernel()
    nest.resolution = 0.25
    later = []
    kernel = nest3.Kernel(afterwards=later.append)
    network, x = random_network(1)
    inputs = Inputs(len(x), x)
    first, second = (
        nest_network.run(kernel, network, nest3.map_network(network), inputs, network.steps).potentials
        for _ in range(2)
    )
    assert np.array_equal(first, second)
    assert nest.network_size > 0
    for work in later:
        work()
    assert (nest.resolution, nest.network_size) == (0.25, 0)
    nest.ResetKernel()


def test_what_is_not_recorded_changes_nothing():
    for index in range(6):
        network, x = random_network(index)
        inputs = Inputs(len(x), x)
        kept, dropped = (
            nest_network.run(nest3.Kernel(), network, nest3.map_network(network), inputs, network.steps, record=record)
            for record in (True, False)
        )
        assert np.array_equal(kept.potentials, dropped.potentials)
        assert sum(len(layer.step) for layer in kept.spikes) > 0
        assert len(dropped.spikes) == (len(kept.spikes) if network.output_spikes else 0)


def test_a_kernel_in_use_is_refused_and_untouched():
    nest.ResetKernel()
    nest.Create("iaf_psc_delta", 3)
    network, x = random_network(1)
    with pytest.raises(BridgeError) as caught:
        nest3.run(network, Inputs(len(x), x))
    assert caught.value.code == "KERNEL_IN_USE"
    assert nest.network_size == 3
    nest.ResetKernel()


def test_an_interrupted_run_leaves_an_empty_kernel():
    network, x = random_network(0)

    def stop(_done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nest3.run(network, Inputs(len(x), x), on_window=stop)
    assert nest.network_size == 0


def test_what_nest_cannot_express_is_named():
    network, _ = random_network(0, reset="subtraction")
    layers = [neurons(layer, beta=0.0) if index == 0 else layer for index, layer in enumerate(network.layers)]
    with pytest.raises(BridgeError) as caught:
        nest3.map_network(network._replace(layers=layers))
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert "layer 0" in str(caught.value)


@pytest.mark.parametrize("subtraction", ["eprop_iaf", "pp_psc_delta"])
@pytest.mark.parametrize("seed", range(12))
def test_lif_is_exact(seed, subtraction):
    network, x = random_lif_network(seed, convolutional=seed % 6 == 5)
    assert_same(network, x, nest3.run(network, Inputs(len(x), x), subtraction=subtraction))
    trains, inputs = random_trains(seed, network, len(x))
    assert_same(network, x, nest3.run(network, inputs, subtraction=subtraction), trains=trains)


@pytest.mark.parametrize("subtraction", ["eprop_iaf", "pp_psc_delta"])
@pytest.mark.parametrize("seed", range(12))
def test_leaky_lif_spikes_in_the_same_bins(seed, subtraction):
    # pp_psc_delta without any memory fires at rest where a potential at the threshold is a spike.
    least = 0.3 if subtraction == "pp_psc_delta" else 0.0
    network, x = random_lif_network(seed, leaky=True, convolutional=seed % 6 == 5, least=least)
    assert_same(network, x, nest3.run(network, Inputs(len(x), x), subtraction=subtraction), tolerance=1e-12)


@pytest.mark.parametrize("reset", ["subtraction", "value"])
def test_states_of_lif_one_after_the_other_do_not_touch(reset):
    network, _ = random_lif_network(2, reset=reset)
    network = network._replace(steps=200, decoding="potential")
    assert any(layer.initial.any() for layer in network.layers)
    x = np.random.default_rng(1).normal(size=(300, network.observation_size)).astype(np.float32).astype(float)
    assert assert_same(network, x, nest3.run(network, Inputs(len(x), x))) > 1000


def test_one_step_of_lif():
    network, x = random_lif_network(1)
    network = network._replace(steps=1)
    for decoding in ("potential", "max-potential", "spikes"):
        own = network._replace(decoding=decoding)
        assert_same(own, x, nest3.run(own, Inputs(len(x), x)))


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"reset": "subtraction", "reset_by": -0.5}, "a reset by -0.5"),
        ({"reset": "value", "threshold": 1.0, "reset_to": np.array([0.5, 1.5, 0.0])}, "neuron 1"),
    ],
)
def test_what_nest_cannot_express_of_lif_is_named(fields, reason):
    network, _ = random_lif_network(0)
    layers = [*network.layers[:-1], neurons(network.layers[-1], **fields)]
    with pytest.raises(BridgeError) as caught:
        map_lif(network._replace(layers=layers, decoding="spikes"))
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert "layer %d" % (len(layers) - 1) in str(caught.value) and reason in str(caught.value)


def test_kinds_are_not_mixed():
    network, _ = random_lif_network(0)
    other = random_network(0)[0].layers[-1]
    with pytest.raises(BridgeError) as caught:
        nest3.map_network(network._replace(layers=[*network.layers[:-1], other]))
    assert caught.value.code == "MAPPING_IMPOSSIBLE" and "lagged-lif" in str(caught.value)
