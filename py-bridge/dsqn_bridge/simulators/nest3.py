"""NEST 3: what its Python interface needs of us, and a door for a plain prompt.

>>> from dsqn_bridge.simulators import nest3
>>> result = nest3.run(network, inputs)          # see network.py and nest_network.py
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, NamedTuple, Union

import numpy as np

from ..errors import BridgeError
from . import nest_network
from .kinds import expression
from .nest_mapping import NestMapping
from .network import Network

# What the tests have seen; another 3.x gets a warning, not a refusal.
KNOWN_VERSIONS = ("3.10",)


def map_network(network: Network, subtraction: str = "eprop_iaf") -> NestMapping:
    """`subtraction`: the model for reset by subtraction (nest_mapping.py); with "pp_psc_delta" as NEST 2 has it."""
    return expression("nest3", network.layers)(network, subtraction)


class Population(NamedTuple):
    first: int
    size: int


def import_nest() -> Any:
    """NEST 3 without its banner; SIMULATOR_MISSING says what to run when it isn't there."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    try:
        import nest
    except ImportError as error:
        raise BridgeError(
            "SIMULATOR_MISSING",
            "NEST isn't installed for this Python (%s)." % error,
            "`npm run setup -- nest` installs NEST 3.10.",
        ) from error
    if not nest.__version__.startswith("3"):
        raise BridgeError(
            "SIMULATOR_VERSION",
            "This Python has NEST %s, not NEST 3." % nest.__version__,
            "Choose the simulator nest2.",
        )
    return nest


# Connections that wait for each other: more would double the memory that a large layer takes.
TOGETHER = 200_000

# What is ours to change and is put back.
SETTINGS = ("resolution", "local_num_threads", "rng_seed", "print_time")


class Kernel:
    """NEST 3's kernel, borrowed: `open` takes it, `close` leaves it as found; at once, or when `afterwards` does what it is given (Session).

    Reading one setting costs as much as reading all of them (0.14 ms), and reading a property of a node as much as its whole status
    (16 us a node): settings are read once per run, and node ids are counted, not asked for.
    """

    _defaults: Dict[str, Any] = {}  # what ResetKernel leaves, asked for once

    def __init__(self, nest: Any = None, afterwards: Callable[[Callable[[], None]], None] = lambda work: work()):
        self._afterwards = afterwards
        self._borrowed = False
        self.nest = nest or import_nest()
        self.version = self.nest.__version__
        self.known = self.version.startswith(KNOWN_VERSIONS)
        self._found: Dict[str, Any] = {}
        self._verbosity: Any = None
        self._models = self._nodes_made = 0
        self._waiting: List[tuple] = []

    def open(self, resolution: float, seed: int = 0) -> None:
        """Takes an empty kernel; `seed` 0 leaves NEST's random numbers as they are, for models that draw none."""
        nest = self.nest
        self._give_back()
        found = nest.GetKernelStatus()
        if found["network_size"] > 0:
            raise BridgeError(
                "KERNEL_IN_USE",
                "NEST's kernel already holds %d nodes." % found["network_size"],
                "Finish that simulation (nest.ResetKernel()) or use another Python process.",
            )
        self._verbosity = found["verbosity"]
        self._found = {key: found[key] for key in SETTINGS}
        self._borrowed = True
        self._nodes_made, self._waiting = 0, []
        nest.verbosity = nest.VerbosityLevel.ERROR
        current = self._found
        if found["biological_time"] > 0:
            nest.ResetKernel()
            current = {}
        self._apply({"resolution": resolution, "local_num_threads": 1, **({"rng_seed": seed} if seed else {})}, current)

    def close(self) -> None:
        self._afterwards(self._give_back)

    def _give_back(self) -> None:
        if not self._borrowed:
            return
        self._borrowed = False
        self.nest.ResetKernel()
        if not self._defaults:
            status = self.nest.GetKernelStatus()
            self._defaults.update((key, status[key]) for key in SETTINGS)
        self._apply(self._found, self._defaults)
        self.nest.verbosity = self._verbosity

    def _apply(self, wanted: Dict[str, Any], current: Dict[str, Any]) -> None:
        for key, value in wanted.items():
            if current.get(key) != value:
                setattr(self.nest, key, value)

    def create(self, model: str, count: int, parameters: Union[dict, List[dict]]) -> Population:
        """`count` neurons or devices; parameters for all (arrays: one value per neuron), or a list with one dict per device."""
        if isinstance(parameters, list):
            self.nest.Create(model, count, parameters)
        else:
            # PyNEST asks every node for its whole status before it sets one: parameters that all share go into a model of their own.
            common, own = _split(parameters, model)
            self._models += 1
            name = "dsqn_%d" % self._models
            self.nest.CopyModel(model, name, common)
            if any(isinstance(each[0], list) for each in own.values()):
                own = [dict(zip(own, values)) for values in zip(*own.values())]
            self.nest.Create(name, count, own or None)
        return Population(self._count(count), count)

    def _count(self, made: int) -> int:
        """Ids follow each other from 1 on in a kernel that was empty; the first of the nodes just made."""
        first = self._nodes_made + 1
        self._nodes_made += made
        return first

    def connect(self, pre: np.ndarray, post: np.ndarray, weights: np.ndarray, delay: float) -> None:
        """One connection per element; made before the next simulation, as many as possible in one call (a call costs 0.1 ms)."""
        if sum(len(waiting[0]) for waiting in self._waiting) + len(pre) > TOGETHER:
            self._connect_waiting()
        self._waiting.append((pre, post, weights, np.full(len(weights), float(delay))))

    def _connect_waiting(self) -> None:
        if not self._waiting:
            return
        pre, post, weight, delay = (
            self._waiting[0] if len(self._waiting) == 1 else (np.concatenate(each) for each in zip(*self._waiting))
        )
        self._waiting = []
        self.nest.Connect(pre, post, "one_to_one", {"weight": weight, "delay": delay})

    def set(self, population: Population, values: dict) -> None:
        nodes = self._nodes(population)
        for key, value in values.items():
            own = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
            setattr(nodes, key, own.tolist() if isinstance(own, np.ndarray) else own)

    def get(self, population: Population, key: str) -> np.ndarray:
        return np.atleast_1d(np.asarray(self._nodes(population).get(key), np.float64))

    def record_spikes(self, populations: List[Population]) -> Any:
        recorder = self.nest.Create("spike_recorder")
        self._count(1)
        for population in _adjoining(populations):
            self.nest.Connect(self._nodes(population), recorder)
        return recorder

    def record_potentials(self, population: Population, interval: float = 1.0, offset: float = 0.0) -> Any:
        meter = self.nest.Create(
            "multimeter", params={"record_from": ["V_m"], "interval": float(interval), "offset": float(offset)}
        )
        self._count(1)
        self.nest.Connect(meter, self._nodes(population))
        return meter

    def simulate(self, milliseconds: float) -> None:
        self._connect_waiting()
        self.nest.Simulate(float(milliseconds))

    def events(self, recorder: Any):
        """Senders and time stamps."""
        events = recorder.get("events")
        return events["senders"], events["times"]

    def samples(self, meter: Any):
        """Senders, time stamps and potentials."""
        events = meter.get("events")
        return events["senders"], events["times"], events["V_m"]

    def _nodes(self, population: Population) -> Any:
        return self.nest.NodeCollection(range(population.first, population.first + population.size))


def _adjoining(populations: List[Population]) -> List[Population]:
    """Populations whose ids follow each other as one."""
    joined: List[Population] = []
    for population in populations:
        if joined and sum(joined[-1]) == population.first:
            joined[-1] = Population(joined[-1].first, joined[-1].size + population.size)
        else:
            joined.append(population)
    return joined


def _split(parameters: dict, model: str):
    """What all nodes share, and what each has of its own (arrays with one value, or one row, per neuron, unless all are equal)."""
    arrays = (
        {}
        if model == "spike_generator"
        else {key: value for key, value in parameters.items() if isinstance(value, np.ndarray)}
    )
    alike = {key: value[0].item() for key, value in arrays.items() if value.ndim == 1 and (value == value[0]).all()}
    common = {key: value for key, value in parameters.items() if key not in arrays}
    if "V_th" in arrays and "V_th" not in alike:  # V_reset, which may come first, has to be below
        common["V_th"] = arrays["V_th"].max()
    return {**common, **alike}, {key: value.tolist() for key, value in arrays.items() if key not in alike}


def run(
    network: Network, inputs: nest_network.Inputs, steps: int = 0, subtraction: str = "eprop_iaf", **options: Any
) -> nest_network.Result:
    """Every state of `inputs` through `network` in NEST 3, `steps` (the network's own unless given) steps of 1 ms."""
    return nest_network.run(
        Kernel(), network, map_network(network, subtraction), inputs, steps or network.steps, **options
    )
