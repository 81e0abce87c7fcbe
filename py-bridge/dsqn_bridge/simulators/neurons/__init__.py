"""Neuron models as records, with the names and fields of src/network/neurons; a test compares them. What makes of them what: kinds.py."""

from .lagged_lif import LaggedLif
from .lif import Lif
from .values import Values, each

__all__ = ["LaggedLif", "Lif", "Values", "each"]
