"""What of `lif` NEST can't express, layer by layer, with the reason."""

from __future__ import annotations

import numpy as np

from .nest_mapping import impossible
from .network import Layer
from .neurons import each

OURS = "The project's own engines run it."


def check(index: int, layer: Layer, spikes: bool, model: str) -> None:
    """MAPPING_IMPOSSIBLE where `model` isn't the layer's counterpart."""
    p, size = layer.neuron, layer.size
    if spikes and p.max_spikes > 1:
        raise impossible(index, "several spikes per step, and a neuron of NEST sends one", OURS)
    lowest = each(p.lowest, size)
    if np.any(np.isfinite(lowest)) and model not in ("iaf_psc_delta", "eprop_iaf"):
        raise impossible(index, "a lower bound of the potential, and %s has none" % model, OURS)
    if spikes and layer.recurrent is not None and model == "iaf_psc_exp":
        reason = "recurrent weights beside a synaptic current with a reset of the potential: in iaf_psc_exp a spike needs two steps back to its layer"
        raise impossible(index, reason, OURS)
    if spikes:
        _check_reset(index, layer, model, lowest)


def never_reset(layer: Layer) -> bool:
    """A neuron that spikes in every step in which it is above its threshold: a subtraction of nothing."""
    p = layer.neuron
    return p.reset in ("subtraction", "delayed-subtraction") and bool(np.all(each(p.reset_by, layer.size) == 0))


def forgets_late(layer: Layer) -> bool:
    """A delayed subtraction from neurons of which some keep nothing (beta 0): what comes after the leak can't be taken off before it."""
    p = layer.neuron
    return p.reset == "delayed-subtraction" and bool(np.any(each(p.beta, layer.size) == 0)) and not never_reset(layer)


def _check_reset(index: int, layer: Layer, model: str, lowest: np.ndarray) -> None:
    p, size = layer.neuron, layer.size
    if p.reset == "subtraction-late":
        reason = "the reset subtraction-late, which takes off resetBy by what the potential after the last reset was, and not for each spike"
        raise impossible(index, reason, OURS)
    if p.reset in ("subtraction", "delayed-subtraction"):
        _check_subtraction(index, layer, model, lowest)
    elif p.reset == "delayed-lost":
        _check_lost(index, layer)
    else:
        _check_value(index, layer, np.maximum(each(p.reset_to, size), lowest))
    threshold = each(p.threshold, size)
    if np.any(lowest >= threshold):
        raise impossible(index, "a lower bound that is not below the threshold", OURS)


def _check_subtraction(index: int, layer: Layer, model: str, lowest: np.ndarray) -> None:
    p, size = layer.neuron, layer.size
    beta, reset_by = each(p.beta, size), each(p.reset_by, size)
    if reset_by.min() <= 0 and not never_reset(layer):
        raise impossible(index, "a reset by %g" % reset_by.min(), "What a spike takes off must be above 0.")
    delayed = p.reset == "delayed-subtraction"
    bounded = np.isfinite(lowest)
    after = each(p.threshold, size) - (0.0 if delayed else reset_by)
    if np.any(bounded & ((after < lowest) | delayed | (lowest > 0))):
        reason = "a lower bound that what a spike leaves may reach: eprop_iaf keeps to it before its reset"
        raise impossible(index, reason, OURS)
    # While the layer waits for its step 0, in step 2 + 2 index, its V of -1 must not decay to what counts as 0.
    if model == "pp_psc_delta" and p.fires == "at" and beta.min() ** (4 + 2 * index) < 1e-40:
        raise impossible(
            index,
            "pp_psc_delta with beta = %g would fire at rest where the threshold itself is a spike" % beta.min(),
            "Use a larger beta, fires above, or the simulator nest.",
        )


def _check_lost(index: int, layer: Layer) -> None:
    p, size = layer.neuron, layer.size
    threshold = each(p.threshold, size)
    if np.any(threshold < 0) or (p.fires == "at" and np.any(threshold == 0)):
        raise impossible(index, "a threshold below what a lost step leaves, 0", "Use a threshold above 0.")
    above = layer.initial >= threshold if p.fires == "at" else layer.initial > threshold
    if above.any():
        reason = "neuron %d starts above its threshold, and step 0 would be lost" % int(np.argmax(above))
        raise impossible(index, reason, "Start it below.")


def _check_value(index: int, layer: Layer, reset_to: np.ndarray) -> None:
    threshold = each(layer.neuron.threshold, layer.size)
    stays = reset_to > threshold if layer.neuron.fires == "above" else reset_to >= threshold
    if stays.any():
        j = int(np.argmax(stays))
        raise impossible(
            index,
            "neuron %d, with the threshold %g, is reset to %g, where it would fire" % (j, threshold[j], reset_to[j]),
            "Reset to a value below the threshold.",
        )
