"""A source and layers of IFCurDelta, all to all: what the benchmark records.

Arguments: layers, neurons, steps, rate of the source, "record" or "spikes", time scale factor.
"""

import sys

import numpy
import pyNN.spiNNaker as sim

depth, neurons, steps = map(int, sys.argv[1:4])
rate, what, scale = float(sys.argv[4]), sys.argv[5], int(sys.argv[6])
random = numpy.random.default_rng(1)
sim.setup(timestep=1.0, time_scale_factor=scale)
times = [numpy.flatnonzero(random.random(steps) < rate).tolist() for _ in range(neurons)]
layers = [sim.Population(neurons, sim.SpikeSourceArray(spike_times=times))]
for _ in range(depth):
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
