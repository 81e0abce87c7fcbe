"""The board path short of a board: virtual_board.py says where the fake begins. Needs sPyNNaker."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.network import input_currents
from dsqn_bridge.simulators.spinnaker import Settings, describe
from dsqn_bridge.simulators.spinnaker_cells import ONE, board_exp, membrane, time_constant

from .networks import neurons, random_lif_network, random_network

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    pytest.importorskip("spynnaker")
    root = os.path.dirname(os.path.dirname(HERE))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, HERE])}
    command = [sys.executable, os.path.join(HERE, "virtual_board.py"), str(tmp_path_factory.mktemp("spinnaker"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_nothing_is_executed_on_a_virtual_board(found):
    assert found["virtual"][0] == "BOARD_VIRTUAL"


def test_recordings_are_read_as_the_machine_writes_them(found):
    """Spikes as bit fields, potentials as s16.15, core by core; the states of one run side by side."""
    assert found["first"]["copies"] == 3
    assert min(found["first"]["spikes"]) > 10
    assert found["first"]["spikesEqual"] and found["first"]["potentialsEqual"]


def test_a_decision_sets_its_currents_anew_and_reads_its_own_recording(found):
    network = random_network(2, reset="zero", decoding="potential")[0]
    observations = np.random.default_rng(0).normal(size=(3, network.observation_size))
    size = network.layers[0].size
    first = np.reshape(found["first"]["offsets"], (3, size))
    assert np.abs(first - input_currents(network, observations)).max() < 1e-3
    # Two states on a build of three: the rest has no input.
    second = np.reshape(found["second"]["offsets"], (3, size))
    assert found["second"]["copies"] == 3
    assert np.abs(second[:2] - input_currents(network, observations[:2] * 2)).max() < 1e-3
    assert not second[2].any()
    assert found["second"]["spikesEqual"] and found["second"]["potentialsEqual"]


def test_states_side_by_side_are_copies_that_do_not_touch(found):
    assert found["blocks"] and all(found["blocks"])


def test_a_recording_with_holes_is_an_error(found):
    code, message = found["incomplete"]
    assert code == "BOARD_FAILED" and "incomplete" in message


def test_a_board_that_falls_silent_is_an_error_and_the_next_run_builds_anew(found):
    code, message = found["failed"]
    assert code == "BOARD_FAILED" and "SpinnmanTimeoutException" in message
    assert found["copiesAfterFailure"] == 0
    assert found["third"]["copies"] == 1
    assert found["third"]["spikesEqual"] and found["third"]["potentialsEqual"]


def test_an_error_of_configuration_is_not_one_of_size(found):
    assert found["translated"] == [
        "BOARD_TOO_SMALL", "BOARD_CONFIGURATION", "BOARD_CONFIGURATION", "BOARD_FAILED", "SHAPE_MISMATCH",
    ]  # fmt: skip


def test_networks_take_turns_on_the_board(found):
    (other, copies, again, copies_of_other) = found["turns"]
    assert (copies, copies_of_other) == (0, 0)
    for run in (other, again):
        assert run["spikesEqual"] and run["potentialsEqual"]


def test_the_board_s_exp_and_the_membranes_that_make_up_for_it():
    assert [board_exp(ONE // tau) for tau in (1024, 512, 256, 128, 64, 16, 2)] == [
        32735, 32704, 32640, 32513, 32260, 30782, 19874,
    ]  # fmt: skip
    neuron = random_network(1)[0].layers[0].neuron
    assert membrane(neuron._replace(beta=1.0), 512.0) == (512.0, 1.0)
    tau, cm = membrane(neuron._replace(beta=0.9), 512.0)
    assert abs(np.exp(-1 / tau) - 0.9) < 1e-12
    assert abs(tau / cm * (1 - 0.9) - 1) < 1e-3


def test_the_mapping_says_who_makes_the_input():
    network = random_network(3, reset="zero", decoding="potential")[0]
    inputs = [
        describe(network._replace(encoding=encoding), Settings(None, chip), "spinnaker")["input"]
        for encoding in ("constant", "poisson")
        for chip in (False, True)
    ]
    assert [text.split(" ")[:2] for text in inputs] == [
        ["x", "W0"],
        ["x", "W0"],
        ["a", "SpikeSourceArray"],
        ["a", "SpikeSourcePoisson"],
    ]
    assert describe(network, Settings(100.0), "spinnaker")["layers"][0]["parameters"]["tau_m"] == 100.0
    assert describe(network, Settings(), "spinnaker")["layers"][0]["parameters"]["tau_m"] == time_constant(network)


def test_what_populations_cannot_express_is_named():
    network = random_network(3, reset="zero", decoding="potential")[0]
    leaky = [network.layers[0], neurons(network.layers[1], alpha=0.5), *network.layers[2:]]
    lif = random_lif_network(3)[0]._replace(decoding="potential")
    for wrong, text in (
        (network._replace(layers=leaky), "Layer 1"), (network._replace(decoding="spikes"), "spikes"), (lif, "not yet"),
    ):  # fmt: skip
        with pytest.raises(BridgeError) as caught:
            describe(wrong, Settings(), "spinnaker")
        assert caught.value.code == "MAPPING_IMPOSSIBLE" and text in str(caught.value)


def test_why_convolutions_are_lists():
    """sPyNNaker's own ConvolutionConnector of 7.4.1 has no binary for IFCurDelta, and other sizes than deep learning's where strides leave a rest."""
    spynnaker = pytest.importorskip("spynnaker")
    binaries = os.listdir(os.path.join(os.path.dirname(spynnaker.__file__), "pyNN", "model_binaries"))
    assert "IF_curr_exp_conv.aplx" in binaries and "IF_curr_delta_conv.aplx" not in binaries
    # In a process of its own: importing it reads the configuration.
    code = "from spynnaker.pyNN.models.neural_projections.connectors import ConvolutionConnector as C; print(C([[1.0] * 4] * 4, strides=2).get_post_shape((20, 20)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip().endswith("(8, 8)"), done.stdout + done.stderr[-2000:]  # (20 - 4) / 2 + 1 = 9
