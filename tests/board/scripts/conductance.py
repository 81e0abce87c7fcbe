"""IF_cond_exp: the potential after a spike against the differential equation, solved in steps of a hundredth."""

import numpy as np
import pyNN.spiNNaker as sim

from report import report

TAU_M, TAU_SYN, CM, WEIGHT, AT, E_REV = 20.0, 5.0, 1.0, 0.02, 10, 0.0

sim.setup(timestep=1.0)
source = sim.Population(1, sim.SpikeSourceArray([[AT]]), label="source")
cell = dict(
    cm=CM, tau_m=TAU_M, tau_refrac=2.0, v_rest=-65.0, v_reset=-65.0, v_thresh=-40.0, tau_syn_E=TAU_SYN, e_rev_E=E_REV
)
one = sim.Population(1, sim.IF_cond_exp(**cell), label="one")
one.initialize(v=-65.0)
one.record("v")
sim.Projection(source, one, sim.OneToOneConnector(), sim.StaticSynapse(weight=WEIGHT, delay=1.0))
sim.run(80)
measured = np.asarray(one.get_data("v").segments[0].filter(name="v")[0])[:, 0]
sim.end()

v, g, h, curve = -65.0, 0.0, 0.01, []
for step in range(8000):
    if step % 100 == 0:
        curve.append(v)
    if step == (AT + 1) * 100:
        g += WEIGHT
    v += h * ((-65.0 - v) / TAU_M + g * (E_REV - v) / CM)
    g -= h * g / TAU_SYN

report(
    "height of a postsynaptic potential, mV",
    float(measured.max()) + 65.0,
    max(curve) + 65.0,
    tolerance=0.1 * (max(curve) + 65.0),
)
report("its time, ms", float(measured.argmax()), float(np.argmax(curve)), tolerance=1.5)
