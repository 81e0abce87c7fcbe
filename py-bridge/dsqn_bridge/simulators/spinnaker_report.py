"""What sPyNNaker made of a network: cores, chips, memory, routing entries, and the weights as they are written to the machine."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Tuple

import numpy as np


class WordsWritten:
    """While entered, keeps what sPyNNaker's own functions generate for the machine: one 16-bit weight per synapse."""

    def __init__(self) -> None:
        # (source label, target label) -> rows of (type, source, target, 16-bit weight)
        self.synapses: Dict[Tuple[str, str], List[np.ndarray]] = {}

    def __enter__(self) -> "WordsWritten":
        from spynnaker.pyNN.models.neural_projections.connectors import FromListConnector
        from spynnaker.pyNN.models.neuron import synaptic_matrix_app
        from spynnaker.pyNN.models.neuron.synapse_dynamics.synapse_dynamics_static import SynapseDynamicsStatic

        self._places = (synaptic_matrix_app, SynapseDynamicsStatic, FromListConnector)
        self._originals = (
            synaptic_matrix_app.get_synapses, SynapseDynamicsStatic.get_static_synaptic_data, FromListConnector.create_synaptic_block
        )  # fmt: skip
        get_synapses, get_data, create_block = self._originals
        current: List[Tuple[str, str]] = []
        first_target = [0]

        def block(connector, post_slices, post_vertex_slice, *rest, **named):
            first_target[0] = int(post_vertex_slice.lo_atom)
            return create_block(connector, post_slices, post_vertex_slice, *rest, **named)

        def synapses(connections, synapse_info, n_delay_stages, n_types, scales, app_edge, *rest, **named):
            current.append((app_edge.pre_vertex.label, app_edge.post_vertex.label))
            try:
                return get_synapses(
                    connections, synapse_info, n_delay_stages, n_types, scales, app_edge, *rest, **named
                )
            finally:
                current.pop()

        def data(dynamics, connections, row_indices, n_rows, n_types, max_n, max_atoms):
            result = get_data(dynamics, connections, row_indices, n_rows, n_types, max_n, max_atoms)
            # Rows keep the order of the connections of one source; padding is cut off by each row's size.
            kept = [np.asarray(row)[:size] for row, size in zip(result[0], np.asarray(result[1]).ravel())]
            words = np.concatenate(kept) if kept else np.zeros(0, np.uint32)
            order = np.argsort(np.asarray(row_indices), kind="stable")
            rows = np.column_stack(
                [
                    np.asarray(connections["synapse_type"])[order],
                    np.asarray(connections["source"])[order],
                    np.asarray(connections["target"])[order] + first_target[0],
                    words >> 16,
                ]
            ).astype(np.int64)
            self.synapses.setdefault(current[-1], []).append(rows)
            return result

        synaptic_matrix_app.get_synapses = synapses
        SynapseDynamicsStatic.get_static_synaptic_data = data
        FromListConnector.create_synaptic_block = block
        return self

    def __exit__(self, *_: Any) -> None:
        module, dynamics, connector = self._places
        module.get_synapses, dynamics.get_static_synaptic_data, connector.create_synaptic_block = self._originals

    def between(self, before: str, after: str) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The synapses from one population to another as (source, target, 16-bit word), sorted; words of inhibitory ones negated."""
        rows = self.synapses.get((before, after), [])
        kind, source, target, word = np.concatenate(rows or [np.zeros((0, 4), np.int64)]).T
        order = np.lexsort((target, source))
        signed = np.where(kind == 0, word, -word)
        return tuple(np.ascontiguousarray(column[order], np.int32) for column in (source, target, signed))


def report(machine: Any, words: WordsWritten, steps: int) -> dict:
    """Counts for the network's own vertices; the monitors that every chip runs are left out."""
    from spynnaker.pyNN.data import SpynnakerDataView as View

    labels = {population.label for population in machine.populations} | (
        {machine.source.label} if machine.source else set()
    )
    placements = []
    for placement in View.iterate_placemements():
        application = placement.vertex.app_vertex
        if application is None or application.label not in labels:
            continue
        slice_ = placement.vertex.vertex_slice
        placements.append(
            {
                "population": application.label,
                "neurons": [int(slice_.lo_atom), int(slice_.hi_atom)],
                "chip": [int(placement.x), int(placement.y)],
                "core": int(placement.p),
                "sdramBytes": int(placement.vertex.sdram_required.get_total_sdram(steps)),
            }
        )
    tables = list(View.get_uncompressed().routing_tables)
    chips = sorted({tuple(p["chip"]) for p in placements})
    machine_size = View.get_machine()
    return {
        "cores": len(placements),
        "chips": len(chips),
        "sdramBytes": sum(p["sdramBytes"] for p in placements),
        "routingEntries": int(sum(table.number_of_entries for table in tables)),
        "routingTables": [
            {"chip": [int(t.x), int(t.y)], "entries": int(t.number_of_entries)} for t in tables if t.number_of_entries
        ],
        "board": {
            "version": machine.board.version,
            "chips": int(machine_size.n_chips),
            "width": int(machine_size.width),
            "height": int(machine_size.height),
        },
        "coresPerPopulation": dict(Counter(p["population"] for p in placements)),
        "placements": placements,
        "layers": [_layer(machine, words, index) for index in range(len(machine.populations))],
        "reports": View.get_run_dir_path(),
    }


def _layer(machine: Any, words: WordsWritten, index: int) -> dict:
    """Ring-buffer shifts and weight resolution of what arrives at a layer."""
    vertex = machine.populations[index]._vertex
    shifts = [int(shift) for shift in vertex.get_ring_buffer_shifts()]
    scales = [float(scale) for scale in vertex.get_weight_scales(shifts)]
    arriving = machine.source.label if index == 0 and machine.source else "layer%d" % (index - 1)
    written = words.synapses.get((arriving, "layer%d" % index), [])
    return {
        "layer": index,
        "shifts": {"excitatory": shifts[0], "inhibitory": shifts[1]},
        "resolution": {"excitatory": 1 / scales[0], "inhibitory": 1 / scales[1]},
        "synapses": int(sum(len(rows) for rows in written)),
    }
