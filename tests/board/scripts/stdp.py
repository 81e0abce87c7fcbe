"""Pair STDP with additive weights: one pair of spikes, ten distances; the weights that come back, within the steps in which they are stored."""

import math

import pyNN.spiNNaker as sim

from report import report

TAU, A_PLUS, A_MINUS, START, TOP = 20.0, 0.1, 0.12, 1.0, 2.0
PRE = 30
LAGS = [-12, -8, -5, -3, 3, 5, 8, 12, 16, 20]  # of the postsynaptic spike

sim.setup(timestep=1.0)
n = len(LAGS)
# A second presynaptic spike, late: synapses learn when their source spikes.
pre = sim.Population(n, sim.SpikeSourceArray([[PRE, 180]] * n), label="pre")
teacher = sim.Population(n, sim.SpikeSourceArray([[PRE + 1 + lag - 1] for lag in LAGS]), label="teacher")
post = sim.Population(n, sim.IF_curr_exp(tau_syn_E=1.0, tau_refrac=5.0), label="post")
post.record("spikes")
stdp = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(tau_plus=TAU, tau_minus=TAU, A_plus=A_PLUS, A_minus=A_MINUS),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=TOP),
    weight=START,
    delay=1.0,
)
plastic = sim.Projection(pre, post, sim.OneToOneConnector(), synapse_type=stdp)
sim.Projection(teacher, post, sim.OneToOneConnector(), sim.StaticSynapse(weight=60.0, delay=1.0))
sim.run(200)
trains = [[float(t) for t in train] for train in post.get_data("spikes").segments[0].spiketrains]
weights = [float(w[2]) for w in plastic.get("weight", "list")]
sim.end()

expected = []
for train in trains:
    weight = START
    for t in train:
        # Delays are dendritic: the synapse sees a postsynaptic spike a delay of 1 ms later, a presynaptic one when it is sent.
        for sent in (PRE, 180):
            lag = t + 1 - sent
            if lag > 0:
                weight += A_PLUS * math.exp(-lag / TAU)
            elif lag < 0:
                weight -= A_MINUS * math.exp(lag / TAU)
    expected.append(weight)
report("postsynaptic spikes, one each", [len(t) for t in trains], [1] * n)
# Weights are stored in steps of 1/512, and each of the two changes is rounded to one.
report("weights", weights, expected, tolerance=2 / 512)
