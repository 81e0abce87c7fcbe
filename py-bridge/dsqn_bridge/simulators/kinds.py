"""Every kind of neuron, and in one table how each back end expresses it: by a function, or a sentence that says why it can't.

A kind that leaves a back end out is a TypeError as soon as this is imported.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, NamedTuple, Sequence, Union

from ..errors import BridgeError
from .nest_lif import map_lif
from .nest_mapping import NestMapping, map_lagged_lif
from .network import Layer, Network
from .neurons import LaggedLif, Lif
from .pynn_mapping import pynn_lagged_lif, pynn_lif
from .spinnaker_cells import Cell, cell_of_lagged_lif, cell_of_lif


class Kind(NamedTuple):
    record: Any  # its fields are those of the TypeScript record
    nest3: Union[str, Callable[..., NestMapping]]  # (network, subtraction)
    nest2: Union[str, Callable[[Network], NestMapping]]
    pynn: Union[str, Callable[[Network], NestMapping]]
    spinnaker: Union[str, Callable[[int, Layer, bool], Cell]]  # of a layer: index, layer, whether hard resets alone
    nest_original: Union[str, None]


KINDS: Dict[str, Kind] = {
    "lagged-lif": Kind(
        record=LaggedLif,
        nest3=map_lagged_lif,
        nest2=partial(map_lagged_lif, subtraction="pp_psc_delta"),
        pynn=pynn_lagged_lif,
        spinnaker=cell_of_lagged_lif,
        nest_original=None,
    ),
    "lif": Kind(
        record=Lif,
        nest3=map_lif,
        nest2=partial(map_lif, subtraction="pp_psc_delta"),
        pynn=pynn_lif,
        spinnaker=cell_of_lif,
        nest_original="the thesis knew no other neuron than lagged-lif",
    ),
}


def kind_of(neuron: Any) -> str:
    return next(kind for kind, own in KINDS.items() if type(neuron) is own.record)


def expression(back_end: str, layers: Sequence[Any]) -> Any:
    """What a back end (a field of `Kind`) has for the layers' neurons. MAPPING_IMPOSSIBLE where that is a sentence, or where kinds are mixed."""
    kinds = [kind_of(layer.neuron) for layer in layers]
    entries = [getattr(KINDS[kind], back_end) for kind in kinds]
    for index, (kind, entry) in enumerate(zip(kinds, entries)):
        reason = entry if isinstance(entry, str) else None
        if kind != kinds[0]:
            reason = "it stands behind layers of %s, and its clock is another" % kinds[0]
        if reason:
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "%s can't express layer %d, which is %s: %s." % (back_end, index, kind, reason),
                "docs/simulators/ says which simulator expresses which neuron.",
            )
    return entries[0]
