"""What a simulation in NEST leaves behind, in our steps, states and neurons."""

from __future__ import annotations

from typing import Any, List

import numpy as np

from .nest_layout import Layout
from .simulation import Spikes


def spikes_of(events: Any, populations: List[Any], layout: Layout) -> List[Spikes]:
    """Per population: its share of a recorder's senders and time stamps."""
    senders, stamps = (np.asarray(values).astype(np.int64) for values in events)
    window, local = np.divmod(stamps, layout.period)
    result = []
    for population, clock in zip(populations, layout.clock):
        size = population.size // layout.copies
        own = (senders >= population.first) & (senders < population.first + population.size)
        copy, neuron = np.divmod(senders[own] - population.first, size)
        state, step = window[own] * layout.copies + copy, local[own] - clock
        valid = (step >= 0) & (step < layout.steps) & (window[own] < layout.windows) & (state < layout.states)
        state, step, neuron = state[valid], step[valid], neuron[valid]
        order = np.argsort((state * layout.steps + step) * size + neuron, kind="stable")
        result.append(Spikes(*(a[order].astype(np.int32) for a in (state, step, neuron))))
    return result


def last_potentials(samples: Any, readout: Any, layout: Layout) -> np.ndarray:
    """From one sample per window and readout neuron, [windows * copies, outputs]."""
    senders, times, potentials = samples
    window = np.rint(times).astype(np.int64) // layout.period
    values = np.empty((layout.windows, readout.size))
    values[window, senders.astype(np.int64) - readout.first] = potentials
    return values.reshape(layout.windows * layout.copies, -1)


def largest_potentials(samples: Any, readout: Any, layout: Layout) -> np.ndarray:
    """The largest potential of each output neuron after any step, [windows * copies, outputs]."""
    largest = np.full((layout.windows, readout.size), -np.inf)
    np.maximum.at(largest, *_of_steps(samples, readout, layout))
    return largest.reshape(layout.windows * layout.copies, -1)


def mean_potentials(samples: Any, readout: Any, layout: Layout) -> np.ndarray:
    """The mean of each output neuron's potentials after all steps, summed in their order, [windows * copies, outputs]."""
    total = np.zeros((layout.windows, readout.size))
    np.add.at(total, *_of_steps(samples, readout, layout))
    return (total / layout.steps).reshape(layout.windows * layout.copies, -1)


def _of_steps(samples: Any, readout: Any, layout: Layout) -> tuple:
    """(window, place), potential of every sample that is one of our steps', step by step."""
    senders, times, potentials = (np.asarray(values) for values in samples)
    order = np.argsort(times, kind="stable")
    senders, times, potentials = senders[order], times[order], potentials[order]
    window, local = np.divmod(np.rint(times).astype(np.int64), layout.period)
    inside = (local > layout.length - layout.steps) & (local <= layout.length) & (window < layout.windows)
    return (window[inside], senders[inside].astype(np.int64) - readout.first), potentials[inside]
