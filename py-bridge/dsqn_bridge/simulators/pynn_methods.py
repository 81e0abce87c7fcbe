"""The bridge's door to PyNN: the same methods as NEST's, which tell simulators apart by name."""

from .nest_methods import info, load, map, run

__all__ = ["info", "load", "map", "run"]
