"""`mode = Debug`: every report that sPyNNaker makes, its provenance and iobuf, and not one warning."""

import glob
import logging
import os
import sqlite3

with open("spynnaker.cfg", "w") as file:
    file.write("[Mode]\nmode = Debug\n[Reports]\nwrite_network_graph = False\n")

import pyNN.spiNNaker as sim  # noqa: E402

from report import report  # noqa: E402

warnings = []


class Collect(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())


logging.getLogger().addHandler(Collect(logging.WARNING))
sim.setup(timestep=1.0)
source = sim.Population(20, sim.SpikeSourcePoisson(rate=50.0), label="source")
target = sim.Population(20, sim.IF_curr_exp(), label="target")
target.record(["spikes", "v"])
sim.Projection(source, target, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=1.0, delay=2.0))
sim.run(100)
folder = sorted(glob.glob("reports/*"))[-1]
sim.end()

iobuf = glob.glob(os.path.join("reports", "**", "iobuf_*.txt"), recursive=True)
late = 0
for path in glob.glob(os.path.join("reports", "**", "data*.sqlite3"), recursive=True):
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT description, the_value FROM core_provenance").fetchall()
    wanted = ("late spike", "late_spike", "lost", "skipped")
    late += sum(value for name, value in rows if any(word in name.lower() for word in wanted))
report("warnings", len(warnings), 0)
report("late, lost or skipped, in the provenance", late, 0)
report("iobuf files there are", float(len(iobuf) > 0), 1.0)
report("reports there are", float(len(os.listdir(os.path.join(folder, "run_1"))) > 10), 1.0)
