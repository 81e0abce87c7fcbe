"""Which neurons a SpiNNaker board is given, so that what it computes from them is what ours do. Mirrors neurons/*.ts, twins/cells.ts and exp.ts.

V <- beta V + (1 - beta) rest + gain (input + offset),   spike where V >= threshold,   then V = to, or V - by
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional

import numpy as np

from ..errors import BridgeError
from .network import Layer
from .neurons import Values

ONE = 32768  # units of s16.15
LAST = 340695  # exp() of less than minus this, in the same units, is 0
NEST_RUNS = "NEST runs it: --simulator nest."


class Cell(NamedTuple):
    """One value for a layer, or one for each of its neurons."""

    beta: Values
    threshold: Values
    rest: Values = 0.0
    gain: Values = 1.0
    offset: Values = 0.0
    to: Values = 0.0  # hard reset
    by: Optional[Values] = None  # soft reset
    fires: str = "nearest"  # which s16.15 v_thresh is: the first "above" the threshold, the first "at" it or above, or the nearest


def cell_of_lagged_lif(index: int, layer: Layer, hard_reset: bool) -> Cell:
    """Subtracts after the leak: beta (v - resetBy / beta). Reset to zero loses the next input, which IFCurDelta keeps."""
    neuron = layer.neuron
    if neuron.alpha != 0:
        raise impossible(
            index, "has synaptic currents that decay by alpha = %g, and IFCurDelta has none" % neuron.alpha,
            "Train with alpha = 0.",
        )  # fmt: skip
    soft = neuron.reset == "subtraction" and not hard_reset
    if soft and neuron.beta == 0:
        raise impossible(index, "is reset by subtraction after a leak by beta = 0", "Use reset zero.")
    return Cell(neuron.beta, neuron.threshold, by=neuron.reset_by / neuron.beta if soft else None)


def cell_of_lif(index: int, layer: Layer, hard_reset: bool) -> Cell:
    """v_thresh is the s16.15 from which on ours fires. A reset by subtraction in the next step comes after the leak: beta (v - resetBy / beta)."""
    neuron = layer.neuron
    if neuron.current != "none":
        raise impossible(index, "has synaptic currents, and IFCurDelta has none", NEST_RUNS)
    if neuron.max_spikes != 1:
        raise impossible(index, "may spike several times in a step, and IFCurDelta spikes once", NEST_RUNS)
    if np.any(np.asarray(neuron.lowest) != -np.inf):
        raise impossible(index, "has a lowest potential, and IFCurDelta has none", NEST_RUNS)
    if np.any(np.asarray(neuron.gain) <= 0):
        raise impossible(index, "has a gain that is not above 0", "Multiply its weights by the gain instead.")
    if neuron.reset in ("delayed-lost", "subtraction-late"):
        reason = "has the reset %s, and IFCurDelta keeps the next input and resets at once" % neuron.reset
        raise impossible(index, reason, NEST_RUNS)
    delayed, soft = neuron.reset == "delayed-subtraction", neuron.reset != "value" and not hard_reset
    if soft and delayed and np.any(np.asarray(neuron.beta) == 0):
        raise impossible(index, "is reset after a leak by beta = 0", NEST_RUNS)
    by = (neuron.reset_by / neuron.beta if delayed else neuron.reset_by) if soft else None
    to = neuron.reset_to if neuron.reset == "value" else 0.0
    return Cell(neuron.beta, neuron.threshold, neuron.leak_to, neuron.gain, neuron.offset, to, by, neuron.fires)


def impossible(index: int, what: str, hint: str) -> BridgeError:
    return BridgeError("MAPPING_IMPOSSIBLE", "Layer %d %s." % (index, what), hint)


class Membrane(NamedTuple):
    """As sPyNNaker takes it: tau_m in ms, c_m in nF."""

    tau_m: float
    cm: float


def membrane(beta: float, limit: float, gain: float = 1.0) -> Membrane:
    """The membrane whose decay is beta, and with it the c_m for which a unit of input charges it by `gain`: R (1 - decay) = gain with the
    decay that the board computes. Without leak: the longest tau_m, a power of two. Where beta is so near 1 that R times the largest input
    would leave s16.15, which `limit` bounds, it leaks faster."""
    without = 2.0 ** int(math.floor(math.log2(limit)))
    own = without if beta == 1 else SHORTEST if beta == 0 else -1 / math.log(beta)
    tau_m = max(SHORTEST, min(own, LONGEST, limit))
    return Membrane(tau_m, tau_m * (1 - board_decay(accum(tau_m)) / ONE) / gain)


def fired(threshold: np.ndarray, fires: str) -> np.ndarray:
    """The threshold from which on, and at which, the machine fires."""
    if fires == "nearest":
        return threshold
    return (np.ceil(threshold * ONE) if fires == "at" else np.floor(threshold * ONE) + 1) / ONE


# tau_m in ms: exp(-1/tau_m) is 0 in s16.15 below; above, its last bit is a quarter of the leak and more.
SHORTEST, LONGEST = 1 / 16, 8192.0


def accum(x: float) -> int:
    """The nearest s16.15, in units of 2^-15; halves to even, as sPyNNaker rounds."""
    return int(np.rint(x * ONE))


def board_decay(tau: int) -> int:
    """exp(-1/tau) in units of 2^-15 for `tau` in the same: divided in integers, then the board's exp()."""
    return board_exp(ONE * ONE // tau)


def board_exp(x: int) -> int:
    """exp(-x) as a SpiNNaker core computes it, for x >= 0 in units of 2^-15: tables of exp(-k) and exp(-k/16), times a parabola that is off
    by up to 1.3e-6, cut to 2^-15 and not rounded. Source: the arithmetic of `expk`, spinn_common's stdfix-exp.c."""
    if x > LAST:
        return 0
    whole, fraction = divmod(x, ONE)
    result = int(round(math.exp(-whole) * 2**32))
    if fraction:
        result -= _scaled(result, int(round((1 - math.exp(-(fraction >> 11) / 16)) * 2**32)))
        fine = (fraction & 0x7FF) << 17
        result -= _scaled(result, (((4293434720 - ((2081624032 * fine) >> 32)) * fine) >> 32) + 5294)
    return result >> 17


def _scaled(x: int, y: int) -> int:
    """x y, with y in units of 2^-32, rounded to nearest."""
    return (x * y + (1 << 31)) >> 32
