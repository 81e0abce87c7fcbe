"""How a layer of ours is expressed in NEST, and `lagged-lif`: which model, parameters, delays, and why every spike falls in the same bin.

One step of ours is 1 ms. The whole table with proofs: docs/simulators/nest.md. In short, of lagged-lif (of lif: nest_lif.py):

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
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..errors import BridgeError
from .network import Layer, Network
from .neurons import Values

NO_LEAK = 1e300
NO_THRESHOLD = 1e300
# Where a second exponential is involved NEST multiplies the two time constants: 1e17 still gives exp(-1 / tau) == 1.
LONG = 1e17
# And a current with this one is gone after a step, but for 1e-28 of it (NEST's propagator overflows with much less).
INSTANT = 1 / 64


class Companion(NamedTuple):
    """The output layer again, for potentials that the layer itself has no more. `integrates`: without threshold; it gets -`taken_off` `delay` ms after
    each spike of its neuron. Else the same neurons, of which `parameters` switch off spikes before the last step."""

    integrates: bool
    parameters: Dict[str, object]
    taken_off: Values = 0.0
    delay: int = 1
    start: Values = 0.0


class Neurons(NamedTuple):
    """What NEST makes of one layer. v_NEST = v + offset, where offset is kept up by a current where the membrane leaks."""

    model: str
    parameters: Dict[str, object]  # arrays: one value, or one row, for each neuron
    weight_factor: Values  # one, or one for each neuron
    delay: float  # ms, from the layer before
    latency: int  # steps from the arrival of h[t] to the update that compares the potential which it is in with the threshold
    offset: Values
    start: np.ndarray  # V_m before the first update
    feed: Values  # current per step that keeps the offset
    # Where a layer is at rest until its step 0: what comes with h[0], and the decay per step until then (from `start`, which it replaces).
    entry: Optional[np.ndarray] = None
    decay: Values = 1.0
    constant: Values = 0.0  # what charges the membrane in every step besides currents and biases
    # Of a synaptic current: its decay per step, and a current for a unit of potential in the step.
    synapse: Optional[Tuple[Values, Values]] = None
    # What a spike in the last step takes off, and what is read of an output layer does not say yet.
    unread: Values = 0.0
    companion: Optional[Companion] = None  # of an output layer that spikes

    @property
    def companion_integrates(self) -> bool:
        return self.companion is not None and self.companion.integrates


class NestMapping(NamedTuple):
    layers: List[Neurons]
    resolution: float  # ms
    shift: int  # steps before step 0 of ours
    exact: bool
    lag: int  # steps from the time stamp of s[t] to the update that ends with v[t]
    late: int = 0  # steps in which devices can't send yet


def next_above(x: Values) -> Values:
    """The next float64: V >= next_above(theta) is V > theta."""
    above = np.nextafter(x, np.inf)
    return above if np.ndim(above) else float(above)


def tau(decay: float, longest: float = NO_LEAK) -> float:
    """The time constant in ms of a decay per step of 1 ms."""
    return longest if decay == 1 else -1.0 / math.log(decay)


def impossible(index: int, reason: str, hint: str) -> BridgeError:
    return BridgeError("MAPPING_IMPOSSIBLE", "NEST has no exact counterpart of layer %d: %s." % (index, reason), hint)


def spiking(network: Network) -> List[bool]:
    """Whether each layer spikes: the last only where its spikes are read."""
    return [True] * (len(network.layers) - 1) + [network.output_spikes]


def map_lagged_lif(network: Network, subtraction: str = "eprop_iaf", shift: int = 0) -> NestMapping:
    """`subtraction` names the model for reset by subtraction without a synaptic current: "eprop_iaf" (NEST 3.9 and later),
    "pp_psc_delta" (NEST 2 as well), or "gif_psc_exp", which any layer with a current takes.

    `shift`: start so many steps early even where nothing needs it.
    """
    layers = network.layers
    spikes = spiking(network)
    for index, layer in enumerate(layers):
        _check(index, layer, spikes[index])
    # One step earlier: where v[0] already spikes, where it would decay, and where the synapse takes a step of its own.
    shift = max(shift, int(any(map(_needs_shift, layers, spikes))))
    subtracts = any(own and layer.neuron.reset == "subtraction" for layer, own in zip(layers, spikes))
    half = subtracts and subtraction == "pp_psc_delta"
    if half and any(layer.neuron.alpha > 0 for layer in layers):
        # Exponential currents flow within a step too, where nothing may be compared with a threshold: no half steps then.
        half, subtraction = False, "gif_psc_exp"
    neurons = [_neurons(layer, own, shift, subtraction) for layer, own in zip(layers, spikes)]
    exact = all(layer.neuron.alpha == 0 and layer.neuron.beta == 1 for layer in layers)
    return NestMapping(neurons, 0.5 if half else 1.0, shift, exact, 1)


def _check(index: int, layer: Layer, spikes: bool) -> None:
    alpha, beta, threshold, reset_by, reset = layer.neuron
    if beta == 0 or not 0 <= alpha <= 1 or not 0 <= beta <= 1:
        raise impossible(
            index, "alpha = %g, beta = %g" % (alpha, beta), "Use decays with 0 <= alpha <= 1 and 0 < beta <= 1."
        )
    if spikes and reset == "subtraction" and reset_by <= 0:
        raise impossible(index, "a reset by %g" % reset_by, "What a spike takes off must be above 0.")
    if spikes and reset == "zero" and threshold < 0:
        raise impossible(
            index,
            "reset to zero with the threshold %g below zero spikes for ever" % threshold,
            "Use a threshold of at least 0.",
        )


def _needs_shift(layer: Layer, spikes: bool) -> bool:
    neuron = layer.neuron
    if neuron.alpha > 0 or (spikes and np.any(layer.initial > neuron.threshold)):
        return True
    return neuron.beta < 1 and bool(np.any(layer.initial) or (spikes and neuron.reset == "subtraction"))


def _neurons(layer: Layer, spikes: bool, shift: int, subtraction: str) -> Neurons:
    alpha, beta, threshold, reset_by, reset = layer.neuron
    subtracts = spikes and reset == "subtraction"
    if subtracts and (alpha > 0 or subtraction == "gif_psc_exp"):
        return _adapting_neurons(layer, shift)
    parameters: Dict[str, object] = {"C_m": 1.0, "I_e": 0.0}
    model, factor, delay, offset = "iaf_psc_delta", 1.0, 2, 0.0
    if alpha > 0:
        model, delay = "iaf_psc_exp", 1
        tau_m, tau_syn = tau(beta, LONG), tau(alpha, LONG)
        parameters.update(tau_m=tau_m, tau_syn_ex=tau_syn, tau_syn_in=tau_syn)
        factor = 1.0 / propagator(tau_m, tau_syn)
    else:
        parameters.update(tau_m=tau(beta))
    if subtracts and subtraction == "pp_psc_delta":
        model, offset = "pp_psc_delta", -threshold
        parameters.update(deterministic(), q_sfa=[reset_by / beta], tau_sfa=[parameters["tau_m"]])
    elif subtracts:
        # eprop_iaf takes off its threshold, and before the decay: so its threshold is resetBy / beta, v shifted to match.
        model, offset = "eprop_iaf", reset_by / beta - threshold
        parameters.update(E_L=0.0, V_th=next_above(reset_by / beta), t_ref=0.0)
    else:
        # With or without threshold, t_ref is never longer than the step in which the current is lost.
        parameters.update(E_L=0.0, V_reset=0.0, t_ref=1.0, V_th=next_above(threshold) if spikes else NO_THRESHOLD)
    start = (layer.initial + offset) / beta**shift
    return Neurons(model, parameters, factor, delay, delay, offset, start, offset * (1.0 - beta))


def deterministic(at: bool = False) -> Dict[str, object]:
    """pp_psc_delta that fires exactly when V - q is above 0 (or `at` it as well): its rate c_1 (V - q) + c_2 is then beyond all bounds, and
    else 0 or less. V - q is 0 or at least some 1e-20 away from it."""
    return {
        "with_reset": False, "dead_time": 1e-8, "dead_time_random": False,
        "c_1": 1e300, "c_2": 1e250 if at else 0.0, "c_3": 0.0,
    }  # fmt: skip


def _adapting_neurons(layer: Layer, shift: int) -> Neurons:
    """gif_psc_exp never touches V at a spike where t_ref is 0; its threshold grows by q_sfa and decays, from the step after, with tau_sfa.
    With tau_sfa = tau_m that is v less resetBy. Its hazard lambda_0 exp((V - V_T) / Delta_V) is infinite above the threshold, and at it
    or below so small that no random number is."""
    alpha, beta, threshold, reset_by, _ = layer.neuron
    tau_m, tau_syn = tau(beta, LONG), tau(alpha, LONG) if alpha > 0 else INSTANT
    parameters: Dict[str, object] = {
        "C_m": 1.0, "I_e": 0.0, "E_L": 0.0, "g_L": 1.0 / tau_m, "tau_syn_ex": tau_syn, "tau_syn_in": tau_syn, "t_ref": 0.0,
        "V_T_star": threshold, "q_sfa": [reset_by], "tau_sfa": [tau_m], "lambda_0": 1e-300, "Delta_V": 1e-300,
    }  # fmt: skip
    start = layer.initial / beta**shift
    return Neurons("gif_psc_exp", parameters, 1.0 / propagator(tau_m, tau_syn), 2, 2, 0.0, start, 0.0)


def propagator(tau_m: float, tau_syn: float) -> float:
    """P21 of iaf_psc_exp and gif_psc_exp for h = 1 ms and C_m = 1: what a unit current adds to the membrane within one step."""
    difference = 1.0 / tau_m - 1.0 / tau_syn
    growth = math.expm1(difference) / difference if difference != 0 else 1.0
    return math.exp(-1.0 / tau_m) * growth


def has_companion(network: Network, mapping: NestMapping) -> bool:
    """An output layer that spikes, and whose potential no one may read after it was reset."""
    if mapping.lag == 0:
        return mapping.layers[-1].companion is not None
    return network.output_spikes and mapping.layers[-1].model in ("eprop_iaf", "pp_psc_delta")


def compatible_delay(mapping: NestMapping, network: Network, steps: int) -> Optional[int]:
    """How many steps of NEST may lie between two deliveries of spikes, or None for the plain timing.

    Longer delays between layers only move each layer's clock: NEST then updates a neuron many steps at a time, in cache (about 3 x faster).
    """
    plain = mapping.shift == mapping.late == 0 and mapping.resolution == 1.0
    if any(layer.recurrent is not None for layer in network.layers):
        return None
    return max(1, min(10, steps // 20)) if plain and mapping.exact and not network.output_spikes else None


def describe(network: Network, mapping: NestMapping, simulator: str) -> dict:
    """The mapping as it is printed and stored in certificates (the TypeScript `Mapping`)."""
    layers = [
        {
            "layer": index,
            "model": neurons.model,
            "parameters": {key: _plain(value) for key, value in neurons.parameters.items()},
            "weights": {
                "unit": _unit(neurons),
                "factor": float(np.ravel(neurons.weight_factor)[0]),
            },
            "delay": float(neurons.delay),
        }
        for index, neurons in enumerate(mapping.layers)
    ]
    family = "nest" if mapping.lag else "nest-lif"
    leaky = "leaky" if mapping.lag == 0 else "lif"
    return {
        "name": "%s-%s" % (family, "exact" if mapping.exact else leaky),
        "simulator": simulator,
        "step": 1.0,
        "resolution": mapping.resolution,
        "input": "constant: x W + b as one weighted spike per step of a spike_generator; spikes: a spike_generator per input",
        "ties": _ties(network, mapping),
        "layers": layers,
        "exact": mapping.exact,
        "notes": _notes(network, mapping),
    }


def _unit(neurons: Neurons) -> str:
    current = neurons.model in ("iaf_psc_exp", "gif_psc_exp")
    unit = "pA, divided by the propagator P21" if current else "mV per spike"
    return unit if np.ndim(neurons.weight_factor) == 0 else unit + "; of the first neuron, each has a factor of its own"


def _plain(value: object) -> object:
    return np.ravel(value).tolist() if isinstance(value, np.ndarray) else value


def _ties(network: Network, mapping: NestMapping) -> str:
    fires = {"above" if mapping.lag else layer.neuron.fires for layer in network.layers}
    said = {
        "above": "ours fires at v > theta, NEST at V >= V_th: V_th is the next float64 above",
        "at": "both fire at v >= theta",
    }
    return "; ".join(said[key] for key in sorted(fires)) + ("" if len(fires) == 1 else " (by layer)")


def _notes(network: Network, mapping: NestMapping) -> List[str]:
    notes = []
    unit = compatible_delay(mapping, network, network.steps)
    if mapping.lag == 0:
        notes.append(
            "Layers are 2 ms apart here and in the same step in our network: the clock of layer l runs 2 l ms late, and spikes keep their steps."
        )
    if mapping.resolution == 0.5:
        notes.append("Resolution is half a step: pp_psc_delta can't fire in two successive steps of NEST.")
    if unit not in (None, 1):
        notes.append(
            "Delays are those of the table times %d, and each layer's clock runs that much later: spikes keep their steps, and NEST "
            "updates neurons many steps at a time." % unit
        )
    if mapping.shift:
        notes.append("The simulation starts %d step(s) before step 0 of ours." % mapping.shift)
    if not mapping.exact:
        notes.append(
            "With leak or synaptic currents NEST's exponentials round differently from ours: potentials agree to 1e-12."
        )
    companion = mapping.layers[-1].companion
    if companion is not None and not companion.integrates:
        notes.append("The output potential is that of the same neurons once more, which don't spike in the last step.")
    elif has_companion(network, mapping) or (
        mapping.lag and network.output_spikes and network.layers[-1].neuron.reset == "subtraction"
    ):
        notes.append(
            "The output potential is that of an iaf_psc_delta without threshold that gets the same spikes, and -resetBy for each spike of its neuron."
        )
    return notes
