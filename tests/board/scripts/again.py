"""run, run, reset, run: the same spikes in one piece, in two, and again."""

import pyNN.spiNNaker as sim

from report import report

sim.setup(timestep=1.0)
source = sim.Population(8, sim.SpikeSourceArray([[i + 1, 2 * i + 20, 70 + i] for i in range(8)]), label="source")
cell = sim.extra_models.IFCurDelta(cm=1.0, tau_m=30.0, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
first = sim.Population(8, cell, label="first")
second = sim.Population(4, cell, label="second")
for population in (first, second):
    population.initialize(v=0.0)
    population.record("spikes")
sim.Projection(source, first, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.4, delay=1.0))
sim.Projection(first, second, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=2.0))


def spikes(segment):
    return [
        round(float(t))
        for p in (first, second)
        for train in p.get_data("spikes").segments[segment].spiketrains
        for t in train
    ]


sim.run(60)
sim.run(36)
pieces = spikes(0)
sim.reset()
sim.run(96)
whole = spikes(1)
sim.reset()
sim.run(48)
half = spikes(2)
sim.end()

report("spikes there are", float(len(pieces) > 20), 1.0)
report("after a reset, in one piece", whole, pieces)
report("after another, the first half", half, [t for t in pieces if t < 48])
