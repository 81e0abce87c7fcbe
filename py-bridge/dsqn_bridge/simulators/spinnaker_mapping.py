"""What a network becomes on the machine, as it is printed and stored."""

from __future__ import annotations

from typing import Any, List

import numpy as np

from .network import Network
from .spinnaker_populations import Population, Schedule, Settings, populations_of, schedule_of


def describe(network: Network, settings: Settings, simulator: str) -> dict:
    """MAPPING_IMPOSSIBLE for what populations can't express, naming the layer."""
    populations = populations_of(network, settings)
    last, schedule = len(populations) - 1, schedule_of(network, settings)
    layers = [
        {
            "layer": index,
            "model": "IFCurrDeltaSoft" if own.soft else "IFCurDelta",
            "parameters": {
                "cm": _spread(own.cm), "tau_m": _spread(own.tau_m), "tau_refrac": 0.0, "v_rest": _spread(own.rest),
                "v_reset": "V - v_thresh" if own.soft else _spread(own.reset_to),
                "v_thresh": "none" if index == last else _spread(own.threshold), "unit": _spread(own.scale),
            },
            "weights": {"unit": "units; 16 bit, scaled by 2^(15 - ring-buffer shift)", "factor": 1},
            "delay": schedule.delay,
        }
        for index, own in enumerate(populations)
    ]  # fmt: skip
    return {
        "name": "spinnaker",
        "simulator": simulator,
        "step": 1.0,
        "resolution": 1.0,
        "input": _input_of(network, settings),
        "ties": "fires at V >= v_thresh",
        "layers": layers,
        "exact": False,
        "notes": _notes(network, populations, schedule),
    }


def drawn(network: Network, settings: Settings) -> bool:
    """Whether the machine draws the input's spikes."""
    return settings.poisson_on_chip and network.encoding == "poisson"


def _input_of(network: Network, settings: Settings) -> str:
    if network.encoding == "constant":
        return "x W0 + b as i_offset"
    if drawn(network, settings):
        return "a SpikeSourcePoisson on the machine, which draws its spikes itself"
    return "a SpikeSourceArray on the machine"


def _spread(values: np.ndarray) -> Any:
    """The value, or the smallest and the largest."""
    low, high = float(values.min()), float(values.max())
    return low if low == high else [low, high]


def _notes(network: Network, populations: List[Population], schedule: Schedule) -> List[str]:
    notes = []
    if any(own.soft for own in populations):
        notes.append(
            "Reset by subtraction: the user's own IF_curr_delta.aplx with seven words changed as it is loaded (IFCurrDeltaSoft)."
        )
    elif any(layer.neuron.reset == "subtraction" for layer in network.layers[:-1]):
        notes.append("Reset to zero whatever the network's reset, as was asked for.")
    without = [
        float(own.tau_m.max())
        for own, layer in zip(populations, network.layers)
        if np.all(np.asarray(layer.neuron.beta) == 1)
    ]
    if without:
        notes.append("Membranes without leak leak by 1/%g per step at most." % min(without))
    notes.append("Potentials are s16.15, in a unit for each layer, weights 16 bit.")
    if schedule.lag:
        notes.append("Delays of 2 ms, so that a spike makes the next layer spike when ours does.")
    elif not any(schedule.late):
        notes.append("A layer costs 1 ms here and 2 steps in our network.")
    else:
        notes.append(
            "A layer costs 1 ms here and no step in our network: each starts so much later, from where its bias brings it to ours."
        )
    return notes
