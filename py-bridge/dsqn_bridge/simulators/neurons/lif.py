from __future__ import annotations

from math import inf
from typing import NamedTuple

from .values import Values


class Lif(NamedTuple):
    """Leaky integrate-and-fire neurons that integrate, fire and reset in one step:

    i[t] = h[t],  h[t] = inputs[t] W + b + s[t-1] R       current "none"
    i[t] = alpha i[t-1] + h[t]                            current "decay-first"
    i[t] = alpha (i[t-1] + h[t])                          current "input-first"
    u[t] = beta v[t-1] + (1 - beta) leak_to + gain (i[t] + offset)
    r[t] = v[t-1] > threshold  (or >=)                    of resets that come later
    m[t] = u[t];  u[t] - reset_by r[t]  ("delayed-subtraction", "subtraction-late");  u[t] (1 - r[t])  ("delayed-lost")
    s[t] = m[t] > threshold  (fires "above"),  m[t] >= threshold  (fires "at");  with max_spikes floor(m / threshold)
    v[t] = m[t] - reset_by s[t]                           reset "subtraction"
    v[t] = reset_to if s[t] else m[t]                     reset "value"
    v[t] = m[t] - reset_by (s[t] - r[t])                  reset "subtraction-late"
    v[t] = max(v[t], lowest)
    """

    beta: Values = 1.0
    threshold: Values = 1.0
    reset_by: Values = 1.0
    reset_to: Values = 0.0
    alpha: Values = 0.0
    gain: Values = 1.0
    offset: Values = 0.0
    leak_to: Values = 0.0
    lowest: Values = -inf
    max_spikes: float = 1.0
    fires: str = "above"  # | "at"
    reset: str = "subtraction"  # | "value" | "delayed-subtraction" | "delayed-lost" | "subtraction-late"
    current: str = "none"  # | "decay-first" | "input-first"
