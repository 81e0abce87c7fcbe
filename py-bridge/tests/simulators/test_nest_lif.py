"""lif with all its options in NEST 3, against its equations; and what is refused, with the reason."""

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.nest_lif import map_lif
from dsqn_bridge.simulators.nest_network import Inputs
from dsqn_bridge.simulators.network import Convolution, Pooling

from .networks import assert_same, neurons, random_convolutional_network, random_lif_network

nest = pytest.importorskip("nest", reason="NEST 3 is not installed")
if not str(getattr(nest, "__version__", "2")).startswith("3"):
    pytest.skip("this Python has NEST 2", allow_module_level=True)

from dsqn_bridge.simulators import nest3  # noqa: E402

RESETS = ("subtraction", "value", "delayed-subtraction", "delayed-lost")
CURRENTS = ("none", "decay-first", "input-first")
PLAIN = {"threshold": 0.75, "reset_by": 0.75, "reset_to": -0.25, "fires": "above"}


def changed(network, **changes):
    layers = [neurons(layer, **changes)._replace(initial=np.minimum(layer.initial, 0.5)) for layer in network.layers]
    return network._replace(layers=layers)


@pytest.mark.parametrize("decoding", ["potential", "spikes", "max-potential"])
@pytest.mark.parametrize("reset", RESETS)
def test_late_resets_and_lost_steps_are_exact_without_leak(reset, decoding):
    for seed in range(4):
        network, x = random_lif_network(seed, **PLAIN)
        network = changed(network, reset=reset, offset=0.125, gain=0.5)._replace(decoding=decoding)
        result = nest3.run(network, Inputs(len(x), x))
        assert map_lif(network).exact and assert_same(network, x, result) > 50


@pytest.mark.parametrize("fires", ["above", "at"])
@pytest.mark.parametrize("current", CURRENTS)
@pytest.mark.parametrize("reset", RESETS)
def test_currents_leak_to_a_resting_potential_gain_and_offset(reset, current, fires):
    random = np.random.default_rng(len(reset) + len(current))
    for decoding in ("potential", "spikes"):
        network, x = random_lif_network(2, leaky=True, **{**PLAIN, "fires": fires})
        layers = []
        for layer in network.layers:
            drawn = {name: random.uniform(low, high, layer.size) for name, low, high in (
                ("beta", 0.3, 0.98), ("alpha", 0.1, 0.9), ("gain", 0.5, 1.5), ("offset", -0.2, 0.3), ("leak_to", -0.3, 0.4),
            )}  # fmt: skip
            own = neurons(layer, reset=reset, current=current, **drawn)
            layers.append(own._replace(initial=np.minimum(layer.initial, 0.5)))
        network = network._replace(layers=layers, decoding=decoding)
        result = nest3.run(network, Inputs(len(x), x))
        assert assert_same(network, x, result, tolerance=1e-12) > 50


@pytest.mark.parametrize("reset", RESETS[:2])
def test_a_lower_bound(reset):
    network, x = random_lif_network(7, **PLAIN)
    network = changed(network, reset=reset, lowest=-0.25)
    for decoding in ("potential", "spikes"):
        own = network._replace(decoding=decoding)
        assert_same(own, x, nest3.run(own, Inputs(len(x), x)))


@pytest.mark.parametrize("reset", RESETS)
def test_recurrent_weights(reset):
    random = np.random.default_rng(4)
    network, x = random_lif_network(1, **PLAIN)
    layers = [
        layer._replace(recurrent=np.round(random.normal(size=(layer.size, layer.size)) * 8 / layer.size) / 8)
        for layer in changed(network, reset=reset).layers
    ]
    for decoding in ("potential", "spikes"):
        own = network._replace(layers=layers, decoding=decoding)
        assert_same(own, x, nest3.run(own, Inputs(len(x), x)))


@pytest.mark.parametrize("reset", ["subtraction", "delayed-subtraction", "delayed-lost"])
def test_recurrent_weights_beside_a_current(reset):
    random = np.random.default_rng(5)
    network, x = random_lif_network(2, leaky=True, least=0.3, **PLAIN)
    layers = [
        layer._replace(recurrent=random.normal(size=(layer.size, layer.size)) * 0.5 / layer.size)
        for layer in changed(network, reset=reset, current="decay-first", alpha=0.6).layers
    ]
    for decoding in ("potential", "spikes"):
        own = network._replace(layers=layers, decoding=decoding)
        assert assert_same(own, x, nest3.run(own, Inputs(len(x), x)), tolerance=1e-12) > 50
    with pytest.raises(BridgeError, match="two steps back to its layer"):
        map_lif(network._replace(layers=[neurons(layer, reset="value") for layer in layers]))


@pytest.mark.parametrize("kind", ["average", "sum"])
def test_means_and_sums_of_windows(kind):
    network, x = random_convolutional_network(3)
    image = network.layers[0].convolution.output
    window = Convolution(image, (image[0] // 2, image[1] // 2, image[2]), (2, 2), (2, 2), (0, 0))
    size = int(np.prod(window.output))
    last = network.layers[-1]
    weights = np.round(np.random.default_rng(1).normal(size=(size, last.size)) * 8) / 8
    layers = [network.layers[0], last._replace(weights=weights, pooling=Pooling(kind, window), convolution=None)]
    lif = random_lif_network(0, **PLAIN)[0].layers[0].neuron
    network = network._replace(layers=[layer._replace(neuron=lif) for layer in layers])
    assert assert_same(network, x, nest3.run(network, Inputs(len(x), x))) > 50


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"max_spikes": 3.0, "reset": "subtraction"}, "several spikes per step"),
        ({"reset": "subtraction-late"}, "subtraction-late"),
        ({"reset": "subtraction", "current": "decay-first", "lowest": -1.0}, "gif_psc_exp has none"),
        ({"reset": "subtraction", "lowest": 0.5}, "a lower bound that what a spike leaves may reach"),
        ({"reset": "delayed-subtraction", "beta": 0.0, "lowest": -1.0}, "gif_psc_exp has none"),
        ({"reset": "delayed-lost", "threshold": -0.5}, "a threshold below what a lost step leaves"),
    ],
)
def test_what_nest_can_not_express_is_refused_with_layer_and_reason(changes, reason):
    network, _ = random_lif_network(0, **PLAIN)
    with pytest.raises(BridgeError) as caught:
        map_lif(changed(network, **changes))
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert "layer 0" in str(caught.value) and reason in str(caught.value)
