"""A source, two layers of IFCurDelta, all to all: what the benchmark records. Arguments: neurons, steps, rate of the source, "record" or "spikes"."""

import sys

import numpy
import pyNN.spiNNaker as sim

neurons, steps, rate, what = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
random = numpy.random.default_rng(1)
sim.setup(timestep=1.0, time_scale_factor=2)
times = [numpy.flatnonzero(random.random(steps) < rate).tolist() for _ in range(neurons)]
layers = [sim.Population(neurons, sim.SpikeSourceArray(spike_times=times))]
for _ in range(2):
    cell = sim.IF_curr_delta(tau_m=20.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_refrac=0.0)
    layer = sim.Population(neurons, cell)
    layer.initialize(v=0.0)
    layer.record(["v", "spikes"] if what == "record" else ["spikes"])
    weights = random.normal(0.02, 0.3, (neurons, neurons))
    for sign, receptor in ((1, "excitatory"), (-1, "inhibitory")):
        pairs = [(i, j, abs(weights[i, j]), 1.0) for i, j in numpy.argwhere(sign * weights > 0)]
        sim.Projection(layers[-1], layer, sim.FromListConnector(pairs), receptor_type=receptor)
    layers.append(layer)
sim.run(steps)
sim.end()
