"""SpikeSourcePoisson: the number of spikes within three sigma, and every one of them arrives at a neuron."""

import math

import pyNN.spiNNaker as sim

from report import report

N, RATE, SECONDS = 100, 40.0, 0.5

sim.setup(timestep=1.0)
source = sim.Population(N, sim.SpikeSourcePoisson(rate=RATE), label="source", additional_parameters={"seed": 12345})
cell = sim.extra_models.IFCurDelta(cm=1.0, tau_m=20.0, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
target = sim.Population(N, cell, label="target")
target.initialize(v=0.0)
sim.Projection(source, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=3.0, delay=1.0))
for population in (source, target):
    population.record("spikes")
sim.run(SECONDS * 1000)
sent = [sorted(round(float(t)) for t in train) for train in source.get_data("spikes").segments[0].spiketrains]
got = [sorted(round(float(t)) for t in train) for train in target.get_data("spikes").segments[0].spiketrains]
sim.end()

mean = N * RATE * SECONDS
report("spikes of all sources", sum(map(len, sent)), mean, tolerance=3 * math.sqrt(mean))
arrived = [[t + 1 for t in train if t + 1 < SECONDS * 1000] for train in sent]
# A source may spike twice in a step; a neuron does so once.
report("spike times of the neurons behind them", sum(got, []), sum([sorted(set(t)) for t in arrived], []))
