"""How many states share a kernel, and which time stamp stands for which step of ours.

States lie side by side (copies of the network) and, where V_m is all that neurons remember, one after the other (windows).
"""

from __future__ import annotations

from typing import List, NamedTuple

import numpy as np

from .nest_mapping import NestMapping, compatible_delay, has_companion
from .network import Network, connections

# Models whose whole state is V_m, once no spike is on its way.
RESETTABLE = ("iaf_psc_delta", "eprop_iaf")
# Copies side by side up to about so many neurons (0.6 KB each, and 32 B a synapse): beyond that memory costs more than windows do.
NEURONS_IN_CACHE = 300
# Where there are no windows, copies are all there is.
NEURONS_PER_KERNEL = 20_000
CONNECTIONS_PER_KERNEL = 4_000_000
WINDOWS_PER_KERNEL = 128


class Layout(NamedTuple):
    """One kernel's worth of states: state = window * copies + copy."""

    states: int
    steps: int
    copies: int
    windows: int
    # steps; the delay of devices. Layers are 2 units apart: a bias always arrives after the spikes of its step
    unit: int
    latency: List[int]  # steps from h[t] to the update that compares the potential which it is in with the threshold
    clock: List[int]  # our step t of layer l carries the time stamp t + clock[l]
    fed: int  # steps whose input still matters
    length: int  # of a window, until the update that ends with the readout's last potential
    period: int  # from window to window

    def stamps(self, layer: int, steps: np.ndarray, window: np.ndarray) -> np.ndarray:
        """Times at which a device sends so that `layer` gets it as h[step]."""
        first = self.latency[layer] + self.clock[layer] - self.unit
        return (steps + first + window * self.period).astype(np.float64)


def states_per_kernel(network: Network, mapping: NestMapping, states: int, steps: int) -> tuple:
    """(copies side by side, windows one after the other)."""
    neurons = sum(layer.size for layer in network.layers)
    synapses = max(1, sum(connections(layer) for layer in network.layers[1:]) + network.layers[0].size)
    copies = max(1, min(NEURONS_IN_CACHE // neurons, CONNECTIONS_PER_KERNEL // synapses))
    if not resettable(network, mapping, steps):
        return min(states, max(copies, min(NEURONS_PER_KERNEL // neurons, CONNECTIONS_PER_KERNEL // synapses))), 1
    copies = min(states, copies)
    return copies, min(WINDOWS_PER_KERNEL, -(-states // copies))


def resettable(network: Network, mapping: NestMapping, steps: int) -> bool:
    return compatible_delay(mapping, network, steps) is not None and all(
        n.model in RESETTABLE and "V_min" not in n.parameters for n in mapping.layers
    )


def layout(network: Network, mapping: NestMapping, states: int, steps: int, copies: int) -> Layout:
    """`copies` of a network side by side, and as many windows as `states` need."""
    copies = min(copies, states)
    unit = compatible_delay(mapping, network, steps) or 1
    latency = [neurons.latency for neurons in mapping.layers]
    clock = [max(mapping.shift, unit + 1 + mapping.late - latency[0])]
    for neurons in mapping.layers[1:]:
        clock.append(clock[-1] + int(neurons.delay) * unit - neurons.latency)
    companion = mapping.layers[-1].companion
    after = 1 if has_companion(network, mapping) and (companion is None or companion.integrates) else mapping.lag
    length = steps - 1 + clock[-1] + after
    # Two steps to push down (one may fall into a refractory step), what is on its way, one up, one to where v starts.
    period = length + 2 * unit + 5
    return Layout(
        states, steps, copies, -(-states // copies), unit, latency, clock, steps - mapping.lag, length, period
    )
