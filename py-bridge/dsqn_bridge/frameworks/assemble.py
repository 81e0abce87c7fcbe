"""Parts of a network, in the order in which they were called, as layers: pooling, synapses, normalisation, neurons."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .errors import ExportError
from .modules import Piece

Arrays = Dict[str, np.ndarray]


class Part(NamedTuple):
    """`neuron`: its description, of a part that is neurons; else `piece`."""

    name: str
    piece: Optional[Piece] = None
    neuron: Optional[Dict[str, Any]] = None
    # Weights from a layer's own spikes of the step before, [outputs, inputs], and what comes with them in every step.
    recurrent: Optional[Arrays] = None


class Described(NamedTuple):
    layers: List[Dict[str, Any]]
    arrays: Arrays


class _Open:
    """The layer that is being put together."""

    def __init__(self) -> None:
        self.fields: Dict[str, Any] = {}
        self.synapses = ""
        self.pooling = ""


def assemble(parts: List[Part]) -> Described:
    layers: List[Dict[str, Any]] = []
    arrays: Arrays = {}
    layer = _Open()
    for part in parts:
        if part.neuron is not None:
            _neurons(layer, part, arrays)
            layers.append(layer.fields)
            layer = _Open()
        else:
            _piece(layer, part, arrays)
    if layer.pooling and not layer.synapses:
        raise ExportError(layer.pooling, "pooling is the last there is.", "A network ends with neurons or weights.")
    if layer.synapses:
        layers.append({**layer.fields, "neuron": None})
    return Described(layers, arrays)


def _piece(layer: _Open, part: Part, arrays: Arrays) -> None:
    piece = part.piece
    assert piece is not None
    if piece.kind == "pass":
        return
    if piece.kind == "norm":
        _normalisation(layer, part, arrays)
    elif piece.kind == "pool":
        if layer.synapses:
            raise ExportError(part.name, "it pools what %s computes, before it reaches neurons." % layer.synapses)
        if layer.pooling:
            raise ExportError(part.name, "two poolings follow one another (%s before it)." % layer.pooling)
        layer.pooling = part.name
        layer.fields.update(piece.fields)
    else:
        if layer.synapses:
            raise ExportError(
                part.name, "%s stands before it, and no neurons in between." % layer.synapses, "Multiply their weights."
            )
        layer.synapses = part.name
        layer.fields.update(kind=piece.kind, **piece.fields)
        for role, values in piece.arrays.items():
            layer.fields[role] = _put(arrays, part.name, role, values)


def _normalisation(layer: _Open, part: Part, arrays: Arrays) -> None:
    piece = part.piece
    assert piece is not None
    if not layer.synapses:
        raise ExportError(part.name, "a normalisation without weights before it is not known here.")
    if "batchNorm" in layer.fields:
        raise ExportError(part.name, "two normalisations follow one another.")
    names = [_put(arrays, part.name, role, values) for role, values in piece.arrays.items()]
    layer.fields["batchNorm"] = "%s (eval, eps %r)" % (", ".join(names), piece.fields["eps"])


def _neurons(layer: _Open, part: Part, arrays: Arrays) -> None:
    if not layer.synapses:
        raise ExportError(part.name, "no weights stand before these neurons.")
    layer.fields["neuron"] = part.neuron
    if not part.recurrent:
        return
    layer.fields["recurrent"] = _put(arrays, part.name, "recurrent_weight", part.recurrent["weight"])
    extra = part.recurrent.get("bias")
    if extra is None:
        return
    # What comes in every step is a bias, behind a normalisation too: there it has to be kept apart.
    if "batchNorm" in layer.fields:
        raise ExportError(part.name, "recurrent biases behind a normalisation are not known here.")
    own = layer.fields.get("bias")
    total = extra if own is None else np.asarray(arrays.pop(own), np.float64) + extra
    layer.fields["bias"] = _put(arrays, part.name, "bias_and_recurrent_bias", np.asarray(total, np.float32))


def _put(arrays: Arrays, name: str, role: str, values: np.ndarray) -> str:
    """State_dict's dots are underscores in names of arrays."""
    key = "%s_%s" % (name.replace(".", "_"), role)
    if key in arrays:
        raise ExportError(name, "two parts of the network would have the name %s in the file." % key)
    arrays[key] = values
    return key


def same_values(before: Tuple[str, np.ndarray], after: Tuple[str, np.ndarray]) -> None:
    """What one part puts out has to be what the next takes in: whatever a module computes outside of its parts is seen here."""
    (first, given), (second, taken) = before, after
    if given.size == taken.size and np.array_equal(given, taken):
        return
    raise ExportError(
        second,
        "what it takes in is not what %s puts out (%d values against %d)."
        % (first or "the input", taken.size, given.size),
        "The network computes something in between that is no module, or branches: make it nn.Flatten, nn.MaxPool2d, ... in one chain.",
    )
