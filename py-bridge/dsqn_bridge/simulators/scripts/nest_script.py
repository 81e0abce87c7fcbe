"""A spiking network in NEST 3, and a check that it spikes as it did in dsqn. Needs nest and numpy.

    python THIS_FILE

What makes both equal to the last bit: one step is 1 ms; without leak tau_m is 1e300, so that exp(-h / tau_m) is exactly 1; constant currents
(observation x W0 + b0, and each bias) are one weighted spike per step; layers are 2 ms apart; NEST fires at V >= V_th, dsqn at
V > threshold, so V_th is the next float64 above. With a leak exponentials round differently: potentials then agree to 1e-12.
"""

import base64
import json
import math
import sys

import nest
import numpy as np

MODEL = json.loads(r"""@MODEL@""")


def array(name, dtype):
    return np.frombuffer(base64.b64decode(MODEL["arrays"][name]), dtype)


LAYERS = MODEL["layers"]
STEPS = MODEL["steps"]
STATES = MODEL["states"]
# A synaptic current with this time constant is gone after a step, but for 1e-28 of it.
INSTANT = 1 / 64
SPIKING = len(LAYERS) - (0 if MODEL["outputSpikes"] else 1)


def weights(index):
    layer = LAYERS[index]
    values = array("w%d" % index, "<f4").astype(float)
    if layer["convolution"]:
        return values.reshape(*layer["convolution"]["kernel"], layer["convolution"]["input"][2], -1)
    matrix = values.reshape(-1, layer["outputs"])
    return np.concatenate([matrix, -matrix]) if index == 0 and MODEL["signedInputs"] else matrix


def synapses(index):
    """Source, target and weight of every synapse, for each target by ascending source."""
    values, geometry = weights(index), LAYERS[index]["convolution"]
    if not geometry:
        source, target = np.indices(values.shape).reshape(2, -1)
        return source, target, values.ravel()
    # out(y, x, f) = sum over i, j, c of in(y * stride + i - padding, x * stride + j - padding, c) W[i, j, c, f]
    (height, width, channels), (rows, columns, filters) = geometry["input"], geometry["output"]
    y, x, i, j, c, f = np.indices((rows, columns, *values.shape), np.int32).reshape(6, -1)
    row = y * geometry["strides"][0] + i - geometry["padding"][0]
    column = x * geometry["strides"][1] + j - geometry["padding"][1]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    source, target = (row * width + column) * channels + c, (y * columns + x) * filters + f
    return source[inside].astype(int), target[inside].astype(int), values[i, j, c, f][inside]


def input_currents():
    """[states, neurons of the first layer]: products summed by ascending input, as dsqn sums them, then the bias."""
    source, target, weight = synapses(0)
    currents = np.zeros((STATES, LAYERS[0]["outputs"]))
    for state, x in enumerate(array("inputs", "<f8").reshape(STATES, -1)):
        np.add.at(currents[state], target, x[source] * weight)
    return currents + biases(0)


def biases(index):
    name = "b%d" % index
    return array(name, "<f4").astype(float) if name in MODEL["arrays"] else np.zeros(LAYERS[index]["outputs"])


def neuron(index):
    """Model and parameters of one layer; the network is copied once per state, all in one kernel."""
    layer, spikes = LAYERS[index], index < SPIKING
    name = "v%d" % index
    start = array(name, "<f4").astype(float) if name in MODEL["arrays"] else np.zeros(layer["outputs"])
    common = {
        "C_m": 1.0,
        "E_L": 0.0,
        "I_e": 0.0,
        "tau_m": 1e300 if layer["beta"] == 1 else -1 / math.log(layer["beta"]),
    }
    if not spikes:
        return "iaf_psc_delta", {
            **common,
            "V_reset": 0.0,
            "t_ref": 1.0,
            "V_th": 1e300,
            "V_m": np.tile(start, STATES).tolist(),
        }
    if layer["reset"] == "zero":
        v_th = float(np.nextafter(layer["threshold"], np.inf))
        return "iaf_psc_delta", {
            **common,
            "V_reset": 0.0,
            "t_ref": 1.0,
            "V_th": v_th,
            "V_m": np.tile(start, STATES).tolist(),
        }
    if layer["beta"] < 1:
        # Deterministic: its threshold grows by resetBy at a spike and decays like the membrane, which is not touched.
        n = layer["outputs"] * STATES
        return "gif_psc_exp", {
            **{
                "C_m": 1.0,
                "I_e": 0.0,
                "E_L": 0.0,
                "g_L": 1 / common["tau_m"],
                "tau_syn_ex": INSTANT,
                "tau_syn_in": INSTANT,
            },
            **{
                "t_ref": 0.0,
                "V_T_star": layer["threshold"],
                "q_sfa": [[layer["resetBy"]]] * n,
                "tau_sfa": [[common["tau_m"]]] * n,
            },
            **{"lambda_0": 1e-300, "Delta_V": 1e-300, "V_m": np.tile(start, STATES).tolist()},
        }
    # eprop_iaf takes off its threshold: where dsqn takes off something else the potential is shifted by the difference.
    v_th = float(np.nextafter(layer["resetBy"], np.inf))
    start = start + layer["resetBy"] - layer["threshold"]
    return "eprop_iaf", {**common, "t_ref": 0.0, "V_th": v_th, "V_m": np.tile(start, STATES).tolist()}


def factor(index):
    """What weights to a layer are multiplied by: gif_psc_exp has a synaptic current, which is gone within a step; this is what it adds up."""
    layer = LAYERS[index]
    if index >= SPIKING or layer["reset"] == "zero" or layer["beta"] == 1:
        return 1.0
    tau_m = -1 / math.log(layer["beta"])
    difference = 1 / tau_m - 1 / INSTANT
    return 1 / (math.exp(-1 / tau_m) * math.expm1(difference) / difference)


def connect(pre, post, values, delay):
    nest.Connect(pre, post, "one_to_one", {"weight": values, "delay": np.full(len(values), delay)})


def every_step(index, currents, population):
    """`currents` [states * neurons] to a whole population in every step."""
    clock = nest.Create("spike_generator", params={"spike_times": np.arange(1.0, STEPS)})
    targets = np.asarray(population.tolist())
    connect(np.full(len(targets), clock.global_id), targets, currents * factor(index), 1.0)


def feed(first):
    size = LAYERS[0]["outputs"]
    if MODEL["encoding"] == "constant":
        every_step(0, input_currents().ravel(), first)
        return
    source, target, weight = synapses(0)
    events = array("inputSpikes", "<i4").reshape(3, -1)  # state, step, neuron
    targets = np.asarray(first.tolist()).reshape(STATES, size)
    for state in range(STATES):
        for i in np.unique(source):
            steps = events[1][(events[0] == state) & (events[2] == i) & (events[1] < STEPS - 1)]
            if len(steps):
                generator = nest.Create("spike_generator", params={"spike_times": np.sort(steps) + 1.0})
                own = source == i
                connect(
                    np.full(own.sum(), generator.global_id), targets[state][target[own]], weight[own] * factor(0), 1.0
                )
    every_step(0, np.tile(biases(0), STATES), first)


def main():
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = 1.0
    populations = []
    for index, layer in enumerate(LAYERS):
        model, parameters = neuron(index)
        populations.append(nest.Create(model, layer["outputs"] * STATES, parameters))
    feed(populations[0])
    for index in range(1, len(LAYERS)):
        source, target, weight = synapses(index)
        pre = np.asarray(populations[index - 1].tolist()).reshape(STATES, -1)
        post = np.asarray(populations[index].tolist()).reshape(STATES, -1)
        for state in range(STATES):
            connect(pre[state][source], post[state][target], weight * factor(index), 2.0)
        every_step(index, np.tile(biases(index), STATES), populations[index])
    recorder = nest.Create("spike_recorder")
    for population in populations[:SPIKING]:
        nest.Connect(population, recorder)
    nest.Simulate(float(STEPS))
    return check(populations, recorder)


def check(populations, recorder):
    events = recorder.get("events")
    spikes = mismatched = bins = 0
    for index, population in enumerate(populations[:SPIKING]):
        size = LAYERS[index]["outputs"]
        own = (events["senders"] >= population[0].global_id) & (events["senders"] <= population[-1].global_id)
        cell = events["senders"][own] - population[0].global_id
        step = np.rint(events["times"][own]).astype(int)
        inside = step < STEPS
        state, neuron_index = cell // size, cell % size
        found = set(((state * STEPS + step) * size + neuron_index)[inside].tolist())
        expected = array("spikes%d" % index, "<i4").reshape(3, -1).astype(int)
        wanted = set(((expected[0] * STEPS + expected[1]) * size + expected[2]).tolist())
        spikes += len(found)
        bins += STATES * STEPS * size
        mismatched += len(found ^ wanted)
    print("network           %s" % MODEL["sha256"])
    print("NEST              %s, %d states x %d steps" % (nest.__version__, STATES, STEPS))
    print("spikes            %d in %d bins" % (spikes, bins))
    print("mismatched bins   %d" % mismatched)
    error = 0.0
    if not MODEL["outputSpikes"]:
        potentials = np.asarray(populations[-1].V_m).reshape(STATES, -1)
        error = float(np.abs(potentials - array("potentials", "<f8").reshape(STATES, -1)).max())
        print("potential error   %g" % error)
        print("actions           %s" % potentials.argmax(axis=1).tolist())
    return 0 if mismatched == 0 and error <= MODEL["tolerance"] else 1


if __name__ == "__main__":
    sys.exit(main())
