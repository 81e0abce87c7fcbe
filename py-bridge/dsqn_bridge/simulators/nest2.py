"""NEST 2.x (2.16 to 2.20) behind the same `Kernel` as NEST 3, by its documented calls. Runs on Python 3.8 and later.

What changed between the two: nodes are tuples of ints, SetStatus and GetStatus take them, recorders are called `spike_detector`, the
kernel is set by SetKernelStatus, an empty kernel holds one node (the root subnet), and there is no eprop_iaf: reset by subtraction is
pp_psc_delta at half a step (nest_mapping.py).
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Union

import numpy as np

from ..errors import BridgeError
from . import nest_network
from .kinds import expression
from .nest3 import Population
from .nest_mapping import NestMapping
from .network import Network

KNOWN_VERSIONS = ("2.16", "2.18", "2.20")
KEPT = ("resolution", "local_num_threads", "print_time")


def map_network(network: Network) -> NestMapping:
    return expression("nest2", network.layers)(network)


def import_nest() -> Any:
    os.environ.setdefault("PYNEST_QUIET", "1")
    try:
        import nest
    except ImportError as error:
        raise BridgeError(
            "SIMULATOR_MISSING",
            "NEST 2 isn't installed for this Python (%s)." % error,
            "DSQN_NEST2_PYTHON names the interpreter that has it (conda-forge: nest-simulator=2.20); it needs pyzmq, msgpack, numpy and six too.",
        ) from error
    return nest


def version_of(nest: Any) -> str:
    """ "2.20.2" from what NEST calls itself: "NEST nest-2.20.2", "NEST v2.20.2" or "2.20.2"."""
    text = nest.version()
    return text.replace("NEST", "").replace("nest-", "").strip().lstrip("v")


class Kernel:
    """NEST 2's kernel, borrowed: `open` takes it, `close` leaves it as found."""

    def __init__(self, nest: Any = None):
        self.nest = nest or import_nest()
        self.version = version_of(self.nest)
        if self.version.startswith("3"):
            raise BridgeError(
                "SIMULATOR_VERSION", "This Python has NEST %s, not NEST 2." % self.version, "Choose the simulator nest."
            )
        self.known = self.version.startswith(KNOWN_VERSIONS)
        self._found: Dict[str, Any] = {}
        self._verbosity = None

    def open(self, resolution: float, seed: int = 1) -> None:
        nest = self.nest
        nodes = nest.GetKernelStatus("network_size") - 1  # without the root subnet
        if nodes > 0:
            raise BridgeError(
                "KERNEL_IN_USE",
                "NEST's kernel already holds %d nodes." % nodes,
                "Finish that simulation (nest.ResetKernel()) or use another Python process.",
            )
        self._found = {key: nest.GetKernelStatus(key) for key in KEPT}
        self._verbosity = nest.get_verbosity()
        nest.set_verbosity("M_ERROR")
        nest.ResetKernel()
        nest.SetKernelStatus({"resolution": resolution, "grng_seed": seed, "rng_seeds": [seed + 1]})

    def close(self) -> None:
        self.nest.ResetKernel()
        self.nest.SetKernelStatus(self._found)
        self.nest.set_verbosity(self._verbosity)

    def create(self, model: str, count: int, parameters: Union[dict, List[dict]]) -> Population:
        """`count` neurons or devices; parameters for all (arrays: one value per neuron), or a list with one dict per device."""
        nest = self.nest
        if isinstance(parameters, list):
            return Population(nest.Create(model, count, parameters)[0], count)
        own = model != "spike_generator"
        common = {key: value for key, value in parameters.items() if not (own and isinstance(value, np.ndarray))}
        each = {key: value for key, value in parameters.items() if key not in common}
        if "V_th" in each:  # V_reset, which comes first, has to be below
            common["V_th"] = float(each["V_th"].max())
        population = Population(nest.Create(model, count, common)[0], count)
        self.set(population, each)
        return population

    def connect(self, pre: np.ndarray, post: np.ndarray, weights: np.ndarray, delay: float) -> None:
        """One connection per element, all in one call."""
        weights = np.ascontiguousarray(weights, np.float64)
        self.nest.Connect(pre.tolist(), post.tolist(), "one_to_one", {"weight": weights, "delay": float(delay)})

    def set(self, population: Population, values: dict) -> None:
        """Of each node all at once: some have to fit each other."""
        each = [
            value.tolist() if isinstance(value, np.ndarray) else [value] * population.size for value in values.values()
        ]
        if each:
            self.nest.SetStatus(_nodes(population), [dict(zip(values, own)) for own in zip(*each)])

    def get(self, population: Population, key: str) -> np.ndarray:
        return np.asarray(self.nest.GetStatus(_nodes(population), key), np.float64)

    def record_spikes(self, populations: List[Population]) -> Any:
        recorder = self.nest.Create("spike_detector")
        for population in populations:
            self.nest.Connect(_nodes(population), recorder)
        return recorder

    def record_potentials(self, population: Population, interval: float = 1.0, offset: float = 0.0) -> Any:
        meter = self.nest.Create(
            "multimeter", 1, {"record_from": ["V_m"], "interval": float(interval), "offset": float(offset)}
        )
        self.nest.Connect(meter, _nodes(population))
        return meter

    def simulate(self, milliseconds: float) -> None:
        self.nest.Simulate(float(milliseconds))

    def events(self, recorder: Any):
        """Senders and time stamps."""
        events = self.nest.GetStatus(recorder, "events")[0]
        return np.asarray(events["senders"]), np.asarray(events["times"])

    def samples(self, meter: Any):
        """Senders, time stamps and potentials."""
        events = self.nest.GetStatus(meter, "events")[0]
        return tuple(np.asarray(events[key]) for key in ("senders", "times", "V_m"))


def _nodes(population: Population) -> List[int]:
    return list(range(population.first, population.first + population.size))


def run(network: Network, inputs: nest_network.Inputs, steps: int = 0, **options: Any) -> nest_network.Result:
    """Every state of `inputs` through `network` in NEST 2, `steps` (the network's own unless given) steps of 1 ms."""
    return nest_network.run(Kernel(), network, map_network(network), inputs, steps or network.steps, **options)
