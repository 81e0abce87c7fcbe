"""A network's layers as populations on the machine, and when each begins. Mirrors twins/cells.ts."""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from ..errors import BridgeError
from .kinds import expression
from .network import Layer, Network
from .neurons import LaggedLif, Values, each
from .spinnaker_cells import NEST_RUNS, ONE, Cell, accum, board_decay, fired, impossible, membrane

LARGEST = 65536.0  # what s16.15 ends at
# R times the largest input stays below, and V with it, so that their difference stays inside s16.15.
LARGEST_ACCUM = 32000.0
LARGEST_OBSERVATION, LARGEST_PIXEL = 5.0, 255.0  # what an observation is taken to reach when units are chosen
# In thresholds per step: what leak and rounding may take from a potential in what is still called the same network, and what nobody notices.
LARGEST_LOSS, NO_LOSS = 1 / 16, 2.0**-13
SIZES = range(15)  # exponents of what may arrive in one step, in the machine's units
LARGEST_SCALE = 64.0  # a neuron that is given next to nothing is not blown up any further
NO_THRESHOLD = 65535.0  # the readout's: none that it reaches before s16.15 ends
SMALLEST_CM = 256 / ONE  # nF; below, 2^-15 of it is more than 1/256 of the gain
SCALE_DOWN = "Scale weights, biases and thresholds down together."


class Settings(NamedTuple):
    # ms, instead of the one chosen for the network, and with it c_m 1 and sPyNNaker's own IFCurDelta; the thesis had 100
    tau_m: Optional[float] = None
    poisson_on_chip: bool = False  # Poisson input is drawn on the machine, not played from trains of the host
    hard_reset: bool = False  # sPyNNaker's own IFCurDelta for all: what is reset by subtraction is reset to zero
    time_scale: int = 1  # the machine runs so many times slower than real time


class Population(NamedTuple):
    """[neurons] each, in ms, nF and units of potential."""

    soft: bool  # IFCurrDeltaSoft, which takes off its threshold; else IFCurDelta
    tau_m: np.ndarray
    cm: np.ndarray
    rest: np.ndarray
    threshold: np.ndarray
    reset_to: np.ndarray
    offset: np.ndarray  # beside bias and input
    above: np.ndarray  # by so much potentials lie above ours: a soft reset takes off the threshold, whatever ours does
    # Powers of two, one for all neurons of a column of weights: what a neuron is given and its potential are so many times ours.
    scale: np.ndarray


def populations_of(network: Network, settings: Settings) -> List[Population]:
    """MAPPING_IMPOSSIBLE for what IFCurDelta populations can't express, naming the layer."""
    if network.output_spikes:
        raise BridgeError(
            "MAPPING_IMPOSSIBLE",
            "On SpiNNaker the readout is a potential, and the network decodes %s." % network.decoding,
            "Use the decoding potential.",
        )
    for index, layer in enumerate(network.layers):
        if layer.pooling:
            raise impossible(index, "has pooling, which its weights alone don't express", "Train with strides instead.")
        if layer.recurrent is not None:
            raise impossible(index, "is recurrent", NEST_RUNS)
    express = expression("spinnaker", network.layers)
    hard_reset = settings.hard_reset or settings.tau_m is not None
    cells = [express(index, layer, hard_reset) for index, layer in enumerate(network.layers)]
    last, made = len(cells) - 1, []
    for index, (cell, layer) in enumerate(zip(cells, network.layers)):
        scales, limit = _units(network, layer, index, cell, settings)
        made.append(_population(cell, layer.size, index == last, scales, limit, settings.tau_m))
        _assert_inside(index, layer, made[-1])
    return made


def _assert_inside(index: int, layer: Layer, own: Population) -> None:
    biases = np.zeros(1) if layer.biases is None else layer.biases
    values = [
        own.threshold,
        own.reset_to,
        own.rest,
        own.above,
        own.offset,
        layer.initial * own.scale,
        biases * own.scale,
    ]
    if not all((np.abs(v) < LARGEST).all() for v in values):
        what = "has a threshold, reset, bias or initial potential that leaves s16.15, which ends at 65536"
        raise impossible(index, what, SCALE_DOWN)
    if (own.cm < SMALLEST_CM).any():
        what = "has a gain that its leak leaves no capacitance for"
        raise impossible(index, what, "Multiply its weights by the gain instead.")


def _units(network: Network, layer: Layer, index: int, cell: Cell, settings: Settings) -> Tuple[np.ndarray, float]:
    """A power of two for each column of weights, so that what may arrive at a neuron is of one size in all of them: then 16 bits hold the
    weights of each neuron as finely as they can; and up to which R inputs then stay inside s16.15.

    That size is the power of two which costs least: a membrane of time constant tau_m loses 1/tau_m - 1/tau of its potential per step where
    tau was wanted, and rounding 2^-15 of the machine's units. MAPPING_IMPOSSIBLE where that is too much still.
    """
    reach = LARGEST_PIXEL if layer.convolution else LARGEST_OBSERVATION
    inputs = _largest_inputs(layer, cell, network, reach if index == 0 else 1.0)
    if settings.tau_m is not None:
        return np.ones_like(inputs), LARGEST_ACCUM
    beta, threshold = _smallest(cell.beta), _smallest(cell.threshold)
    wanted = 0.0 if beta == 1 else -math.log(beta)
    above = np.floor(np.log2(inputs)) + 1

    def scales(size: int) -> np.ndarray:
        return np.minimum(LARGEST_SCALE, 2.0 ** (size - above))

    def loss(size: int) -> float:
        tau_m = membrane(beta, LARGEST_ACCUM / 2.0**size).tau_m
        return max(0.0, 1 / tau_m - wanted) + 1 / (ONE * threshold * float(scales(size).min()))

    least = min(map(loss, SIZES))
    # Of the first layer the smallest that is good enough: room for observations beyond `reach`.
    enough = least if index else max(NO_LOSS, 1.25 * least)
    best = next(size for size in SIZES if loss(size) <= enough)
    if loss(best) > LARGEST_LOSS:
        raise impossible(
            index,
            "has a neuron whose input reaches %.3g, beside a threshold of %g: s16.15 has no room for both"
            % (inputs.max(), threshold),
            "Scale the observations, or weights and biases, down.",
        )
    return scales(best), LARGEST_ACCUM / 2.0**best


def _smallest(values: Values) -> float:
    """The smallest magnitude that is not 0, and no more than 1."""
    magnitudes = np.abs(np.atleast_1d(np.asarray(values, np.float64)))
    return float(min([1.0, *magnitudes[magnitudes > 0]]))


def _largest_inputs(layer: Layer, cell: Cell, network: Network, reach: float) -> np.ndarray:
    """Of each column of weights, for one neuron: what may arrive of one sign, or, of the observation, which has any, of both, times `reach`,
    with its bias and its offset, times its gain. At an image's border there are no more."""
    # Added one by one, as the twin does: sums in float64 depend on their order.
    plus, minus = np.zeros(layer.weights.shape[-1]), np.zeros(layer.weights.shape[-1])
    rows = layer.weights.reshape(-1, len(plus))
    if reach != 1 and network.signed_inputs:  # the second half is the first, negated
        rows, reach = rows[: len(rows) // 2], 2 * reach
    for row in rows:
        plus += np.maximum(row, 0.0)
        minus += np.maximum(-row, 0.0)
    arriving = np.maximum(plus, minus) if reach == 1 else (plus + minus) * reach
    biases = np.zeros(layer.size) if layer.biases is None else np.abs(layer.biases)
    inputs = np.tile(arriving, layer.size // len(plus)) + biases + np.abs(each(cell.offset, layer.size))
    inputs *= np.maximum(1.0, each(cell.gain, layer.size))
    return np.maximum(2.0**-15, inputs.reshape(-1, len(plus)).max(axis=0))


def _population(
    cell: Cell, size: int, readout: bool, scales: np.ndarray, limit: float, tau_m: Optional[float]
) -> Population:
    scale = np.tile(scales, size // len(scales))
    beta, gain = each(cell.beta, size), each(cell.gain, size)
    threshold = fired(each(cell.threshold, size) * scale, cell.fires)
    pairs, inverse = np.unique(np.column_stack([beta, gain]), axis=0, return_inverse=True)
    if tau_m is None:
        made = np.array([membrane(*map(float, (b, limit, g))) for b, g in pairs])
    else:
        made = np.array([[tau_m, 1.0]] * len(pairs))
    membranes = made[inverse.ravel()]
    soft = cell.by is not None and not readout
    above = each(cell.by, size) * scale - threshold if soft else np.zeros(size)
    hard = cell.by is None and not readout
    return Population(
        soft,
        membranes[:, 0],
        membranes[:, 1],
        each(cell.rest, size) * scale + above,
        np.full(size, NO_THRESHOLD) if readout else threshold + above,
        each(cell.to, size) * scale if hard else np.zeros(size),
        each(cell.offset, size) * scale,
        above,
        scale,
    )


class Schedule(NamedTuple):
    """When a network's steps are on the machine, where a neuron spikes in the step in which it is charged, and a spike needs a step or more to
    the next layer. Neurons without lag act in the same step, layer after layer: layer l is l steps late, the delay 1. Those with a lag of 2
    (lagged-lif) have in v[t + 1] what the machine has after its step t, and spike a step after that; the delay 2 keeps all layers at one time.
    Spikes of sources on the machine take a step more."""

    delay: int  # from layer to layer, in steps
    late: List[int]  # steps of the machine before a layer's own first one
    lag: int  # a spike in the machine's step m is one of our step m - late + lag
    more: int

    def machine_steps(self, steps: int) -> int:
        """What the machine runs for so many steps of ours: its last recording, before the update, is the readout after our last."""
        return steps + self.more


def schedule_of(network: Network, settings: Settings) -> Schedule:
    """With a `tau_m` as the thesis had it: a delay of 1 for all, and as many steps as the network has."""
    layers = len(network.layers)
    first = 0 if network.encoding == "constant" else 1
    if settings.tau_m is not None:
        return Schedule(1, [0] * layers, 0, 0)
    if isinstance(network.layers[0].neuron, LaggedLif):
        return Schedule(2, [first] * layers, 2, first)
    return Schedule(1, [index + first for index in range(layers)], 0, layers + first)


def _after_empty_step(neuron: LaggedLif, initial: np.ndarray) -> np.ndarray:
    """lagged-lif's potential after its step 0, in which nothing has arrived yet; the machine begins a step later."""
    kept = neuron.beta * initial
    spent = kept - neuron.reset_by if neuron.reset == "subtraction" else np.zeros_like(kept)
    return np.where(initial <= neuron.threshold, kept, spent)


def start_of(layer: Layer, own: Population, late: int, lag: int = 0) -> np.ndarray:
    """Potentials before the machine's first step: ours, or, where a layer's own first step comes `late`, those from which its bias alone brings
    it there; ours after all where that path would spike."""
    tau = [accum(value) for value in own.tau_m]
    decays = {value: board_decay(value) for value in set(tau)}
    decay = np.array([decays[value] for value in tau], np.float64)
    resistance = np.array([t * ONE // accum(c) for t, c in zip(tau, own.cm)], np.float64)
    biases = np.zeros(layer.size) if layer.biases is None else layer.biases
    initial = _after_empty_step(layer.neuron, layer.initial) if lag else layer.initial
    first = initial * own.scale + own.above
    constant = resistance / ONE * (biases * own.scale + own.offset) + own.rest
    v, usable = first.copy(), np.ones(layer.size, bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(late):
            usable &= v < own.threshold
            v = constant - (constant - v) / (decay / ONE)
            usable &= np.abs(v) < LARGEST
    return np.where(usable, v, first)
