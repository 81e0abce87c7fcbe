"""SpikeInjector and live output: spikes that the host sends while it runs come back while it runs."""

import threading
import time

import pyNN.spiNNaker as sim

from report import report

sim.setup(timestep=1.0)
connection = sim.external_devices.SpynnakerLiveSpikesConnection(
    receive_labels=["target"], send_labels=["injector"], local_port=None
)
injector = sim.Population(
    4, sim.external_devices.SpikeInjector(database_notify_port_num=connection.local_port), label="injector"
)
cell = sim.extra_models.IFCurDelta(cm=1.0, tau_m=20.0, tau_refrac=0.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
target = sim.Population(4, cell, label="target")
target.initialize(v=0.0)
target.record("spikes")
sim.Projection(injector, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=5.0, delay=1.0))
sent, came = [0, 2, 1, 3], []


def started(label, connection):
    def send():
        time.sleep(0.4)
        for neuron in sent:
            connection.send_spike(label, neuron)
            time.sleep(0.1)

    threading.Thread(target=send, daemon=True).start()


def received(label, _, neurons):
    came.extend(int(n) for n in neurons)


connection.add_start_resume_callback("injector", started)
connection.add_receive_callback("target", received)
sim.external_devices.activate_live_output_for(target, database_notify_port_num=connection.local_port)
sim.run(2000)
recorded = [len(train) for train in target.get_data("spikes").segments[0].spiketrains]
time.sleep(0.2)
sim.end()

report("neurons that came back live", sorted(came), sorted(sent))
report("spikes recorded by the neurons", recorded, [1, 1, 1, 1])
