"""`lif` in NEST: integrate, fire and reset in one step. The proofs: docs/simulators/nest.md.

    reset "value"         iaf_psc_delta, t_ref 0, V_reset = resetTo
    reset "subtraction"   eprop_iaf with static synapses: it takes off its threshold, so V_th = resetBy and v is shifted by resetBy - threshold;
                          or pp_psc_delta, made deterministic, at half a step
    fires "at"            V >= V_th is NEST's own comparison
    fires "above"         V_th is the next float64 above
    output as potential   iaf_psc_delta without threshold

A layer is at rest at V = 0, where nothing fires, until its step 0; there beta v[-1] (and the shift) comes as one weighted spike besides h[0], so that
m[0] is what ours is. Spikes need 2 ms from layer to layer, so layer l's clock runs 2 l ms late.
"""

from __future__ import annotations

from typing import Dict

import numpy as np

from .nest_mapping import (
    NO_THRESHOLD,
    NestMapping,
    Neurons,
    deterministic,
    impossible,
    next_above,
    spiking,
    tau,
)
from .network import Layer, Network
from .neurons import Values, each

# ms, for beta 0: exp(-1 / tau) is exactly 0.
GONE_AT_ONCE = 1e-4
# At half a step: V - q keeps its sign, as 1e-30 of itself, until the step is over, and is 1e-60 of it then, which no longer counts (`deterministic`).
ALMOST_GONE = 1 / 138


def map_lif(network: Network, subtraction: str = "eprop_iaf", late: int = 0) -> NestMapping:
    """`subtraction` as of lagged-lif: "eprop_iaf" or "pp_psc_delta". `late`: steps in which devices can't send yet."""
    spikes = spiking(network)
    for index, layer in enumerate(network.layers):
        if spikes[index]:
            _check(index, layer, subtraction)
    subtracts = [own and layer.neuron.reset == "subtraction" for layer, own in zip(network.layers, spikes)]
    half = any(subtracts) and subtraction == "pp_psc_delta"
    neurons = [_neurons(layer, own, subtraction) for layer, own in zip(network.layers, spikes)]
    # What a reading of v - resetBy rounds is ours to the last bit only where it doesn't round at all.
    coarse = not subtracts[-1] or _float32(network.layers[-1].neuron)
    exact = coarse and all(np.all(each(layer.neuron.beta, layer.size) == 1) for layer in network.layers)
    return NestMapping(neurons, 0.5 if half else 1.0, 0, exact, 0, late)


def _check(index: int, layer: Layer, subtraction: str) -> None:
    neuron, size = layer.neuron, layer.size
    if neuron.reset == "subtraction":
        lowest = each(neuron.reset_by, size).min()
        if lowest <= 0:
            raise impossible(index, "a reset by %g" % lowest, "What a spike takes off must be above 0.")
        # While the layer waits for its step 0, in step 2 + 2 index, its V of -1 must not decay to what counts as 0.
        beta = each(neuron.beta, size).min()
        if subtraction == "pp_psc_delta" and neuron.fires == "at" and beta ** (4 + 2 * index) < 1e-40:
            raise impossible(
                index,
                "pp_psc_delta with beta = %g would fire at rest where the threshold itself is a spike" % beta,
                "Use a larger beta, fires above, or the simulator nest.",
            )
        return
    threshold, reset_to = each(neuron.threshold, size), each(neuron.reset_to, size)
    stays = reset_to > threshold if neuron.fires == "above" else reset_to >= threshold
    if stays.any():
        j = int(np.argmax(stays))
        raise impossible(
            index,
            "neuron %d, with the threshold %g, is reset to %g, where it would fire" % (j, threshold[j], reset_to[j]),
            "Reset to a value below the threshold.",
        )


def _float32(neuron) -> bool:
    values = np.concatenate([np.ravel(neuron.threshold), np.ravel(neuron.reset_by)])
    return bool(np.all(values.astype(np.float32) == values))


def _neurons(layer: Layer, spikes: bool, subtraction: str) -> Neurons:
    neuron, size = layer.neuron, layer.size
    beta, threshold, reset_by, reset_to = (each(value, size) for value in neuron[:4])
    adapts = spikes and neuron.reset == "subtraction" and subtraction == "pp_psc_delta"
    tau_m = np.array([tau(b) if b > 0 else ALMOST_GONE if adapts else GONE_AT_ONCE for b in beta])
    parameters: Dict[str, object] = {"C_m": 1.0, "I_e": 0.0, "tau_m": shared(tau_m)}
    at = neuron.fires == "at"
    model, offset, start = "iaf_psc_delta", np.zeros(size), np.zeros(size)
    if adapts:
        model, offset = "pp_psc_delta", -threshold
        parameters.update(deterministic(at), **_adaptation(reset_by, tau_m))
        if at:
            start -= 1.0  # at V = 0 it would fire already
    elif spikes and neuron.reset == "subtraction":
        model, offset = "eprop_iaf", reset_by - threshold
        parameters.update(E_L=0.0, t_ref=0.0, V_th=shared(reset_by if at else next_above(reset_by)))
    elif spikes:
        # So that 0 is below the threshold; whole numbers, which shift potentials without rounding.
        offset = np.where(threshold > 0, 0.0, 1.0 - np.floor(threshold))
        limit = threshold + offset
        parameters.update(
            E_L=0.0, t_ref=0.0, V_th=shared(limit if at else next_above(limit)), V_reset=shared(reset_to + offset)
        )
    else:
        parameters.update(E_L=0.0, t_ref=0.0, V_th=NO_THRESHOLD, V_reset=0.0)
    entry = beta * layer.initial + offset
    return Neurons(model, parameters, 1.0, 2, 0, offset, start, offset * (1.0 - beta), entry, beta)


def shared(values: np.ndarray) -> Values:
    """One number where all neurons have the same."""
    return float(values[0]) if (values == values[0]).all() else values


def _adaptation(q_sfa: np.ndarray, tau_sfa: np.ndarray) -> Dict[str, object]:
    """Both are lists, of one value here, and have to be of one length: a list for all neurons, or a row for each."""
    both = {"q_sfa": q_sfa, "tau_sfa": tau_sfa}
    if all(isinstance(shared(values), float) for values in both.values()):
        return {key: [shared(values)] for key, values in both.items()}
    return {key: values[:, None] for key, values in both.items()}
