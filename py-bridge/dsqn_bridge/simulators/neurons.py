"""Neuron models as records, with the names and fields of src/network/neurons, and what a back end's table says of them.

tests/simulators/neurons.json is what TypeScript has (scripts/write-neurons.ts writes it); a test compares it with these.
"""

from __future__ import annotations

import re
from typing import Any, Dict, NamedTuple, Sequence, Union

import numpy as np

from ..errors import BridgeError

Values = Union[float, np.ndarray]  # one for the whole layer, or [outputs], one for each neuron


class LaggedLif(NamedTuple):
    """Current-based leaky integrate-and-fire neurons that fire by the potential before the step:

    s[t] = H(v[t-1] - threshold)                          strictly above
    v[t] = beta v[t-1] + i[t-1] - reset_by s[t]           reset "subtraction"
    v[t] = 0 if s[t] else beta v[t-1] + i[t-1]            reset "zero"
    i[t] = alpha i[t-1] + h[t],  h[t] = inputs[t] W + b
    """

    alpha: float = 0.0
    beta: float = 1.0
    threshold: float = 1.0
    reset_by: float = 1.0
    reset: str = "subtraction"  # | "zero"


class Lif(NamedTuple):
    """Leaky integrate-and-fire neurons that integrate, fire and reset in one step:

    m[t] = beta v[t-1] + h[t],  h[t] = inputs[t] W + b
    s[t] = m[t] > threshold  (fires "above"),  m[t] >= threshold  (fires "at")
    v[t] = m[t] - reset_by s[t]                           reset "subtraction"
    v[t] = reset_to if s[t] else m[t]                     reset "value"
    """

    beta: Values = 1.0
    threshold: Values = 1.0
    reset_by: Values = 1.0
    reset_to: Values = 0.0
    fires: str = "above"  # | "at"
    reset: str = "subtraction"  # | "value"


Neuron = Union[LaggedLif, Lif]
KINDS: Dict[str, Any] = {"lagged-lif": LaggedLif, "lif": Lif}


def kind_of(neuron: Neuron) -> str:
    return next(kind for kind, model in KINDS.items() if type(neuron) is model)


def neuron_from(record: dict, arrays: Dict[str, np.ndarray], layer: str) -> Neuron:
    """From a message: numbers and choices in `record`, one value per neuron as array `layer` + "." + name."""
    values = {}
    for field in KINDS[record["kind"]]._fields:
        name = camel(field)
        own = arrays.get("%s.%s" % (layer, name))
        value = record[name] if own is None else np.asarray(own, np.float64)
        values[field] = float(value) if isinstance(value, (int, float)) else value
    return KINDS[record["kind"]](**values)


def camel(field: str) -> str:
    """The field's name in TypeScript."""
    return re.sub("_(.)", lambda match: match.group(1).upper(), field)


def each(values: Values, size: int) -> np.ndarray:
    """[size], one for each neuron."""
    return np.array(np.broadcast_to(np.asarray(values, np.float64), (size,)))


def entry_of(table: Dict[str, Any], layers: Sequence[Any], simulator: str) -> Any:
    """What a back end's table has under the neurons' kind. MAPPING_IMPOSSIBLE where that is a sentence, the reason why it can't express them,
    or where kinds are mixed."""
    kinds = [kind_of(layer.neuron) for layer in layers]
    for index, kind in enumerate(kinds):
        reason = table[kind] if isinstance(table[kind], str) else None
        if kind != kinds[0]:
            reason = "it stands behind layers of %s, and its clock is another" % kinds[0]
        if reason:
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "%s can't express layer %d, which is %s: %s." % (simulator, index, kind, reason),
                "docs/simulators/ says which simulator expresses which neuron.",
            )
    return table[kinds[0]]
