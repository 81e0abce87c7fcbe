from typing import Union

import numpy as np

Values = Union[float, np.ndarray]  # one for the whole layer, or [outputs], one for each neuron


def each(values: Values, size: int) -> np.ndarray:
    """[size], one for each neuron."""
    return np.array(np.broadcast_to(np.asarray(values, np.float64), (size,)))
