"""IF_curr_exp: the potential after one spike, by its closed form; and the rate of constantly driven neurons."""

import math

import numpy as np
import pyNN.spiNNaker as sim

from report import report

TAU_M, TAU_SYN, CM, WEIGHT, AT = 20.0, 5.0, 1.0, 1.0, 10

sim.setup(timestep=1.0)
source = sim.Population(1, sim.SpikeSourceArray([[AT]]), label="source")
cell = dict(cm=CM, tau_m=TAU_M, tau_refrac=2.0, v_rest=-65.0, v_reset=-65.0, v_thresh=-50.0, tau_syn_E=TAU_SYN)
one = sim.Population(1, sim.IF_curr_exp(**cell), label="one")
driven = sim.Population(4, sim.IF_curr_exp(i_offset=[0.8, 1.0, 1.5, 2.0], **cell), label="driven")
for population in (one, driven):
    population.initialize(v=-65.0)
    population.record(["v", "spikes"])
sim.Projection(source, one, sim.OneToOneConnector(), sim.StaticSynapse(weight=WEIGHT, delay=1.0))
sim.run(300)
v = [float(x) for x in np.asarray(one.get_data("v").segments[0].filter(name="v")[0])[:, 0]]
counts = [len(train) for train in driven.get_data("spikes").segments[0].spiketrains]
sim.end()

# The spike arrives at AT + 1; its charge WEIGHT tau_syn spreads over the synapse's decay.
peak = max(v) + 65.0
t = TAU_M * TAU_SYN / (TAU_M - TAU_SYN) * math.log(TAU_M / TAU_SYN)
form = WEIGHT * TAU_M / CM * TAU_SYN / (TAU_M - TAU_SYN) * (math.exp(-t / TAU_M) - math.exp(-t / TAU_SYN))
report("height of a postsynaptic potential, mV", peak, form, tolerance=0.05 * form)
report("its time, ms after the spike", float(np.argmax(v)) - AT - 1, t, tolerance=1.5)


def interval(current):
    """R I has to exceed 15 mV; then tau ln(R I / (R I - 15)) and the refractory time, in whole steps."""
    drive = TAU_M / CM * current
    return math.ceil(TAU_M * math.log(drive / (drive - 15.0))) + 2


expected = [300 // interval(i) for i in (0.8, 1.0, 1.5, 2.0)]
report("spikes of constantly driven neurons", counts, expected, tolerance=1)
