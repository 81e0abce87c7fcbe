"""What PyNN changes of NEST's mappings: time, since its spike sources are parrots, which can't send in the first millisecond."""

from __future__ import annotations

import numpy as np

from ..errors import BridgeError
from .nest_lif import map_lif
from .nest_mapping import NestMapping, map_lagged_lif
from .network import Network


def pynn_lif(network: Network) -> NestMapping:
    """A step later: PyNN's spike sources are parrots, which can't send in the first millisecond."""
    return map_lif(network, late=1)


def pynn_lagged_lif(network: Network) -> NestMapping:
    """Later by a step too, or two where a synapse takes one of its own. For the same reason no current can keep an offset up from the first step
    on: leaky layers that subtract are gif_psc_exp."""
    leaky = any(layer.neuron.beta < 1 for layer in network.layers)
    currents = any(layer.neuron.alpha > 0 for layer in network.layers)
    mapping = map_lagged_lif(network, "gif_psc_exp" if leaky or currents else "eprop_iaf", 2 if currents else 1)
    for index, layer in enumerate(network.layers if currents else ()):
        if np.any(layer.initial > layer.neuron.beta * layer.neuron.threshold):
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "Layer %d starts so near its threshold that it would spike in the step that PyNN is late." % index,
                "Start it at most at beta x threshold; the simulator nest takes any potential.",
            )
    return mapping
