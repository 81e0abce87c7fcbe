"""Runs the board path on sPyNNaker's virtual board, in a process of its own (sPyNNaker takes over home and working directory), and prints
what came out as JSON. Usage: virtual_board.py HOME

Only the board is a fake: where it would have sent its recordings, `answer` puts bytes of the machine's format into sPyNNaker's own
database. Building, inputs, resets, and reading are what a real board gets.
"""

import json
import struct
import sys

import numpy as np
from networks import random_network

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.nest_network import Inputs
from dsqn_bridge.simulators.spinnaker import Machine
from dsqn_bridge.simulators.spinnaker_config import board_from
from dsqn_bridge.simulators.spinnaker_errors import translated
from dsqn_bridge.simulators.spinnaker_report import WordsWritten

STEPS = 12
RUN = 16  # what the machine then runs


def answer(machine, seed, rows=RUN):
    """What a board would send: spikes of the hidden populations, and potentials in s16.15. Returns both."""
    from spinn_front_end_common.interface.buffer_management.storage_objects import BufferDatabase
    from spynnaker.pyNN.data import SpynnakerDataView as View

    random = np.random.default_rng(seed)
    sent = []
    with BufferDatabase() as database:
        database.start_new_extraction()
        for index, population in enumerate(machine.populations):
            vertex = population._vertex
            last = index == len(machine.populations) - 1
            region = vertex.get_recording_region("v" if last else "spikes")
            values = (
                random.integers(-(2**20), 2**20, (rows, vertex.n_atoms))
                if last
                else random.random((rows, vertex.n_atoms)) < 0.2
            )
            for core in vertex.machine_vertices:
                place, own = View.get_placement_of_vertex(core), core.vertex_slice
                data = b""
                for time, row in enumerate(values[:, own.lo_atom : own.hi_atom + 1]):
                    words = (
                        row if last else np.packbits(np.pad(row, (0, -len(row) % 32)), bitorder="little").view("<u4")
                    )
                    data += struct.pack("<I", time) + np.asarray(words).astype("<i4" if last else "<u4").tobytes()
                database.store_recording(place.x, place.y, place.p, region, False, data)
            sent.append(values)
    return sent


def code_of(action):
    try:
        action()
    except BridgeError as error:
        return [error.code, error.message]
    return None


def run_once(machine, inputs, seed, rows=RUN):
    """As Machine.run, with the board's answer in the place of the board."""
    machine.prepare(inputs)
    machine.sim.run(machine.machine_steps(STEPS))
    sent = answer(machine, seed, rows)
    spikes, potentials = machine.read(inputs.states, STEPS)
    neurons = [layer.size for layer in machine.network.layers]
    expected = []
    for values, size in zip(sent, neurons[:-1]):
        step, cell = np.nonzero(values)
        table = np.column_stack([cell // size, step, cell % size])
        table[:, 1] += 2  # lagged-lif spikes two steps after the charge that made it spike
        table = table[(table[:, 0] < inputs.states) & (table[:, 1] < STEPS)]
        expected.append(table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))])
    return {
        "copies": machine.copies,
        "spikes": [len(table) for table in expected],
        "spikesEqual": all(np.array_equal(np.column_stack(s), e) for s, e in zip(spikes, expected)),
        "potentialsEqual": bool(
            np.array_equal(
                potentials,
                (sent[-1][STEPS - 1] / 32768).reshape(machine.copies, -1)[: inputs.states] / machine.layers[-1].scale,
            )
        ),
        "offsets": (
            np.asarray(machine.populations[0].get("i_offset"), float).reshape(machine.copies, -1)
            / machine.layers[0].scale
        )
        .ravel()
        .round(4)
        .tolist(),
    }


FIRST = BridgeError("SHAPE_MISMATCH", "", "")


def main(home):
    from pacman.exceptions import PacmanPlaceException
    from spinn_machine.exceptions import SpinnMachineException
    from spinn_utilities.exceptions import ConfigException

    board = board_from({"home": home, "virtual": True, "boardVersion": 3})
    network = random_network(2, reset="zero", decoding="potential")[0]
    observations = np.random.default_rng(0).normal(size=(3, network.observation_size))
    machine = Machine(board, network)
    found = {"virtual": code_of(lambda: machine.run(Inputs(1, observations[:1]), STEPS))}
    found["machineSteps"] = [[steps, machine.machine_steps(steps)] for steps in (1, 16, 17, 20, 100)]
    with WordsWritten() as words:
        found["first"] = run_once(machine, Inputs(3, observations), 1)
    found["blocks"] = blocks(machine, words)
    found["second"] = run_once(machine, Inputs(2, observations[:2] * 2), 2)  # the same build, reset
    found["incomplete"] = code_of(lambda: run_once(machine, Inputs(2, observations[:2]), 3, rows=RUN - 1))

    def time_out(_steps):
        from spinnman.exceptions import SpinnmanTimeoutException

        raise SpinnmanTimeoutException("get_cpu_information", 1.0)

    run = machine.sim.run
    found["translated"] = [
        translated(error, machine).code
        for error in (PacmanPlaceException(), ConfigException(), SpinnMachineException(), ValueError(), FIRST)
    ]
    machine.board, machine.sim.run = board._replace(virtual=False), time_out
    found["failed"] = code_of(lambda: machine.run(Inputs(1, observations[:1]), STEPS))
    found["copiesAfterFailure"] = machine.copies
    machine.sim.run = run
    found["third"] = run_once(machine, Inputs(1, observations[:1]), 4)  # builds anew
    other = Machine(board, random_network(6, reset="subtraction", decoding="potential")[0])
    found["soft"] = [layer.soft for layer in other.layers]
    inputs = Inputs(1, np.zeros((1, other.network.observation_size)))
    found["turns"] = [
        run_once(other, inputs, 5),
        machine.copies,
        run_once(machine, Inputs(1, observations[:1]), 6),
        other.copies,
    ]
    machine.close()
    print(json.dumps(found))


def blocks(machine, words):
    """Whether every copy has the same synapses, and none leads from one copy to another."""
    equal = []
    for index, layer in enumerate(machine.network.layers[1:], 1):
        source, target, word = words.between("layer%d" % (index - 1), "layer%d" % index)
        copy = source // layer.inputs
        tables = [
            np.column_stack([source[copy == c] - c * layer.inputs, target[copy == c] - c * layer.size, word[copy == c]])
            for c in range(machine.copies)
        ]
        nonzero = int((layer.weights != 0).sum())
        equal.append(all(len(table) == nonzero and np.array_equal(table, tables[0]) for table in tables))
    return equal


if __name__ == "__main__":
    main(sys.argv[1])
