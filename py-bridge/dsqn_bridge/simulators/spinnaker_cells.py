"""Which membranes a SpiNNaker board is given, so that what it computes from them is what our neurons do. Mirrors twins/cells.ts and exp.ts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import BridgeError
from .network import Network
from .neurons import LaggedLif

ONE = 1 << 15  # s16.15
LARGEST_ACCUM = 60000.0  # s16.15 ends at 65536
LARGEST_OBSERVATION = 5.0  # what an observation is taken to reach when tau_m is chosen


class Membrane(NamedTuple):
    tau_m: float  # ms
    cm: float  # nF


def check_lagged_lif(network: Network) -> None:
    """MAPPING_IMPOSSIBLE for what IFCurDelta can't express, naming the layer."""
    for index, layer in enumerate(network.layers):
        if layer.neuron.alpha != 0:
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "Layer %d has synaptic currents that decay by alpha = %g, and IFCurDelta has none."
                % (index, layer.neuron.alpha),
                "Train with alpha = 0.",
            )


def time_constant(network: Network) -> float:
    """tau_m in ms of membranes that should not leak: a power of two, as long as the largest input of a neuron times tau_m stays inside
    s16.15, and at most 512: at 1024 the board's exp(-1/tau_m) is one unit of 2^-15 off, 3 % of the leak and of the gain."""
    largest = 1.0
    for index, layer in enumerate(network.layers):
        reach_of_input = LARGEST_OBSERVATION if index == 0 else 1.0
        total = np.abs(layer.weights).reshape(-1, layer.weights.shape[-1]).sum(axis=0) * reach_of_input
        biases = np.zeros(layer.size) if layer.biases is None else np.abs(layer.biases)
        largest = max(largest, float((np.tile(total, layer.size // len(total)) + biases).max()))
    return float(min(512, 2 ** int(math.floor(math.log2(LARGEST_ACCUM / largest)))))


def membrane(neuron: LaggedLif, tau_m: float) -> Membrane:
    """`tau_m` where the layer has no leak, else that whose decay is beta; with the c_m for which a unit of input is a unit of potential."""
    tau = tau_m if neuron.beta == 1 else -1 / math.log(neuron.beta)
    decay = board_exp(ONE * ONE // int(round(tau * ONE)))
    return Membrane(tau, tau * (1 - decay / ONE))


def board_exp(x: int) -> int:
    """exp(-x) as a SpiNNaker core computes it, for 0 <= x < 1 in units of 2^-15: a table of exp(-k/16), times a parabola that is off by up
    to 1.3e-6, cut to 2^-15 and not rounded. Source: the arithmetic of `expk`, spinn_common's stdfix-exp.c."""
    if x == 0:
        return ONE
    coarse = (1 << 32) - int(round((1 - math.exp(-(x >> 11) / 16)) * 2**32))
    fine = (x & 0x7FF) << 17
    series = (((4293434720 - ((2081624032 * fine) >> 32)) * fine) >> 32) + 5294
    return (coarse - ((coarse * series + (1 << 31)) >> 32)) >> 17
