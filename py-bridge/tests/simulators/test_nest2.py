"""The NEST 2 adapter: against a strict stand-in that knows 2.x calls only, and against a real NEST 2 where DSQN_NEST2_PYTHON names one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators import nest2, nest_network
from dsqn_bridge.simulators.nest_network import Inputs

from .networks import (
    assert_same,
    neurons,
    random_convolutional_network,
    random_lif_network,
    random_network,
    random_trains,
)

REAL = os.environ.get("DSQN_NEST2_PYTHON")
HERE = Path(__file__).resolve()


@pytest.fixture
def kernel():
    nest = pytest.importorskip("nest", reason="the stand-in computes with NEST 3")
    if not str(getattr(nest, "__version__", "2")).startswith("3"):
        pytest.skip("this Python has a real NEST 2")
    from .nest2_standin import NEST2

    nest.ResetKernel()
    return nest2.Kernel(NEST2())


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_only_documented_calls_and_the_same_spikes(kernel, seed, leaky):
    network, x = random_network(seed, leaky=leaky, mixed=seed > 5)
    mapping = nest2.map_network(network)
    result = nest_network.run(kernel, network, mapping, Inputs(len(x), x), network.steps)
    assert_same(network, x, result, tolerance=1e-12 if leaky else 0.0)
    trains, inputs = random_trains(seed, network, len(x))
    assert_same(
        network, x, nest_network.run(kernel, network, mapping, inputs, network.steps), 1e-12 if leaky else 0.0, trains
    )


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_lif(kernel, seed, leaky):
    network, x = random_lif_network(seed, leaky=leaky, convolutional=seed == 5, least=0.3)
    mapping = nest2.map_network(network)
    tolerance = 1e-12 if leaky else 0.0
    assert_same(network, x, nest_network.run(kernel, network, mapping, Inputs(len(x), x), network.steps), tolerance)
    trains, inputs = random_trains(seed, network, len(x))
    assert_same(network, x, nest_network.run(kernel, network, mapping, inputs, network.steps), tolerance, trains)


@pytest.mark.parametrize("current", ["none", "decay-first"])
@pytest.mark.parametrize("reset", ["subtraction", "value", "delayed-subtraction", "delayed-lost"])
def test_lif_with_currents_and_late_resets(kernel, reset, current):
    network, x = random_lif_network(1, leaky=True, least=0.3, threshold=0.75, reset_by=0.75, reset_to=0.0)
    changes = {"alpha": 0.6, "gain": 0.5, "offset": 0.125, "leak_to": 0.25}
    layers = [
        neurons(layer, reset=reset, current=current, **changes)._replace(initial=np.minimum(layer.initial, 0.5))
        for layer in network.layers
    ]
    for decoding in ("potential", "spikes"):
        own = network._replace(layers=layers, decoding=decoding)
        result = nest_network.run(kernel, own, nest2.map_network(own), Inputs(len(x), x), own.steps)
        assert assert_same(own, x, result, tolerance=1e-12) > 20


@pytest.mark.parametrize("seed", range(4))
def test_convolutions(kernel, seed):
    network, x = random_convolutional_network(seed)
    mapping = nest2.map_network(network)
    assert_same(network, x, nest_network.run(kernel, network, mapping, Inputs(len(x), x), network.steps))


def test_a_kernel_in_use_is_refused(kernel):
    kernel.nest.Create("iaf_psc_delta", 2)
    with pytest.raises(BridgeError) as caught:
        kernel.open(1.0)
    assert caught.value.code == "KERNEL_IN_USE"
    kernel.nest.ResetKernel()


def test_nest_3_is_not_taken_for_nest_2():
    class NEST3:
        def version(self):
            return "3.10.0"

    with pytest.raises(BridgeError) as caught:
        nest2.Kernel(NEST3())
    assert caught.value.code == "SIMULATOR_VERSION"


@pytest.mark.skipif(not REAL, reason="DSQN_NEST2_PYTHON names no interpreter with NEST 2")
def test_a_real_nest_2():
    """In that interpreter, which needs no pytest: the same networks, the same comparison."""
    path = os.pathsep.join([str(HERE.parents[2]), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [REAL, "-m", "simulators.real_nest2"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout.decode()[-4000:]
    print(done.stdout.decode().splitlines()[-1], file=sys.stderr)
