"""Random networks, and our dynamics written out once more in NumPy for the tests: the equations of neurons.py, nothing else."""

import numpy as np

from dsqn_bridge.simulators.network import Convolution, Layer, Network
from dsqn_bridge.simulators.neurons import LaggedLif, Lif, each
from dsqn_bridge.simulators.simulation import Inputs, Spikes


def reference(network, observations, trains=None):
    """Sorted (state, step, neuron) arrays per layer that spikes, final and largest potentials; `trains`: input spikes [steps, states, inputs]."""
    states, layers = len(observations), network.layers
    v = [np.tile(layer.initial, (states, 1)) for layer in layers]
    i = [np.zeros_like(own) for own in v]
    largest = np.full(v[-1].shape, -np.inf)
    rows = [[] for _ in layers]
    sent = [np.zeros_like(own) for own in v]
    matrices = [matrix(layer) for layer in layers]
    x = observations
    if network.bias_input:
        x = np.concatenate([x, np.ones((states, 1))], axis=1)
    if network.signed_inputs:
        x = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
    for t in range(network.steps):
        before = None
        for index, layer in enumerate(layers):
            arriving = before if index else (x if trains is None else trains[t])
            h = np.zeros_like(v[index])
            for p in range(arriving.shape[1]):  # ascending, then the bias
                h += arriving[:, p : p + 1] * matrices[index][p]
            h = h if layer.biases is None else h + layer.biases
            if layer.recurrent is not None:
                h = h + sent[index] @ layer.recurrent
            spikes = index < len(layers) - 1 or network.output_spikes
            step = lagged_lif if isinstance(layer.neuron, LaggedLif) else lif
            s, v[index], i[index] = step(layer.neuron, v[index], i[index], h, spikes)
            before = sent[index] = s.astype(float)
            if spikes:
                state, neuron = np.nonzero(s)
                rows[index].append(np.column_stack([state, np.full(len(state), t), neuron]))
        largest = np.maximum(largest, v[-1])
    events = []
    for own in rows:
        if own:
            table = np.concatenate(own)
            events.append(table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))])
    return events, v[-1], largest


def lagged_lif(n, v, i, h, spikes):
    s = (v > n.threshold) & spikes
    new = n.beta * v + i
    return s, new - n.reset_by * s if n.reset == "subtraction" else np.where(s, 0.0, new), n.alpha * i + h


def lif(n, v, i, h, spikes):
    above = np.greater_equal if n.fires == "at" else np.greater
    kept = {"none": h, "decay-first": n.alpha * i + h, "input-first": n.alpha * (i + h)}[n.current]
    u = n.beta * v + (1 - np.asarray(n.beta)) * n.leak_to + n.gain * (kept + n.offset)
    late = spikes & above(v, n.threshold) & ("-" in n.reset)
    m = np.where(late, 0.0, u) if n.reset == "delayed-lost" else u - n.reset_by * late
    s = above(m, n.threshold) & spikes
    left = {"subtraction": m - n.reset_by * s, "value": np.where(s, n.reset_to, m)}.get(n.reset, m)
    return s, np.maximum(left, n.lowest), kept


def matrix(layer):
    """[inputs, outputs]; of a convolution by its equation, synapse by synapse; behind the windows of pooling."""
    if layer.pooling:
        (height, width, channels), (rows, columns, _), kernel, strides, padding = layer.pooling.window
        share = np.zeros((height * width * channels, rows * columns * channels))
        for y, x, i, j, c in np.ndindex(rows, columns, *kernel, channels):
            row, column = y * strides[0] + i - padding[0], x * strides[1] + j - padding[1]
            if 0 <= row < height and 0 <= column < width:
                share[(row * width + column) * channels + c, (y * columns + x) * channels + c] = 1
        own = matrix(layer._replace(pooling=None))
        return (share if layer.pooling.kind == "sum" else share / share.sum(0)) @ own
    if not layer.convolution:
        return layer.weights
    (height, width, channels), (rows, columns, filters), kernel, strides, padding = layer.convolution
    result = np.zeros((height * width * channels, rows * columns * filters))
    for y, x, i, j in np.ndindex(rows, columns, *kernel):
        row, column = y * strides[0] + i - padding[0], x * strides[1] + j - padding[1]
        if 0 <= row < height and 0 <= column < width:
            source, target = (row * width + column) * channels, (y * columns + x) * filters
            result[source : source + channels, target : target + filters] = layer.weights[i, j]
    return result


def random_convolutional_network(seed, leaky=False):
    """A convolution or two with strides and padding, then a dense layer or two; and observations."""
    random = np.random.default_rng(1000 + seed)
    network, _ = random_network(seed, leaky=leaky)
    pattern = network.layers[0]
    layers, image = [], tuple(int(random.integers(low, high)) for low, high in ((5, 9), (5, 9), (1, 4)))
    first = image
    for _ in range(random.integers(1, 3)):
        kernel = tuple(int(random.integers(1, 4)) for _ in range(2))
        strides = tuple(int(random.integers(1, 3)) for _ in range(2))
        padding = tuple(int(random.integers(0, k)) for k in kernel)
        size = [(image[a] + 2 * padding[a] - kernel[a]) // strides[a] + 1 for a in (0, 1)]
        output = (size[0], size[1], int(random.integers(1, 5)))
        weights = random.normal(size=(*kernel, image[2], output[2])) * 1.5 / np.sqrt(kernel[0] * kernel[1] * image[2])
        layers.append((weights, Convolution(image, output, kernel, strides, padding)))
        image = output
    sizes = [int(np.prod(image)), *([] if random.random() < 0.5 else [12]), 3]
    layers += [(random.normal(size=(a, b)) * 1.5 / np.sqrt(a), None) for a, b in zip(sizes, sizes[1:])]
    made = []
    for weights, convolution in layers:
        size = int(np.prod(convolution.output)) if convolution else weights.shape[1]
        biases = (random.normal(size=size) * 0.2).astype(np.float32).astype(float) if random.random() < 0.7 else None
        layer = pattern._replace(biases=biases, initial=np.zeros(size), convolution=convolution)
        made.append(layer._replace(weights=weights.astype(np.float32).astype(float)))
    network = network._replace(layers=made, bias_input=False, signed_inputs=False)
    return network, random.random((4, int(np.prod(first)))).astype(np.float32).astype(float)


def random_network(seed, reset=None, leaky=False, decoding=None, mixed=False):
    """Network and observations [states, n]; a quarter with dyadic numbers, and so with potentials exactly at the threshold."""
    random = np.random.default_rng(seed)
    dyadic = not leaky and seed % 4 == 3
    shape = [int(random.integers(2, 6))] + [int(random.integers(4, 33)) for _ in range(random.integers(1, 4))] + [3]
    reset = reset or ("zero" if random.random() < 0.5 else "subtraction")
    alpha = float(random.uniform(0.05, 0.9)) if leaky and random.random() < 0.6 else 0.0
    beta = float(random.uniform(0.5, 0.99)) if leaky else 1.0
    threshold = float(random.choice([1.0, 1.0, 0.5, 1.25]))
    reset_by = float(random.choice([1.0, threshold]))
    bias_input, signed, biased, starts = (bool(random.random() < p) for p in (0.3, 0.3, 0.6, 0.3))

    def draw(scale, *size):
        x = random.normal(size=size) * scale
        return (np.round(x * 8) / 8 if dyadic else x).astype(np.float32).astype(float)

    layers = []
    for index, (inputs, outputs) in enumerate(zip(shape[:-1], shape[1:])):
        inputs += int(bias_input and index == 0)
        weights = draw(1.5 / np.sqrt(inputs), inputs, outputs)
        if index == 0 and signed:
            weights = np.concatenate([weights, -weights])
        biases = draw(0.2, outputs) if biased else None
        initial = draw(0.7, outputs) if starts else np.zeros(outputs)
        layers.append(Layer(weights, biases, initial, LaggedLif(alpha, beta, threshold, reset_by, reset)))
    if mixed:  # every second layer is of the other kind
        other = {"zero": "subtraction", "subtraction": "zero"}[reset]
        layers[1::2] = [neurons(layer, reset=other, alpha=0.0 if alpha else 0.4 * leaky) for layer in layers[1::2]]
    decoding = decoding or str(random.choice(["potential", "max-potential", "spikes"]))
    network = Network(layers, bias_input, signed, "constant", decoding, int(random.integers(20, 120)))
    x = random.normal(size=(int(random.integers(1, 12)), shape[0]))
    return network, (np.round(x * 4) / 4 if dyadic else x.astype(np.float32).astype(float))


def neurons(layer, **changes):
    """The layer with other neurons."""
    return layer._replace(neuron=layer.neuron._replace(**changes))


def random_lif_network(seed, leaky=False, convolutional=False, least=0.0, **changes):
    """As `random_network`, of neurons that use every field of Lif: half of them with values for each neuron."""
    make = random_convolutional_network if convolutional else random_network
    network, x = make(seed, leaky=leaky)
    random = np.random.default_rng(5000 + seed)
    dyadic = not leaky and seed % 4 == 3
    grain = 8 if dyadic else 2**20  # so that values are float32's, and dyadic ones meet thresholds

    def draw(low, high, size):
        values = np.round(random.uniform(low, high, size if random.random() < 0.5 else 1) * grain) / grain
        return float(values[0]) if len(values) == 1 else values

    made = []
    for layer in network.layers:
        n = layer.size
        threshold = draw(0.5, 1.5, n) if random.random() < 0.8 else draw(-0.5, 0.25, n)
        some = random.choice([0, 0.3, 0.9, 1.0], n)
        beta = (float(random.uniform(0.1, 1)) if random.random() < 0.5 else np.maximum(some, least)) if leaky else 1.0
        fields = {
            "beta": beta, "threshold": threshold, "reset_by": draw(0.5, 1.5, n), "reset_to": np.min(threshold) - draw(0.125, 1, n),
            "fires": str(random.choice(["above", "at"])), "reset": str(random.choice(["subtraction", "value"])),
        }  # fmt: skip
        if random.random() < 0.3:
            fields["reset_by"] = each(threshold, n) if np.min(threshold) > 0 else 1.0
        made.append(layer._replace(neuron=Lif(**{**fields, **changes})))
    return network._replace(layers=made), x


def random_trains(seed, network, states):
    """Input spikes [steps, states, inputs], and the same as a simulator is given them."""
    trains = np.random.default_rng(seed).random((network.steps, states, network.layers[0].inputs)) < 0.3
    step, state, neuron = np.nonzero(trains)
    return trains.astype(float), Inputs(states, None, Spikes(state, step, neuron))


def assert_same(network, observations, result, tolerance=0.0, trains=None):
    events, final, largest = reference(network, observations, trains)
    assert len(events) == len(result.spikes)
    for layer, (expected, found) in enumerate(zip(events, result.spikes)):
        assert np.array_equal(expected, np.column_stack(found)), "layer %d" % layer
    assert np.abs(result.potentials - final).max() <= tolerance
    if result.max_potentials is not None:
        assert np.abs(result.max_potentials - largest).max() <= tolerance
    return sum(len(own) for own in events)
