"""Run by the interpreter that has NEST 2: random networks against our equations."""

from dsqn_bridge.simulators import nest2
from dsqn_bridge.simulators.nest_network import Inputs

from .networks import assert_same, random_convolutional_network, random_lif_network, random_network, random_trains

if __name__ == "__main__":
    spikes = 0
    for seed in range(24):
        leaky = seed % 3 == 2
        make = random_convolutional_network if seed % 4 == 1 else random_network
        network, x = make(seed, leaky=leaky)
        tolerance = 1e-12 if leaky else 0.0
        spikes += assert_same(network, x, nest2.run(network, Inputs(len(x), x)), tolerance)
        trains, inputs = random_trains(seed, network, len(x))
        spikes += assert_same(network, x, nest2.run(network, inputs), tolerance, trains)
        network, x = random_lif_network(seed, leaky=leaky, convolutional=seed % 4 == 1, least=0.3)
        spikes += assert_same(network, x, nest2.run(network, Inputs(len(x), x)), tolerance)
    print("NEST %s: %d spikes, all in their bins" % (nest2.version_of(nest2.import_nest()), spikes))
