"""IFCurDelta: potentials word for word by the line that the binary computes, and spikes through three layers."""

import math

import numpy as np
import pyNN.spiNNaker as sim

from report import report

STEPS, TAU = 100, 100.0
ONE = 1 << 15  # s16.15

sim.setup(timestep=1.0)
cell = dict(cm=1.0, tau_m=TAU, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
driven = sim.Population(16, sim.extra_models.IFCurDelta(i_offset=0.0, **cell), label="driven")
driven.set(i_offset=[i / 256 for i in range(16)])
source = sim.Population(2, sim.SpikeSourceArray([[5, 20, 60], [33]]), label="source")
first = sim.Population(2, sim.extra_models.IFCurDelta(i_offset=0.0, **cell), label="first")
second = sim.Population(2, sim.extra_models.IFCurDelta(i_offset=0.0, **cell), label="second")
for population in (driven, first, second):
    population.initialize(v=0.0)
    population.record(["v", "spikes"])
for before, after in ((source, first), (first, second)):
    sim.Projection(before, after, sim.OneToOneConnector(), sim.StaticSynapse(weight=2.0, delay=1.0))
sim.run(STEPS)


def spikes(population):
    return [[round(float(t)) for t in train] for train in population.get_data("spikes").segments[0].spiketrains]


words = [round(float(v) * ONE) for v in np.asarray(driven.get_data("v").segments[0].filter(name="v")[0]).T.ravel()]
trains, relayed, again = spikes(driven), spikes(first), spikes(second)
sim.end()

decay, resistance = round(math.exp(-1.0 / TAU) * ONE), round(TAU * ONE)
expected, expected_trains = [], []
for i in range(16):
    v, train = 0, []
    alpha = (resistance * round(i / 256 * ONE)) >> 15
    for t in range(STEPS):
        expected.append(v)
        v = alpha - ((decay * (alpha - v)) >> 15)
        if v >= ONE:
            v = 0
            train.append(t)
    expected_trains.append(train)

report("potentials, in units of 2^-15", words, expected)
report("spike times of driven neurons", sum(trains, []), sum(expected_trains, []))
report("a step later in the next layer", sum(relayed, []), [6, 21, 61, 34])
report("and two in the one after it", sum(again, []), [7, 22, 62, 35])
