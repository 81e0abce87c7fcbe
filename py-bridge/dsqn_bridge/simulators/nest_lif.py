"""`lif` in NEST: integrate, fire and reset in one step. The proofs: docs/simulators/nest.md.

    reset "value"         iaf_psc_delta, t_ref 0, V_reset = resetTo
    reset "subtraction"   eprop_iaf with static synapses: it takes off its threshold, so V_th = resetBy and v is shifted by resetBy - threshold;
                          or pp_psc_delta, made deterministic, at half a step
    "delayed-subtraction" the same with resetBy / beta: what is taken off before the leak is resetBy after it; where a beta is 0 gif_psc_exp,
                          whose threshold is higher by resetBy in the next step alone
    "delayed-lost"        iaf_psc_delta, t_ref = one step, V_reset 0: it loses the input of that step, as ours does
    subtraction of 0      gif_psc_exp whose threshold does not rise: nothing is reset
    a synaptic current    iaf_psc_exp, of which a spike is in the potential a step later; with a subtraction gif_psc_exp, of which it is at once
    lowest                V_min of iaf_psc_delta and eprop_iaf
    fires "at"            V >= V_th is NEST's own comparison
    fires "above"         V_th is the next float64 above
    output as potential   iaf_psc_delta or iaf_psc_exp without threshold

gain is part of every weight, offset and the leak towards leakTo are what a device adds in every step. A layer is at rest at V = 0, where nothing
fires, until its step 0; there beta v[-1] (and the shift) comes as one weighted spike besides h[0], so that m[0] is what ours is. Spikes need 2 ms
from layer to layer (and 1 more into a current), so layer l's clock runs that much late.
"""

from __future__ import annotations

from typing import Dict, Optional

import numpy as np

from .nest_lif_checks import check, forgets_late, never_reset
from .nest_mapping import (
    INSTANT,
    LONG,
    NO_THRESHOLD,
    Companion,
    NestMapping,
    Neurons,
    deterministic,
    next_above,
    propagator,
    spiking,
    tau,
)
from .network import Layer, Network
from .neurons import Values, each

# ms, for beta 0: exp(-1 / tau) is exactly 0.
GONE_AT_ONCE = 1e-4
# At half a step: V - q keeps its sign, as 1e-30 of itself, until the step is over, and is 1e-60 of it then, which no longer counts (`deterministic`).
ALMOST_GONE = 1 / 138
SUBTRACTIONS = ("subtraction", "delayed-subtraction")


def map_lif(network: Network, subtraction: str = "eprop_iaf", late: int = 0) -> NestMapping:
    """`subtraction` as of lagged-lif: "eprop_iaf" or "pp_psc_delta". `late`: steps in which devices can't send yet."""
    layers, spikes = network.layers, spiking(network)
    subtracts = [own and layer.neuron.reset in SUBTRACTIONS for layer, own in zip(layers, spikes)]
    half = any(subtracts) and subtraction == "pp_psc_delta"
    unreset = any(own and (never_reset(layer) or forgets_late(layer)) for layer, own in zip(layers, spikes))
    if half and (unreset or any(layer.neuron.current != "none" for layer in layers)):
        # Exponential currents flow within a step too, where nothing may be compared with a threshold: no half steps then.
        half, subtraction = False, "gif_psc_exp"
    for index, (layer, own) in enumerate(zip(layers, spikes)):
        check(index, layer, own, _model(layer, own, subtraction))
    neurons = [_neurons(layer, own, subtraction) for layer, own in zip(layers, spikes)]
    if spikes[-1]:
        neurons[-1] = neurons[-1]._replace(companion=_companion(layers[-1], neurons[-1]))
    # What a reading of v - resetBy rounds is ours to the last bit only where it doesn't round at all.
    coarse = not subtracts[-1] or _float32(layers[-1].neuron)
    exact = coarse and all(n.synapse is None and n.model != "gif_psc_exp" for n in neurons)
    exact = exact and all(_keeps_bits(layer) for layer in layers)
    return NestMapping(neurons, 0.5 if half else 1.0, 0, exact, 0, late)


def _model(layer: Layer, spikes: bool, subtraction: str) -> str:
    current, subtracts = layer.neuron.current != "none", spikes and layer.neuron.reset in SUBTRACTIONS
    # A spike is back in its layer in time in gif_psc_exp alone, which can also lose the step after it.
    lost = spikes and current and layer.neuron.reset == "delayed-lost" and layer.recurrent is not None
    if subtracts or lost:
        return "gif_psc_exp" if current or never_reset(layer) or forgets_late(layer) else subtraction
    return "iaf_psc_exp" if current else "iaf_psc_delta"


def _keeps_bits(layer: Layer) -> bool:
    """No leak, and products with gains that don't round."""
    return bool(
        np.all(each(layer.neuron.beta, layer.size) == 1)
        and np.all(np.isin(np.abs(np.frexp(each(layer.neuron.gain, layer.size))[0]), (0, 0.5)))
    )


def _float32(neuron) -> bool:
    values = np.concatenate([np.ravel(neuron.threshold), np.ravel(neuron.reset_by)])
    return bool(np.all(values.astype(np.float32) == values))


def _neurons(layer: Layer, spikes: bool, subtraction: str) -> Neurons:
    p, size = layer.neuron, layer.size
    beta, alpha, gain, offset, leak_to, threshold, reset_by = (
        each(values, size) for values in (p.beta, p.alpha, p.gain, p.offset, p.leak_to, p.threshold, p.reset_by)
    )
    model = _model(layer, spikes, subtraction)
    current = model in ("iaf_psc_exp", "gif_psc_exp")
    subtracts = spikes and p.reset in SUBTRACTIONS
    late = subtracts and p.reset == "delayed-subtraction"
    taken_off = reset_by / np.where(beta > 0, beta, 1.0) if late else reset_by  # gif_psc_exp does without
    tau_m = np.array([_tau_m(b, model) for b in beta])
    shift = _shift(layer, spikes, model, taken_off)
    parameters: Dict[str, object] = {"C_m": 1.0, "I_e": 0.0}
    synapse, factor = None, gain
    if current:
        tau_syn = np.array([_tau_syn(a) for a in alpha]) if p.current != "none" else np.full(size, INSTANT)
        unit = 1.0 / np.array([propagator(m, s) for m, s in zip(tau_m, tau_syn)])
        decay = alpha if p.current != "none" else np.zeros(size)
        synapse, factor = (shared(decay), shared(unit)), gain * unit
        if p.current == "input-first":
            factor = factor * alpha
        parameters.update(tau_syn_ex=shared(tau_syn), tau_syn_in=shared(tau_syn))
    if model == "gif_psc_exp":
        rises = reset_by * (1.0 if late else beta) if subtracts else np.zeros(size)
        parameters.update(_adapting(p.fires == "at", threshold + shift, tau_m), **_adaptation(rises, tau_m))
        if not subtracts:
            parameters.update(t_ref=1.0, V_reset=shared(np.maximum(0.0, each(p.lowest, size)) + shift))
    else:
        parameters["tau_m"] = shared(tau_m)
        parameters.update(_resetting(layer, spikes, model, shift, taken_off, tau_m))
    start = np.full(
        size, -1.0 if model == "pp_psc_delta" and p.fires == "at" else 0.0
    )  # at V = 0 it would fire already
    entry = beta * layer.initial + shift
    if spikes and p.reset == "delayed-subtraction":
        entry = entry - reset_by * ((layer.initial >= threshold) if p.fires == "at" else (layer.initial > threshold))
    unread = p.reset_by if model == "gif_psc_exp" and p.reset == "subtraction" else 0.0
    latency = -1 if model == "iaf_psc_exp" else 0
    constant = (1.0 - beta) * leak_to + gain * offset
    feed = shift * (1.0 - beta)
    return Neurons(
        model, parameters, shared(factor), 2, latency, shift, start, feed, entry, beta, constant, synapse, unread
    )


def _tau_m(beta: float, model: str) -> float:
    if model in ("iaf_psc_exp", "gif_psc_exp"):
        return tau(beta, LONG) if beta > 0 else INSTANT
    return tau(beta) if beta > 0 else ALMOST_GONE if model == "pp_psc_delta" else GONE_AT_ONCE


def _tau_syn(alpha: float) -> float:
    return tau(alpha, LONG) if alpha > 0 else INSTANT


def _shift(layer: Layer, spikes: bool, model: str, taken_off: np.ndarray) -> np.ndarray:
    """V less v, so that V = 0 neither fires nor lies below the lower bound."""
    size = layer.size
    threshold, lowest = (each(values, size) for values in (layer.neuron.threshold, layer.neuron.lowest))
    if model == "pp_psc_delta":
        return -threshold
    if model == "eprop_iaf":
        return taken_off - threshold
    if not spikes:
        return np.where(lowest > 0, -lowest, 0.0)
    # Whole numbers, which shift potentials without rounding, where there is one between threshold and bound.
    whole = np.where(threshold > 0, 0.0, 1.0 - np.floor(threshold))
    bounded = np.floor(-np.where(np.isfinite(lowest), lowest, 0.0))
    bounded = np.where(threshold + bounded > 0, bounded, -lowest)
    return np.where(lowest + whole > 0, bounded, whole)


def _resetting(layer, spikes, model, shift, taken_off, tau_m) -> Dict[str, object]:
    """Threshold, reset and bound of the models that are reset."""
    p, size, at = layer.neuron, layer.size, layer.neuron.fires == "at"
    lowest = each(p.lowest, size)
    bound = {"V_min": shared(np.maximum(lowest + shift, -1e300))} if np.any(np.isfinite(lowest)) else {}
    if model == "pp_psc_delta":
        return {**deterministic(at), **_adaptation(taken_off, tau_m)}
    if not spikes:
        return {"E_L": 0.0, "t_ref": 0.0, "V_th": NO_THRESHOLD, "V_reset": 0.0, **bound}
    if model == "eprop_iaf":
        return {"E_L": 0.0, "t_ref": 0.0, "V_th": shared(taken_off if at else next_above(taken_off)), **bound}
    limit = each(p.threshold, size) + shift
    lost = p.reset == "delayed-lost"
    reset = np.maximum(0.0 if lost else each(p.reset_to, size), lowest) + shift
    V_th = shared(limit if at else next_above(limit))
    return {"E_L": 0.0, "t_ref": 1.0 if lost else 0.0, "V_th": V_th, "V_reset": shared(reset), **bound}


def _adapting(at: bool, threshold: np.ndarray, tau_m: np.ndarray) -> Dict[str, object]:
    """gif_psc_exp that fires above its threshold (`at`: or at it); nest_mapping.py says why. A spike's rise of the threshold decays from the second
    step on, so that it is what is left of the subtraction after the first."""
    return {
        "E_L": 0.0, "g_L": shared(1.0 / tau_m), "t_ref": 0.0, "V_T_star": shared(threshold),
        "lambda_0": 1e300 if at else 1e-300, "Delta_V": 1e-300,
    }  # fmt: skip


def _companion(layer: Layer, neurons: Neurons) -> Optional[Companion]:
    """For potentials of an output layer that spikes: those that a reset has changed in another way than ours."""
    p, size = layer.neuron, layer.size
    if p.reset == "delayed-lost" and neurons.model != "gif_psc_exp":
        return Companion(False, {"V_th": NO_THRESHOLD})
    if neurons.model not in ("eprop_iaf", "pp_psc_delta"):
        return None
    lowest = each(p.lowest, size)
    bound = {"V_min": shared(np.maximum(lowest, -1e300))} if np.any(np.isfinite(lowest)) else {}
    delayed = p.reset == "delayed-subtraction"
    late = neurons.entry - neurons.offset - neurons.decay * layer.initial  # what the step before step 0 takes off
    return Companion(True, {"t_ref": 0.0, **bound}, p.reset_by, 2 if delayed else 1, late)


def shared(values: np.ndarray) -> Values:
    """One number where all neurons have the same."""
    return float(values[0]) if (values == values[0]).all() else values


def _adaptation(q_sfa: np.ndarray, tau_sfa: np.ndarray) -> Dict[str, object]:
    """Both are lists, of one value here, and have to be of one length: a list for all neurons, or a row for each."""
    both = {"q_sfa": q_sfa, "tau_sfa": tau_sfa}
    if all(isinstance(shared(values), float) for values in both.values()):
        return {key: [shared(values)] for key, values in both.items()}
    return {key: values[:, None] for key, values in both.items()}
