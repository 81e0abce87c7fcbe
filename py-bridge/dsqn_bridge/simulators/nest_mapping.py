"""Our neurons in NEST: which model, which parameters, which delays, and why every spike falls in the same bin.

One step of ours is 1 ms. The whole table with proofs: docs/simulators/nest.md. In short:

    alpha 0, reset to zero           iaf_psc_delta, t_ref = 1 step (it loses the current of that step, as we do)
    alpha 0, reset by subtraction    eprop_iaf with static synapses; or pp_psc_delta, made deterministic, at half a step
    alpha > 0, reset to zero         iaf_psc_exp, weights divided by its propagator P21
    alpha > 0, reset by subtraction  gif_psc_exp, made deterministic: its threshold grows by resetBy instead, and decays like the membrane
    output read as potential         the same without a threshold

Without leak tau_m is 1e300, so that exp(-h / tau_m) is exactly 1. NEST's own current path (I_e, dc_generator) contributes nothing then:
every constant current arrives as one weighted spike per step. float32 weights summed in float64 are exact.
"""

from __future__ import annotations

import math
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from ..errors import BridgeError
from .network import Layer, Network

NO_LEAK = 1e300
NO_THRESHOLD = 1e300
# Where a second exponential is involved NEST multiplies the two time constants: 1e17 still gives exp(-1 / tau) == 1.
LONG = 1e17
# And a current with this one is gone after a step, but for 1e-28 of it (NEST's propagator overflows with much less).
INSTANT = 1 / 64


class Neurons(NamedTuple):
    """What NEST makes of one layer. v_NEST = v + offset, where offset is kept up by a current where the membrane leaks."""

    model: str
    parameters: Dict[str, object]
    weight_factor: float
    delay: float  # ms, from the layer before
    offset: float
    start: np.ndarray  # V_m before the first update
    feed: float  # current per step that keeps the offset


class NestMapping(NamedTuple):
    layers: List[Neurons]
    resolution: float  # ms
    shift: int  # steps before step 0 of ours
    exact: bool
    subtraction: str  # the model used for reset by subtraction


def next_above(x: float) -> float:
    """The next float64: V >= next_above(theta) is V > theta."""
    return float(np.nextafter(x, np.inf))


def tau(decay: float, longest: float = NO_LEAK) -> float:
    """The time constant in ms of a decay per step of 1 ms."""
    return longest if decay == 1 else -1.0 / math.log(decay)


def map_network(network: Network, subtraction: str = "eprop_iaf", shift: int = 0) -> NestMapping:
    """`subtraction` names the model for reset by subtraction without a synaptic current: "eprop_iaf" (NEST 3.9 and later),
    "pp_psc_delta" (NEST 2 as well), or "gif_psc_exp", which any layer with a current takes.

    `shift`: start so many steps early even where nothing needs it.
    """
    layers = network.layers
    last = len(layers) - 1
    spiking = [index < last or network.output_spikes for index in range(len(layers))]
    for index, layer in enumerate(layers):
        _check(index, layer, spiking[index])
    # One step earlier: where v[0] already spikes, where it would decay, and where the synapse takes a step of its own.
    shift = max(shift, int(any(_needs_shift(layer, spikes) for layer, spikes in zip(layers, spiking))))
    subtracts = any(spikes and layer.reset == "subtraction" for layer, spikes in zip(layers, spiking))
    half = subtracts and subtraction == "pp_psc_delta"
    if half and any(layer.alpha > 0 for layer in layers):
        # Exponential currents flow within a step too, where nothing may be compared with a threshold: no half steps then.
        half, subtraction = False, "gif_psc_exp"
    neurons = [_neurons(layer, spikes, shift, subtraction) for layer, spikes in zip(layers, spiking)]
    exact = all(layer.alpha == 0 and layer.beta == 1 for layer in layers)
    return NestMapping(neurons, 0.5 if half else 1.0, shift, exact, subtraction)


def _check(index: int, layer: Layer, spikes: bool) -> None:
    def impossible(reason: str, hint: str) -> BridgeError:
        return BridgeError(
            "MAPPING_IMPOSSIBLE", "NEST has no exact counterpart of layer %d: %s." % (index, reason), hint
        )

    if layer.beta == 0 or not 0 <= layer.alpha <= 1 or not 0 <= layer.beta <= 1:
        raise impossible(
            "alpha = %g, beta = %g" % (layer.alpha, layer.beta), "Use decays with 0 <= alpha <= 1 and 0 < beta <= 1."
        )
    if spikes and layer.reset == "subtraction" and layer.reset_by <= 0:
        raise impossible("a reset by %g" % layer.reset_by, "What a spike takes off must be above 0.")
    if spikes and layer.reset == "zero" and layer.threshold < 0:
        raise impossible(
            "reset to zero with the threshold %g below zero spikes for ever" % layer.threshold,
            "Use a threshold of at least 0.",
        )


def _needs_shift(layer: Layer, spikes: bool) -> bool:
    if layer.alpha > 0 or (spikes and np.any(layer.initial > layer.threshold)):
        return True
    return layer.beta < 1 and bool(np.any(layer.initial) or (spikes and layer.reset == "subtraction"))


def _offset(layer: Layer) -> float:
    """NEST's eprop_iaf takes off its threshold, and before the decay: so its threshold is resetBy / beta, v shifted to match."""
    return layer.reset_by / layer.beta - layer.threshold if layer.reset == "subtraction" else 0.0


def _neurons(layer: Layer, spikes: bool, shift: int, subtraction: str) -> Neurons:
    if spikes and layer.reset == "subtraction" and (layer.alpha > 0 or subtraction == "gif_psc_exp"):
        return _adapting_neurons(layer, shift)
    parameters: Dict[str, object] = {"C_m": 1.0, "I_e": 0.0}
    model, factor, delay, offset = "iaf_psc_delta", 1.0, 2.0, 0.0
    if layer.alpha > 0:
        model, delay = "iaf_psc_exp", 1.0
        tau_m, tau_syn = tau(layer.beta, LONG), tau(layer.alpha, LONG)
        parameters.update(tau_m=tau_m, tau_syn_ex=tau_syn, tau_syn_in=tau_syn)
        factor = 1.0 / propagator(tau_m, tau_syn)
    else:
        parameters.update(tau_m=tau(layer.beta))
    if spikes and layer.reset == "subtraction" and subtraction == "pp_psc_delta":
        model, offset = "pp_psc_delta", -layer.threshold
        parameters.update(
            q_sfa=[layer.reset_by / layer.beta], tau_sfa=[parameters["tau_m"]], with_reset=False,
            dead_time=1e-8, dead_time_random=False, c_1=1e300, c_2=0.0, c_3=0.0,
        )  # fmt: skip
    elif spikes and layer.reset == "subtraction":
        model, offset = "eprop_iaf", _offset(layer)
        parameters.update(E_L=0.0, V_th=next_above(layer.reset_by / layer.beta), t_ref=0.0)
    else:
        # With or without threshold, t_ref is never longer than the step in which the current is lost.
        parameters.update(E_L=0.0, V_reset=0.0, t_ref=1.0, V_th=next_above(layer.threshold) if spikes else NO_THRESHOLD)
    start = (layer.initial + offset) / layer.beta**shift
    return Neurons(model, parameters, factor, delay, offset, start, offset * (1.0 - layer.beta))


def _adapting_neurons(layer: Layer, shift: int) -> Neurons:
    """gif_psc_exp never touches V at a spike where t_ref is 0; its threshold grows by q_sfa and decays, from the step after, with tau_sfa.
    With tau_sfa = tau_m that is v less resetBy. Its hazard lambda_0 exp((V - V_T) / Delta_V) is infinite above the threshold, and at it
    or below so small that no random number is."""
    tau_m, tau_syn = tau(layer.beta, LONG), tau(layer.alpha, LONG) if layer.alpha > 0 else INSTANT
    parameters: Dict[str, object] = {
        "C_m": 1.0, "I_e": 0.0, "E_L": 0.0, "g_L": 1.0 / tau_m, "tau_syn_ex": tau_syn, "tau_syn_in": tau_syn, "t_ref": 0.0,
        "V_T_star": layer.threshold, "q_sfa": [layer.reset_by], "tau_sfa": [tau_m], "lambda_0": 1e-300, "Delta_V": 1e-300,
    }  # fmt: skip
    start = layer.initial / layer.beta**shift
    return Neurons("gif_psc_exp", parameters, 1.0 / propagator(tau_m, tau_syn), 2.0, 0.0, start, 0.0)


def propagator(tau_m: float, tau_syn: float) -> float:
    """P21 of iaf_psc_exp and gif_psc_exp for h = 1 ms and C_m = 1: what a unit current adds to the membrane within one step."""
    difference = 1.0 / tau_m - 1.0 / tau_syn
    growth = math.expm1(difference) / difference if difference != 0 else 1.0
    return math.exp(-1.0 / tau_m) * growth


def describe(network: Network, mapping: NestMapping, simulator: str) -> dict:
    """The mapping as it is printed and stored in certificates (the TypeScript `Mapping`)."""
    layers = []
    for index, neurons in enumerate(mapping.layers):
        parameters = {key: value for key, value in neurons.parameters.items()}
        layers.append(
            {
                "layer": index,
                "model": neurons.model,
                "parameters": parameters,
                "weights": {
                    "unit": "mV per spike" if neurons.weight_factor == 1 else "pA, divided by the propagator P21",
                    "factor": neurons.weight_factor,
                },
                "delay": neurons.delay,
            }
        )
    notes = []
    if mapping.resolution == 0.5:
        notes.append("Resolution is half a step: pp_psc_delta can't fire in two successive steps of NEST.")
    if compatible_delay(mapping, network, network.steps) not in (None, 1):
        notes.append(
            "Delays are those of the table times %d, and each layer's clock runs that much later: spikes keep their steps, and NEST "
            "updates neurons many steps at a time." % compatible_delay(mapping, network, network.steps)
        )
    if mapping.shift:
        notes.append("The simulation starts %d step(s) before step 0 of ours." % mapping.shift)
    if not mapping.exact:
        notes.append(
            "With leak or synaptic currents NEST's exponentials round differently from ours: potentials agree to 1e-12."
        )
    if network.output_spikes and network.layers[-1].reset == "subtraction":
        notes.append(
            "The output potential is that of an iaf_psc_delta without threshold that gets the same spikes, and -resetBy for each spike of its neuron."
        )
    return {
        "name": "nest-%s" % ("exact" if mapping.exact else "lif"),
        "simulator": simulator,
        "step": 1.0,
        "resolution": mapping.resolution,
        "input": "constant: x W + b as one weighted spike per step of a spike_generator; spikes: a spike_generator per input",
        "ties": "ours fires at v > theta, NEST at V >= V_th: V_th is the next float64 above",
        "layers": layers,
        "exact": mapping.exact,
        "notes": notes,
    }


def compatible_delay(mapping: NestMapping, network: Network, steps: int) -> Optional[int]:
    """How many steps of NEST may lie between two deliveries of spikes, or None for the plain timing.

    Longer delays between layers only move each layer's clock: NEST then updates a neuron many steps at a time, in cache (about 3 x faster).
    """
    plain = mapping.shift == 0 and mapping.resolution == 1.0 and mapping.exact and not network.output_spikes
    return max(1, min(10, steps // 20)) if plain else None
