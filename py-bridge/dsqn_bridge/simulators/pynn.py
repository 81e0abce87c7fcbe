"""PyNN on NEST, exact: the four things that PyNN 0.13 needs help with are done here, not in the user's files.

1. `setup(spike_precision="on_grid")`: the default puts spikes between our steps.
2. Parameters of native cells that became numpy.bool go back to bool before NEST refuses them.
3. Native cells get a `variable_map` for v, without which PyNN can't record it.
4. Weights: PyNN multiplies by 1000 (nA to pA) on the way into its standard synapses, and native cells don't undo it. That is the factor of
   1000 in the thesis's PyNN results. A StaticSynapse without that factor passes weights through to the last bit.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple, Union

import numpy as np

from ..errors import BridgeError
from .kinds import expression
from .nest_mapping import NestMapping
from .network import Network

KNOWN_VERSIONS = ("0.13",)


# NEST's models by PyNN's standard names.
STANDARD = {"iaf_psc_delta": "IF_curr_delta", "iaf_psc_exp": "IF_curr_exp"}


class Cells(NamedTuple):
    first: int
    size: int


def import_pynn() -> Any:
    os.environ.setdefault("PYNEST_QUIET", "1")
    try:
        import pyNN.nest as sim
    except ImportError as error:
        raise BridgeError(
            "SIMULATOR_MISSING",
            "PyNN with NEST isn't installed for this Python (%s)." % error,
            "`npm run setup -- pynn` installs both.",
        ) from error
    return sim


def map_network(network: Network, standard: bool) -> NestMapping:
    """NEST's mapping with native cells, or with PyNN's standard ones."""
    mapping = expression("pynn", network.layers)(network)
    for index, neurons in enumerate(mapping.layers):
        if standard and neurons.model not in STANDARD:
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "PyNN has no standard cell for layer %d: it would need %s." % (index, neurons.model),
                "IF_curr_delta and IF_curr_exp are never reset by subtraction; pynn-nest uses native cells.",
            )
        if standard and "V_min" in neurons.parameters:
            raise BridgeError(
                "MAPPING_IMPOSSIBLE",
                "PyNN's %s for layer %d has no lower bound of the potential." % (STANDARD[neurons.model], index),
                "pynn-nest uses native cells.",
            )
    return mapping


class Kernel:
    """PyNN as nest_network.py's kernel: populations, one Projection per sign of the weights, recordings through PyNN."""

    # PyNN runs NEST 1 ms further than asked, to get at what was recorded last.
    ahead = 1.0
    # A SpikeSourceArray's spikes are all alike.
    weighted_sources = False

    def __init__(self, standard: bool = False):
        self.sim = import_pynn()
        import pyNN

        self.standard = standard
        self.version = pyNN.__version__
        self.known = self.version.startswith(KNOWN_VERSIONS)
        self._populations: Dict[int, Any] = {}

    def open(self, resolution: float, seed: int = 1) -> None:
        self.sim.setup(
            timestep=resolution,
            min_delay=1.0,
            max_delay=3.0,
            spike_precision="on_grid",
            verbosity="error",
            rng_seed=max(1, seed),
        )
        self._populations = {}

    def close(self) -> None:
        self.sim.end()
        self.sim.simulator.state.clear()

    def create(self, model: str, count: int, parameters: Union[dict, List[dict]]) -> Cells:
        if model == "spike_generator":
            each = parameters if isinstance(parameters, list) else [parameters] * count
            if any("spike_weights" in own for own in each):
                raise BridgeError(
                    "MAPPING_IMPOSSIBLE",
                    "PyNN's spike sources have no weights of their own.",
                    "Leave --generators out.",
                )
            population = self.sim.Population(
                count, self.sim.SpikeSourceArray(spike_times=[own["spike_times"].tolist() for own in each])
            )
        else:
            population = self.sim.Population(
                count, self._cell(model, parameters), initial_values={self._potential: parameters["V_m"]}
            )
        cells = Cells(int(population.all_cells[0]), count)
        self._populations[cells.first] = population
        return cells

    def _cell(self, model: str, parameters: dict) -> Any:
        own = {key: value for key, value in parameters.items() if key != "V_m"}
        if self.standard:
            synapse = {"tau_syn_E": own["tau_syn_ex"], "tau_syn_I": own["tau_syn_in"]} if "tau_syn_ex" in own else {}
            return _standard(self.sim, STANDARD[model])(
                v_rest=own["E_L"],
                v_reset=own["V_reset"],
                cm=1e-3,
                tau_m=own["tau_m"],
                tau_refrac=own["t_ref"],
                v_thresh=own["V_th"],
                i_offset=0.0,
                **synapse,
            )
        cell_type = self.sim.native_cell_type(model)
        cell_type.variable_map = {"V_m": "V_m", "v": "V_m", "E_sfa": "E_sfa"}
        cell_type.default_initial_values = {"V_m": 0.0}
        plain = {
            key: bool(value)
            for key, value in cell_type.default_parameters.items()
            if isinstance(value, (bool, np.bool_))
        }
        # PyNN takes an array for each neuron (q_sfa, tau_sfa) as a list of lists alone.
        rows = {key: value.tolist() for key, value in own.items() if getattr(value, "ndim", 1) == 2}
        cell = cell_type(**{**plain, **own, **rows})
        _keep_bools(cell, plain)
        return cell

    def connect(self, pre: np.ndarray, post: np.ndarray, weights: np.ndarray, delay: float) -> None:
        source, target = self._population_of(pre[0]), self._population_of(post[0])
        rows = np.column_stack([pre - int(source.all_cells[0]), post - int(target.all_cells[0]), weights])
        synapse = _static_synapse(self.sim)(weight=1.0, delay=float(delay))
        for receptor, chosen in (("excitatory", weights >= 0), ("inhibitory", weights < 0)):
            if chosen.any():
                connector = self.sim.FromListConnector(rows[chosen], column_names=["weight"])
                self.sim.Projection(source, target, connector, synapse, receptor_type=receptor)

    def _population_of(self, cell: int) -> Any:
        return self._populations[max(first for first in self._populations if first <= cell)]

    def set(self, cells: Cells, values: dict) -> None:
        population = self._populations[cells.first]
        for key, value in values.items():
            if key == "V_m":
                population.initialize(**{self._potential: value})
            else:
                population.set(**{"v_thresh" if self.standard and key == "V_th" else key: value})

    @property
    def _potential(self) -> str:
        return "v" if self.standard else "V_m"

    def get(self, cells: Cells, key: str) -> np.ndarray:
        name = self._name_of(key)
        signal = self._populations[cells.first].get_data(name).segments[-1].analogsignals[0]
        return np.asarray(signal.magnitude, np.float64)[-1]

    def record_spikes(self, populations: List[Cells]) -> List[Any]:
        recorded = [self._populations[cells.first] for cells in populations]
        for population in recorded:
            population.record("spikes")
        return recorded

    def watch(self, cells: Cells, keys: List[str]) -> None:
        """Before the run: what `get` will ask for."""
        for key in keys:
            self._populations[cells.first].record(self._name_of(key))

    def _name_of(self, key: str) -> str:
        return self._potential if key == "V_m" else key

    def record_potentials(self, cells: Cells) -> Cells:
        return cells

    def simulate(self, milliseconds: float) -> None:
        self.sim.run(float(milliseconds))

    def events(self, recorder: List[Any]):
        """Senders and time stamps."""
        senders, times = [np.empty(0)], [np.empty(0)]
        for population in recorder:
            for cell, train in zip(population.all_cells, population.get_data("spikes").segments[-1].spiketrains):
                senders.append(np.full(len(train), int(cell)))
                times.append(np.round(train.magnitude))
        return np.concatenate(senders), np.concatenate(times)

    def samples(self, meter: Cells):
        signal = self._populations[meter.first].get_data(self._potential).segments[-1].analogsignals[0]
        values = np.asarray(signal.magnitude, np.float64)
        times, index = np.indices(values.shape)
        return (index + meter.first).ravel(), times.ravel(), values.ravel()


def _static_synapse(sim: Any) -> Any:
    """StaticSynapse without PyNN's factor of 1000 (see 4 above)."""
    from pyNN.standardmodels import build_translations

    return type(
        "StaticSynapse",
        (sim.StaticSynapse,),
        {"translations": build_translations(("weight", "weight"), ("delay", "delay"))},
    )


def _standard(sim: Any, name: str) -> Any:
    """A standard cell whose weights pass through unscaled (see 4 above)."""
    own = {"receptor_scale": 1.0, "variable_map": {"v": "V_m"}, "default_initial_values": {"v": 0.0}}
    return type(name, (getattr(sim, name),), own)


def _keep_bools(cell: Any, plain: Dict[str, bool]) -> None:
    """PyNN's parameter space turns bool into numpy.bool, which NEST 3.10 refuses: such parameters stay NEST's defaults."""
    for key in plain:
        if key in cell.parameter_space._parameters:
            del cell.parameter_space._parameters[key]
