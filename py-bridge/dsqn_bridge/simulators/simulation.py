"""What a simulation is given and what it gives back, in whatever simulator."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

import numpy as np


class Spikes(NamedTuple):
    """Sorted by state, step, neuron; int32."""

    state: np.ndarray
    step: np.ndarray
    neuron: np.ndarray


class Inputs(NamedTuple):
    """Observations [states, observation size] or, where they change, [steps, states, observation size]; when the encoding makes spikes,
    those of the input neurons."""

    states: int
    observations: Optional[np.ndarray] = None
    spikes: Optional[Spikes] = None

    def part(self, first: int, count: int) -> Inputs:
        """The states from `first` on."""
        if self.spikes is None:
            return Inputs(count, self.observations[..., first : first + count, :])
        chosen = (self.spikes.state >= first) & (self.spikes.state < first + count)
        state, step, neuron = (a[chosen] for a in self.spikes)
        return Inputs(count, None, Spikes(state - first, step, neuron))


class Result(NamedTuple):
    spikes: List[Spikes]  # per layer that spikes
    potentials: np.ndarray  # float64 [states, outputs], after the last step
    max_potentials: Optional[np.ndarray]  # likewise, over all steps
    seconds: Dict[str, float]


def join(parts: List[Result], stride: int) -> Result:
    """Runs of `stride` states each (the last may have fewer) as one."""
    if len(parts) == 1:
        return parts[0]
    layers = [
        Spikes(
            np.concatenate([p.spikes[layer].state + i * stride for i, p in enumerate(parts)]).astype(np.int32),
            np.concatenate([p.spikes[layer].step for p in parts]),
            np.concatenate([p.spikes[layer].neuron for p in parts]),
        )
        for layer in range(len(parts[0].spikes))
    ]
    maxima = None if parts[0].max_potentials is None else np.concatenate([p.max_potentials for p in parts])
    seconds = {key: sum(p.seconds[key] for p in parts) for key in parts[0].seconds}
    return Result(layers, np.concatenate([p.potentials for p in parts]), maxima, seconds)
