"""A feed-forward spiking network as plain numbers, and what its first layer is fed. Knows no simulator."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

import numpy as np

from ..errors import BridgeError


class Layer(NamedTuple):
    """One layer of current-based LIF neurons, one step at a time:

    s[t] = H(v[t] - threshold)                        strictly above
    v[t+1] = beta v[t] + i[t] - reset_by s[t]         reset by subtraction
    v[t+1] = 0 if s[t] else beta v[t] + i[t]          reset to zero
    i[t+1] = alpha i[t] + h[t],  h[t] = inputs[t] W + b
    """

    weights: np.ndarray  # float64 [inputs, outputs], values of float32
    biases: Optional[np.ndarray]  # float64 [outputs]
    initial: np.ndarray  # float64 [outputs], v[0]
    alpha: float
    beta: float
    threshold: float
    reset: str  # "subtraction" | "zero"
    reset_by: float

    @property
    def size(self) -> int:
        return self.weights.shape[1]


class Network(NamedTuple):
    layers: List[Layer]
    bias_input: bool
    signed_inputs: bool
    encoding: str
    decoding: str
    steps: int

    @property
    def output_spikes(self) -> bool:
        """Potential decodings leave the output layer without threshold."""
        return self.decoding in ("spikes", "first-spike")

    @property
    def observation_size(self) -> int:
        doubled = 2 if self.signed_inputs else 1
        return self.layers[0].weights.shape[0] // doubled - int(self.bias_input)


def network_from(params: dict, arrays: Dict[str, np.ndarray]) -> Network:
    """From the bridge's description: params as the TypeScript network without arrays, and arrays `w0, b0, v0, w1, ...`."""
    layers = []
    for index, layer in enumerate(params["layers"]):
        weights = np.asarray(arrays["w%d" % index], np.float64).reshape(layer["inputs"], layer["outputs"])
        if not np.isfinite(weights).all():
            raise BridgeError(
                "NETWORK_INVALID", "The weights of layer %d are not all finite." % index, "Check how it was trained."
            )
        if index == 0 and params["signedInputs"]:
            weights = np.concatenate([weights, -weights])
        biases = arrays.get("b%d" % index)
        initial = arrays.get("v%d" % index)
        layers.append(
            Layer(
                weights=weights,
                biases=None if biases is None else np.asarray(biases, np.float64),
                initial=np.zeros(layer["outputs"]) if initial is None else np.asarray(initial, np.float64),
                alpha=float(layer["alpha"]),
                beta=float(layer["beta"]),
                threshold=float(layer["threshold"]),
                reset=layer["reset"],
                reset_by=float(layer["resetBy"]),
            )
        )
    return Network(
        layers,
        params["biasInput"],
        params["signedInputs"],
        params["encoding"],
        params["decoding"],
        int(params["steps"]),
    )


def input_values(network: Network, observations: np.ndarray) -> np.ndarray:
    """What the input neurons are given, [states, inputs of layer 0]: a constant 1 appended, positive and negative parts split."""
    x = np.asarray(observations, np.float64)
    if x.ndim != 2 or x.shape[1] != network.observation_size:
        raise BridgeError(
            "SHAPE_MISMATCH",
            "The network takes observations of length %d, got an array of shape %s."
            % (network.observation_size, x.shape),
            "Give inputs of shape [states, %d]." % network.observation_size,
        )
    if network.bias_input:
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    if network.signed_inputs:
        x = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
    return x


def input_currents(network: Network, observations: np.ndarray) -> np.ndarray:
    """h of layer 0 under constant input, [states, neurons]: products summed in ascending order, then the bias, as in the engines."""
    layer = network.layers[0]
    x = input_values(network, observations)
    h = np.zeros((len(x), layer.size))
    for i in range(x.shape[1]):
        h += x[:, i : i + 1] * layer.weights[i]
    return h if layer.biases is None else h + layer.biases
