"""What a written network computes, in NumPy, from its description alone: the equations of ../shared/networks."""

import json
import zipfile

import numpy as np


def load(path):
    arrays = dict(np.load(path))
    if "network.json" in arrays:
        del arrays["network.json"]
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("network.json")), arrays
    with open(str(path).replace(".npz", ".json")) as file:
        return json.load(file), arrays


def replay(description, arrays):
    """Spikes of every layer with neurons, [steps, states, neurons]."""
    steps, x = description["steps"], arrays["x"].astype(np.float64)
    sequence = x if description["input"] == "changing" else np.broadcast_to(x, (steps, *x.shape))
    states, layers = sequence.shape[1], description["layers"]
    memory = [{} for _ in layers]
    spikes = [[] for layer in layers if layer["neuron"]]
    for t in range(steps):
        s = sequence[t]
        for k, layer in enumerate(layers):
            x = sums(layer, arrays, pooled(layer, s))
            if not layer["neuron"]:
                break
            if "recurrent" in layer and "s" in memory[k]:
                x = x + memory[k]["s"] @ arrays[layer["recurrent"]].astype(np.float64).T
            s = step(layer["neuron"], memory[k], x)
            memory[k]["s"] = s
            spikes[k].append(np.moveaxis(s, 1, -1).reshape(states, -1))
    return [np.array(each) for each in spikes]


def sums(layer, arrays, x):
    weight = arrays[layer["weight"]].astype(np.float64)
    bias = arrays[layer["bias"]].astype(np.float64) if "bias" in layer else np.zeros(len(weight))
    if layer["kind"] == "linear":
        y = x.reshape(len(x), -1) @ weight.T + bias
    else:
        y = convolved(x, weight, layer) + bias.reshape(-1, *[1] * (x.ndim - 2))
    if "batchNorm" in layer:
        names, eps = layer["batchNorm"].split(" (eval, eps ")
        gamma, beta, mean, variance = (
            arrays[name].astype(np.float64).reshape(-1, *[1] * (y.ndim - 2)) for name in names.split(", ")
        )
        y = (y - mean) / np.sqrt(variance + float(eps[:-1])) * gamma + beta
    return y


def windows(x, size, stride, padding, fill):
    axes = x.ndim - 2
    size, stride, padding = (v if isinstance(v, list) else [v] * axes for v in (size, stride, padding))
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=tuple(range(2, 2 + axes)))
    return view[(slice(None), slice(None), *[slice(None, None, s) for s in stride])]


def convolved(x, weight, layer):
    view = windows(x, list(weight.shape[2:]), layer["stride"], layer["padding"], 0.0)
    return np.einsum("ncyxij,ocij->noyx" if weight.ndim == 4 else "ncxi,oci->nox", view, weight)


def pooled(layer, x):
    if "pooling" not in layer:
        return x
    size = layer["size"]
    stride, padding = layer.get("poolStride", size), layer.get("poolPadding", 0)
    kind = {"avg": np.mean, "max": np.max, "sum": np.sum}[layer["pooling"]]
    view = windows(x, size, stride, padding, -np.inf if layer["pooling"] == "max" else 0.0)
    return kind(view, axis=tuple(range(x.ndim, view.ndim)))


def step(p, m, x):
    def each(name, default=0.0):
        values = np.asarray(p.get(name, default))
        if values.size == 1:
            return values
        return np.moveaxis(values.reshape(*x.shape[2:], x.shape[1]), -1, 0) if x.ndim > 2 else values

    beta, threshold = each("beta"), each("threshold")
    v = m.get("v", np.zeros_like(x) + each("v0"))
    if "alpha" in p:
        i = m.get("i", 0.0)
        x = each("alpha") * (i + x) if p.get("alphaFirst") else each("alpha") * i + x
        m["i"] = x
    drive = (1 - beta) * each("leak") + each("gain", 1.0) * (x + each("leakIn"))
    reset, r = p["reset"], m.get("r", 0.0)
    charged = beta * v + drive
    if reset in ("delayed-sub", "snntorch-nodelay-sub"):
        charged = charged - threshold * r
    elif reset == "delayed-zero":
        charged = beta * v * (1 - r) + drive
    elif reset == "delayed-zero-lost":
        charged = charged * (1 - r)
    over = charged - threshold
    s = np.minimum(np.floor(charged / threshold), p.get("maxSpikes", np.inf)) * (charged > 0)
    if p.get("fire", ">") != "floor":
        s = (over > 0 if p.get("fire", ">") == ">" else over >= 0).astype(np.float64)
    v = charged
    if reset == "sub":
        v = v - s * each("resetBy", threshold)
    elif reset == "zero":
        v = np.where(s > 0, each("vReset"), v)
    elif reset == "snntorch-nodelay-sub":
        v = v - (s - r) * threshold
    m["r"] = (v > threshold).astype(np.float64) if reset.startswith(("delayed", "snntorch")) else 0.0
    m["v"] = np.maximum(v, each("vMin", -np.inf))
    return s
