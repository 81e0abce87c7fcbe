"""A network as it comes from TypeScript (src/simulators/message.ts): a description, and arrays by the names that model files have."""

from __future__ import annotations

import re
from typing import Any, Dict

import numpy as np

from ..errors import BridgeError
from .kinds import KINDS
from .network import Convolution, Layer, Network, Pooling


def network_from(params: dict, arrays: Dict[str, np.ndarray]) -> Network:
    """`params`: the layers and the coding; `arrays` such as `layers.0.weight`."""
    coding = params["coding"]
    layers = [
        _layer_from(index, layer, arrays, coding if index == 0 else {}) for index, layer in enumerate(params["layers"])
    ]
    return Network(
        layers,
        coding["biasInput"],
        coding["signedInputs"],
        coding["encoding"],
        coding["decoding"],
        int(coding["steps"]),
    )


def _layer_from(index: int, layer: dict, arrays: Dict[str, np.ndarray], coding: dict) -> Layer:
    """`coding`: of the observation, in the first layer."""
    name, synapses, pooling = "layers.%d" % index, layer["synapses"], layer["pooling"]
    weights = np.asarray(arrays[name + ".weight"], np.float64)
    convolution = None
    if synapses["kind"] == "convolution":
        convolution = Convolution(**{key: tuple(synapses[key]) for key in Convolution._fields})
    signed = coding.get("signedInputs", False)
    largest = pooling and pooling["kind"] not in ("average", "sum")
    if largest or (convolution and (signed or coding.get("biasInput"))):
        what = "%s pooling" % pooling["kind"] if largest else "a convolution over signed inputs or a bias input"
        raise BridgeError(
            "MAPPING_IMPOSSIBLE",
            "Layer %d has %s, which its weights alone don't express." % (index, what),
            "The project's own engines run it; for the simulators, train with strides instead.",
        )
    if not np.isfinite(weights).all():
        raise BridgeError(
            "NETWORK_INVALID", "The weights of layer %d are not all finite." % index, "Check how it was trained."
        )
    if signed:
        weights = np.concatenate([weights, -weights])
    windows = {key: tuple(pooling["window"][key]) for key in Convolution._fields} if pooling else None
    recurrent = arrays.get(name + ".recurrent")
    biases, initial = (arrays.get(name + part) for part in (".bias", ".initial_potential"))
    made = Layer(weights, None, np.zeros(0), neuron_from(layer["activation"], arrays, name), convolution)
    made = made._replace(
        pooling=Pooling(pooling["kind"], Convolution(**windows)) if windows else None,
        recurrent=None if recurrent is None else np.asarray(recurrent, np.float64),
    )
    if biases is not None:  # of a convolution maybe one for each channel
        biases = np.tile(np.asarray(biases, np.float64), made.size // len(biases))
    return made._replace(
        biases=biases, initial=np.zeros(made.size) if initial is None else np.asarray(initial, np.float64)
    )


def neuron_from(record: dict, arrays: Dict[str, np.ndarray], layer: str) -> Any:
    """From a message: numbers and choices in `record`, one value per neuron as array `layer` + "." + name."""
    model, values = KINDS[record["kind"]].record, {}
    for field in model._fields:
        name = camel(field)
        own = arrays.get("%s.%s" % (layer, name))
        given = record.get(name, model._field_defaults[field])
        value = given if own is None else np.asarray(own, np.float64)
        values[field] = float(value) if isinstance(value, (int, float)) else value
    return model(**values)


def camel(field: str) -> str:
    """The field's name in TypeScript."""
    return re.sub("_(.)", lambda match: match.group(1).upper(), field)
