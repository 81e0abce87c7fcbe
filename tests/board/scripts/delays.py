"""Delays from 1 to 48 ms, beyond 16 by the delay extension: every spike arrives when it should."""

import pyNN.spiNNaker as sim

from report import report

DELAYS = [1, 2, 7, 15, 16, 17, 31, 32, 33, 48]

sim.setup(timestep=1.0)
source = sim.Population(1, sim.SpikeSourceArray([[3, 70]]), label="source")
cell = sim.extra_models.IFCurDelta(cm=1.0, tau_m=5.0, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
target = sim.Population(len(DELAYS), cell, label="target")
target.initialize(v=0.0)
target.record("spikes")
rows = [(0, i, 5.0, float(d)) for i, d in enumerate(DELAYS)]
projection = sim.Projection(source, target, sim.FromListConnector(rows))
sim.run(130)
got = [[round(float(t)) for t in train] for train in target.get_data("spikes").segments[0].spiketrains]
read = [float(row[2]) for row in projection.get("delay", "list")]
weights = [float(row[2]) for row in projection.get("weight", "list")]
sim.end()

report("spike times", sum(got, []), sum([[3 + d, 70 + d] for d in DELAYS], []))
report("delays read back", sorted(read), [float(d) for d in DELAYS])
report("weights read back", weights, [5.0] * len(DELAYS), tolerance=0.001)
