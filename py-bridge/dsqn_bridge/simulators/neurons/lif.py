from __future__ import annotations

from typing import NamedTuple

from .values import Values


class Lif(NamedTuple):
    """Leaky integrate-and-fire neurons that integrate, fire and reset in one step:

    m[t] = beta v[t-1] + h[t],  h[t] = inputs[t] W + b
    s[t] = m[t] > threshold  (fires "above"),  m[t] >= threshold  (fires "at")
    v[t] = m[t] - reset_by s[t]                           reset "subtraction"
    v[t] = reset_to if s[t] else m[t]                     reset "value"
    """

    beta: Values = 1.0
    threshold: Values = 1.0
    reset_by: Values = 1.0
    reset_to: Values = 0.0
    fires: str = "above"  # | "at"
    reset: str = "subtraction"  # | "value"
