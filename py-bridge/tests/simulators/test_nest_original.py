"""The thesis's set-ups against the same set-ups in plain PyNEST, with a dc_generator per input and a multimeter, as the original wrote them."""

import numpy as np
import pytest

from dsqn_bridge.simulators import nest_original
from dsqn_bridge.simulators.network import Layer, Network
from dsqn_bridge.simulators.neurons import LaggedLif
from dsqn_bridge.simulators.simulation import Inputs

nest = pytest.importorskip("nest", reason="NEST 3 is not installed")
if not str(getattr(nest, "__version__", "2")).startswith("3"):
    pytest.skip("this Python has NEST 2", allow_module_level=True)

from dsqn_bridge.simulators.nest3 import Kernel  # noqa: E402

SEED = 7


def network_of(sizes, rng):
    layers = [
        Layer(
            rng.normal(0, 1.5 / np.sqrt(a), (a, b)).astype(np.float32).astype(float),
            None if b == 5 else rng.normal(0, 0.1, b),
            np.zeros(b), LaggedLif(),
        )
        for a, b in zip(sizes[:-1], sizes[1:])
    ]  # fmt: skip
    return Network(layers, False, False, "constant", "potential", 60)


def plain(network, mapping, observations, steps):
    """Output potentials at steps - 1 ms, and (ms, layer, state, neuron) of every spike."""
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": mapping.resolution, "local_num_threads": 1, "rng_seed": SEED})
    states, layers = len(observations), network.layers
    populations = []
    for index, layer in enumerate(layers):
        output = index == len(layers) - 1
        model = "iaf_psc_delta" if output else mapping.model
        parameters = {**nest_original.IAF, "V_th": 1e300} if output else mapping.parameters
        nodes = nest.Create(model, layer.size * states, parameters)
        nodes.I_e = np.tile(np.zeros(layer.size) if layer.biases is None else layer.biases, states).tolist()
        populations.append([nodes[s * layer.size : (s + 1) * layer.size] for s in range(states)])
    recorder = nest.Create("spike_recorder")
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 1.0})
    for s, observation in enumerate(observations):
        before = nest.Create("dc_generator", len(observation), [{"amplitude": float(x)} for x in observation])
        for index, layer in enumerate(layers):
            after = populations[index][s]
            weights = layer.weights.T * (mapping.factor if index else 1.0)
            nest.Connect(before, after, "all_to_all", {"weight": weights, "delay": 1.0})
            if index < len(layers) - 1:
                nest.Connect(after, recorder)
            before = after
        nest.Connect(meter, before)
    nest.Simulate(float(steps))
    events, samples = recorder.get("events"), meter.get("events")
    at = samples["times"] == steps - 1
    of_sender = dict(zip(samples["senders"][at], samples["V_m"][at]))
    potentials = np.array([[of_sender[node.global_id] for node in populations[-1][s]] for s in range(states)])
    places = {
        node.global_id: (index, s, j)
        for index, copies in enumerate(populations[:-1])
        for s, nodes in enumerate(copies)
        for j, node in enumerate(nodes)
    }
    spikes = sorted(
        (int(np.ceil(t - 1e-6)), *places[sender])
        for sender, t in zip(events["senders"], events["times"])
        if t < steps - 1 + 1e-6
    )
    nest.ResetKernel()
    return potentials, spikes


@pytest.mark.parametrize("name", nest_original.SETUPS)
def test_currents_that_are_set_are_those_of_generators(name):
    rng = np.random.default_rng(3)
    network = network_of([4, 9, 5, 2], rng)
    observations = rng.normal(0, 1, (3, 4))
    mapping = nest_original.map_network(network, name)
    expected, spikes = plain(network, mapping, observations, network.steps)
    inputs = Inputs(len(observations), observations)
    result = nest_original.run(Kernel(), network, mapping, inputs, network.steps, SEED, lambda done: None)
    assert len(spikes) > 100
    assert result.potentials.tolist() == expected.tolist()
    found = sorted(
        (int(step), index, int(state), int(neuron))
        for index, layer in enumerate(result.spikes)
        for state, step, neuron in zip(layer.state, layer.step, layer.neuron)
    )
    assert found == spikes
    unrecorded = nest_original.run(Kernel(), network, mapping, inputs, network.steps, SEED, lambda done: None, False)
    assert unrecorded.spikes == [] and unrecorded.potentials.tolist() == expected.tolist()


def test_a_run_too_short_for_any_input():
    network = network_of([4, 3, 2], np.random.default_rng(1))
    mapping = nest_original.map_network(network, "nest-original-iaf")
    for steps in (1, 2):
        result = nest_original.run(
            Kernel(), network, mapping, Inputs(1, np.ones((1, 4))), steps, SEED, lambda done: None
        )
        expected, _ = plain(network, mapping, np.ones((1, 4)), steps) if steps > 1 else (np.zeros((1, 2)), [])
        assert result.potentials.tolist() == expected.tolist()
