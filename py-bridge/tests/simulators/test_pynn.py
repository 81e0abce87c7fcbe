"""PyNN on NEST against our equations: native and standard cells, to the last bit."""

import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators import nest_network
from dsqn_bridge.simulators.nest_network import Inputs

from .networks import assert_same, random_network, random_trains

pytest.importorskip("pyNN.nest", reason="PyNN with NEST is not installed")

from dsqn_bridge.simulators import pynn  # noqa: E402


def run(network, inputs, standard):
    return nest_network.run(pynn.Kernel(standard), network, pynn.map_pynn(network, standard), inputs, network.steps)


@pytest.mark.parametrize("seed", range(5))
def test_native_cells(seed):
    network, x = random_network(seed)
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=False))


@pytest.mark.parametrize("seed", range(3))
def test_standard_cells(seed):
    network, x = random_network(seed, reset="zero")
    assert_same(network, x[:2], run(network, Inputs(len(x[:2]), x[:2]), standard=True))


def test_spikes_as_input():
    network, x = random_network(6)
    trains, inputs = random_trains(6, network, len(x))
    assert_same(network, x, run(network, inputs, standard=False), trains=trains)


def test_no_standard_cell_is_reset_by_subtraction():
    network, _ = random_network(0, reset="subtraction")
    with pytest.raises(BridgeError) as caught:
        pynn.map_pynn(network, standard=True)
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
