"""sPyNNaker's own defaults: monitors on every chip, reinjection, fast data in and out. More data than a packet's worth comes back."""

import numpy as np

with open("spynnaker.cfg", "w") as file:
    file.write("[Machine]\nenable_advanced_monitor_support = True\nenable_reinjection = True\n")

import pyNN.spiNNaker as sim  # noqa: E402

from report import report  # noqa: E402

N, STEPS = 64, 200
sim.setup(timestep=1.0)
cell = sim.extra_models.IFCurDelta(cm=1.0, tau_m=50.0, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
cells = sim.Population(N, cell, label="cells")
cells.set(i_offset=[i / 1024 for i in range(N)])
cells.initialize(v=0.0)
cells.record(["spikes", "v"])
other = sim.Population(N, cell, label="other")
other.initialize(v=0.0)
other.record("spikes")
# Enough synapses for the host to send them by the fast way.
weights = np.full((N, N), 0.0)
np.fill_diagonal(weights, 3.0)
sim.Projection(cells, other, sim.ArrayConnector(np.ones((N, N), bool)), sim.StaticSynapse(weight=3.0, delay=1.0))
sim.run(STEPS)
data = cells.get_data().segments[0]
v = np.asarray(data.filter(name="v")[0])
sent = sorted({round(float(t)) for train in data.spiketrains for t in train})
got = sorted({round(float(t)) for train in other.get_data("spikes").segments[0].spiketrains for t in train})
sim.end()

report("potentials that came back", v.size, N * STEPS)
report("of them finite", int(np.isfinite(v).sum()), N * STEPS)
report(
    "a neuron's potential, after its steps without spikes",
    float(v[STEPS - 1, 1]),
    50.0 / 1024 * (1 - np.exp(-(STEPS - 1) / 50.0)),
    tolerance=0.01,
)
report("spike times of what they drive", got, [t + 1 for t in sent if t + 1 < STEPS])
