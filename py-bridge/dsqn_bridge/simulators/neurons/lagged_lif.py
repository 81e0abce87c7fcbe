from typing import NamedTuple


class LaggedLif(NamedTuple):
    """Current-based leaky integrate-and-fire neurons that fire by the potential before the step:

    s[t] = H(v[t-1] - threshold)                          strictly above
    v[t] = beta v[t-1] + i[t-1] - reset_by s[t]           reset "subtraction"
    v[t] = 0 if s[t] else beta v[t-1] + i[t-1]            reset "zero"
    i[t] = alpha i[t-1] + h[t],  h[t] = inputs[t] W + b
    """

    alpha: float = 0.0
    beta: float = 1.0
    threshold: float = 1.0
    reset_by: float = 1.0
    reset: str = "subtraction"  # | "zero"
