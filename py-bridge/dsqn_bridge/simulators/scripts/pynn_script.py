"""A spiking network in PyNN, and a check that it spikes as it did in dsqn. Needs PyNN with a backend, and numpy.

    python THIS_FILE [nest | spiNNaker | ...]

One step is 1 ms. Reset to zero is the standard cell IF_curr_delta; reset by subtraction is no standard cell, and is NEST's native eprop_iaf.
Constant currents (observation x W0 + b0, and each bias) are one weighted spike per step, so that every input is a synapse. On a
backend that isn't NEST expect differences: how a tie at the threshold falls, single precision, fixed point, or a leak (tau_m is limited).
"""

import base64
import importlib
import json
import sys

import numpy as np

MODEL = json.loads(r"""@MODEL@""")
BACKEND = sys.argv[1] if len(sys.argv) > 1 else "nest"
sim = importlib.import_module("pyNN." + BACKEND)
ON_NEST = BACKEND == "nest"
NO_LEAK = {"nest": 1e300, "spiNNaker": 1024.0}.get(BACKEND, 1e9)


def array(name, dtype):
    return np.frombuffer(base64.b64decode(MODEL["arrays"][name]), dtype)


# A synaptic current with this time constant is gone after a step, but for 1e-28 of it.
INSTANT = 1 / 64
LAYERS = MODEL["layers"]
STEPS = MODEL["steps"]
STATES = MODEL["states"]
LAST = len(LAYERS) - 1
# Spike sources can't fire in the first millisecond everywhere: our step t is PyNN's t + START ms.
START = 1


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


def cell(index):
    layer = LAYERS[index]
    tau_m = NO_LEAK if layer["beta"] == 1 else -1 / np.log(layer["beta"])
    if index < LAST and layer["reset"] == "subtraction":
        if not ON_NEST:
            sys.exit(
                "Reset by subtraction has no standard cell in PyNN: run this on nest, or export a network with reset to zero."
            )
        leaks = layer["beta"] < 1
        native = sim.native_cell_type("gif_psc_exp" if leaks else "eprop_iaf")
        native.variable_map, native.default_initial_values = {"V_m": "V_m"}, {"V_m": 0.0}
        common = {"C_m": 1.0, "E_L": 0.0, "I_e": 0.0, "t_ref": 0.0}
        if leaks:  # deterministic: its threshold grows by resetBy at a spike and decays like the membrane, which is not touched
            own = native(
                **common,
                **{"g_L": 1 / tau_m, "tau_syn_ex": INSTANT, "tau_syn_in": INSTANT, "V_T_star": layer["threshold"]},
                **{"q_sfa": [layer["resetBy"]], "tau_sfa": [tau_m], "lambda_0": 1e-300, "Delta_V": 1e-300},
            )
        else:
            own = native(**common, tau_m=tau_m, V_th=float(np.nextafter(layer["resetBy"], np.inf)))
        for name in [key for key, value in native.default_parameters.items() if isinstance(value, (bool, np.bool_))]:
            own.parameter_space._parameters.pop(name, None)  # PyNN makes numpy.bool of them, which NEST refuses
        return own, "V_m", 0.0 if leaks else layer["resetBy"] - layer["threshold"]
    threshold = float(np.nextafter(layer["threshold"], np.inf)) if index < LAST else 1e4
    standard = sim.IF_curr_delta if hasattr(sim, "IF_curr_delta") else sim.extra_models.IFCurDelta
    if ON_NEST:  # without it PyNN 0.13 asks NEST for a variable "v", which is V_m there
        standard = type("IF_curr_delta", (standard,), {"variable_map": {"v": "V_m"}})
    # PyNN's cm is in nF, and a delta synapse's weight in mV does not depend on it.
    refractory = 1.0 if ON_NEST else 0.0
    return (
        standard(v_rest=0.0, v_reset=0.0, cm=1.0, tau_m=tau_m, tau_refrac=refractory, v_thresh=threshold, i_offset=0.0),
        "v",
        0.0,
    )


def factor_of(index, native):
    """What weights to a layer are multiplied by: PyNN passes those of native NEST cells on times 1000 (nA to pA), and gif_psc_exp has a synaptic
    current, which is gone within a step; this is what it adds up."""
    beta = LAYERS[index]["beta"]
    if not native or beta == 1:
        return 1e-3 if native else 1.0
    tau_m = -1 / np.log(beta)
    difference = 1 / tau_m - 1 / INSTANT
    return 1e-3 / (np.exp(-1 / tau_m) * np.expm1(difference) / difference)


def project(pre, post, rows, factor, delay):
    """`rows`: pre index, post index, weight. Negative weights are inhibitory, zeros are left out."""
    rows = np.asarray(rows, float)
    for receptor, chosen in (("excitatory", rows[:, 2] > 0), ("inhibitory", rows[:, 2] < 0)):
        if chosen.any():
            connections = np.column_stack([rows[chosen] * [1.0, 1.0, factor], np.full(chosen.sum(), delay)])
            sim.Projection(pre, post, sim.FromListConnector(connections), sim.StaticSynapse(), receptor_type=receptor)


def copies(index, inputs):
    """The layer's synapses, once per state."""
    source, target, weight = synapses(index)
    size = LAYERS[index]["outputs"]
    return np.concatenate([np.column_stack([source + s * inputs, target + s * size, weight]) for s in range(STATES)])


def every_step(currents, population, factor):
    clock = sim.Population(1, sim.SpikeSourceArray(spike_times=[float(t) for t in range(START + 1, START + STEPS)]))
    project(clock, population, [(0, j, current) for j, current in enumerate(currents)], factor, 1.0)


def feed(first, factor):
    if MODEL["encoding"] == "constant":
        every_step(input_currents().ravel(), first, factor)
        return
    inputs = array("inputs", "<f8").size // STATES
    state, step, index = array("inputSpikes", "<i4").reshape(3, -1)
    trains = [[] for _ in range(STATES * inputs)]
    for s, t, i in zip(state, step, index):
        if t < STEPS - 1:
            trains[s * inputs + i].append(float(t + 1 + START))
    source = sim.Population(len(trains), sim.SpikeSourceArray(spike_times=trains))
    project(source, first, copies(0, inputs), factor, 1.0)
    every_step(np.tile(biases(0), STATES), first, factor)


def main():
    options = {"spike_precision": "on_grid"} if ON_NEST else {}
    sim.setup(timestep=1.0, min_delay=1.0, **options)
    populations, factors = [], []
    for index, layer in enumerate(LAYERS):
        kind, variable, offset = cell(index)
        name = "v%d" % index
        start = array(name, "<f4").astype(float) if name in MODEL["arrays"] else np.zeros(layer["outputs"])
        population = sim.Population(
            layer["outputs"] * STATES, kind, initial_values={variable: np.tile(start + offset, STATES)}
        )
        population.record("spikes" if index < LAST else variable)
        populations.append(population)
        factors.append(factor_of(index, variable == "V_m"))
    feed(populations[0], factors[0])
    for index in range(1, len(LAYERS)):
        rows = copies(index, LAYERS[index - 1]["outputs"])
        project(populations[index - 1], populations[index], rows, factors[index], 2.0)
        every_step(np.tile(biases(index), STATES), populations[index], factors[index])
    sim.run(STEPS + START)
    code = check(populations)
    sim.end()
    return code


def check(populations):
    spikes = mismatched = 0
    for index, population in enumerate(populations[:LAST]):
        size = LAYERS[index]["outputs"]
        found = set()
        for number, train in enumerate(population.get_data("spikes").segments[0].spiketrains):
            for time in np.rint(train.magnitude).astype(int) - START:
                if 0 <= time < STEPS:
                    found.add((number // size, int(time), number % size))
        wanted = set(map(tuple, array("spikes%d" % index, "<i4").reshape(3, -1).T.tolist()))
        spikes += len(found)
        mismatched += len(found ^ wanted)
    potentials = np.asarray(populations[LAST].get_data("v").segments[0].analogsignals[0].magnitude)[-1].reshape(
        STATES, -1
    )
    error = float(np.abs(potentials - array("potentials", "<f8").reshape(STATES, -1)).max())
    print("network           %s" % MODEL["sha256"])
    print("PyNN              %s, %d states x %d steps" % (BACKEND, STATES, STEPS))
    print("spikes            %d" % spikes)
    print("mismatched bins   %d" % mismatched)
    print("potential error   %g" % error)
    print("actions           %s" % potentials.argmax(axis=1).tolist())
    # PyNN's own change of units rounds weights in the last bit.
    return 0 if mismatched == 0 and error <= 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main())
