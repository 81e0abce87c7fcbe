"""Whether the machine kept up with its clock: what sPyNNaker's own provenance says of the last run, on real boards as on emulated ones."""

from __future__ import annotations

from typing import Any, Dict

from ..errors import BridgeError

# What of a core's provenance says that its steps took longer than the clock left them, and what is normal.
OVERRUN = {
    "Number_of_late_spikes": 0,
    "Late spikes": 0,
    "Skipped synapses": 0,
    "Times_the_input_buffer_lost_packets": 0,
    "Times_the_background_queue_overloaded": 0,
    "Max_backgrounds_queued": 1,
}


def assert_kept_up(provenance: Dict[str, int], time_scale: int, home: str) -> None:
    """BOARD_FAILED, with a factor that does. `provenance`: the largest value of all cores, by description."""
    late = {name: value for name, value in provenance.items() if value > OVERRUN.get(name, value)}
    if late:
        raise BridgeError(
            "BOARD_FAILED",
            "A core took longer than its step: %s, at a time scale factor of %d; what the board sent is not the network's."
            % (", ".join("%s %d" % pair for pair in sorted(late.items())), time_scale),
            "Use --time-scale-factor %d. sPyNNaker's provenance is in %s." % (2 * time_scale, home),
        )


def read_provenance() -> Dict[str, int]:
    """Of the last run; empty where sPyNNaker was told to read none."""
    from spinn_front_end_common.interface.provenance import ProvenanceReader

    names = ", ".join("?" * len(OVERRUN))
    query = "SELECT description, MAX(the_value) FROM core_provenance WHERE description IN (%s) GROUP BY description"
    with ProvenanceReader() as database:
        rows: Any = database.run_query(query % names, list(OVERRUN))
    return {str(name): int(value) for name, value in rows}
