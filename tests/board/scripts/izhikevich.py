"""Izhikevich: the number of spikes of a regular spiking neuron, against the equations solved in steps of a hundredth."""

import pyNN.spiNNaker as sim

from report import report

A, B, C, D, CURRENTS = 0.02, 0.2, -65.0, 8.0, [5.0, 10.0, 15.0]

sim.setup(timestep=1.0)
cells = sim.Population(3, sim.Izhikevich(a=A, b=B, c=C, d=D, i_offset=CURRENTS), label="cells")
cells.initialize(v=-65.0, u=-13.0)
cells.record("spikes")
sim.run(400)
counts = [len(train) for train in cells.get_data("spikes").segments[0].spiketrains]
sim.end()

expected = []
for current in CURRENTS:
    v, u, n, h = -65.0, -13.0, 0, 0.01
    for _ in range(40_000):
        v, u = v + h * (0.04 * v * v + 5 * v + 140 - u + current), u + h * A * (B * v - u)
        if v >= 30.0:
            v, u, n = C, u + D, n + 1
    expected.append(n)
report("spikes in 400 ms", counts, expected, tolerance=1)
