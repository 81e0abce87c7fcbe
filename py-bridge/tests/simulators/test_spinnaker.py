"""The board path short of a board: virtual_board.py says where the fake begins. Needs sPyNNaker."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.network import input_currents
from dsqn_bridge.simulators.spinnaker import assert_representable, waiting_spikes
from dsqn_bridge.simulators.spinnaker_cells import ONE, board_exp, membrane
from dsqn_bridge.simulators.spinnaker_mapping import describe
from dsqn_bridge.simulators.spinnaker_populations import Settings, populations_of, schedule_of, start_of

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
    assert any(found["soft"])  # its copy of the binary is found as sPyNNaker's own are
    for run in (other, again):
        assert run["spikesEqual"] and run["potentialsEqual"]


def test_the_board_s_exp_and_the_membranes_that_make_up_for_it():
    assert [board_exp(ONE // tau) for tau in (1024, 512, 256, 128, 64, 16, 2)] == [
        32735, 32704, 32640, 32513, 32260, 30782, 19874,
    ]  # fmt: skip
    assert [board_exp(x) for x in (0, ONE, 3 * ONE + 7, 400000)] == [ONE, 12054, 1631, 0]
    assert membrane(1.0, 600.0) == (512.0, 1.0)
    tau, cm = membrane(0.9, 60000.0)
    assert abs(np.exp(-1 / tau) - 0.9) < 1e-12
    assert membrane(0.9999, 100.0).tau_m == 100.0
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
    assert describe(network, Settings(), "spinnaker")["layers"][0]["parameters"]["tau_m"] >= 512.0


def test_what_populations_cannot_express_is_named():
    network = random_network(3, reset="zero", decoding="potential")[0]
    leaky = [network.layers[0], neurons(network.layers[1], alpha=0.5), *network.layers[2:]]
    lif = random_lif_network(3)[0]._replace(decoding="potential")
    first = lif.layers[0]
    late = lif._replace(layers=[neurons(first, reset="subtraction-late"), *lif.layers[1:]])
    huge = network._replace(layers=[first._replace(weights=first.weights * 1e6) for first in network.layers])
    for wrong, text in (
        (network._replace(layers=leaky), "Layer 1"), (network._replace(decoding="spikes"), "spikes"),
        (late, "subtraction-late"), (lif._replace(layers=[first, *network.layers[1:]]), "clock"), (huge, "no room"),
    ):  # fmt: skip
        with pytest.raises(BridgeError) as caught:
            describe(wrong, Settings(), "spinnaker")
        assert caught.value.code == "MAPPING_IMPOSSIBLE" and text in str(caught.value)


def test_a_reset_by_subtraction_is_soft_whatever_it_takes_off():
    """A soft reset takes off its threshold, so potentials are shifted; lagged-lif's comes after the leak."""
    network = random_network(3, reset="subtraction", decoding="potential")[0]
    layers = [neurons(layer, beta=0.8, threshold=1.25, reset_by=1.0) for layer in network.layers]
    network = network._replace(layers=layers)
    own = populations_of(network, Settings())[0]
    assert own.soft and (own.threshold / own.scale == 1.25).all() and np.allclose(own.above, 0)
    own = populations_of(network._replace(layers=[neurons(layer, beta=1.0) for layer in layers]), Settings())[0]
    assert all(
        (values / own.scale == of).all() for values, of in ((own.threshold, 1), (own.above, -0.25), (own.rest, -0.25))
    )
    hard = populations_of(network, Settings(hard_reset=True))[0]
    assert not hard.soft and (hard.threshold / hard.scale == 1.25).all() and not hard.above.any()
    assert not populations_of(network, Settings(100.0))[0].soft  # the thesis had no other


def test_lif_fires_from_the_first_s16_15_at_or_above_its_threshold_and_starts_late():
    network = random_lif_network(3)[0]._replace(decoding="potential", encoding="constant")
    layers = [
        neurons(layer._replace(biases=np.full(layer.size, 0.25), initial=np.zeros(layer.size)), beta=0.5, threshold=1.0,
                fires=fires, reset="value", reset_to=-0.5)
        for layer, fires in zip([network.layers[0], network.layers[0], *network.layers[1:]], ["above", "at", "at", "at"])
    ]  # fmt: skip
    network = network._replace(layers=layers)
    populations = populations_of(network, Settings())
    above, at = populations[:2]
    assert (above.threshold == above.scale + 1 / ONE).all() and (at.threshold == at.scale).all()
    assert (above.reset_to == -0.5 * above.scale).all()
    schedule = schedule_of(network, Settings())
    assert schedule.late == list(range(len(layers)))
    assert schedule.machine_steps(20) == 20 + len(layers)
    # 0.5 v + 0.25 brings -0.5 to 0.
    assert np.allclose(start_of(layers[1], at, 1) / at.scale, -0.5, atol=1e-3)
    assert (start_of(layers[1], at, 0) == 0).all()


def test_a_unit_for_each_neuron_makes_what_may_arrive_one_size():
    network = random_network(3, reset="subtraction", decoding="potential")[0]
    factors = 2.0 ** np.arange(network.layers[-1].size)
    last = network.layers[-1]._replace(weights=network.layers[-1].weights * factors, biases=None)
    own = populations_of(network._replace(layers=[*network.layers[:-1], last]), Settings())[-1]
    arriving = np.maximum(np.maximum(last.weights, 0).sum(axis=0), np.maximum(-last.weights, 0).sum(axis=0)) * own.scale
    assert arriving.max() < 2 * arriving.min()


def test_currents_that_s16_15_does_not_hold_are_named():
    assert_representable(np.array([[65535.0, -65535.0]]))
    with pytest.raises(BridgeError) as caught:
        assert_representable(np.array([[0.0, 1e6]]))
    assert caught.value.code == "INPUT_TOO_LARGE" and "neuron 1" in str(caught.value)


def test_as_many_spikes_may_wait_as_can_come_in_one_step():
    assert [waiting_spikes(sources) for sources in (257, 512, 513, 6400)] == [512, 512, 1024, 2048]


def test_a_machine_that_will_be_reset_runs_a_multiple_of_sixteen_steps(found):
    assert found["machineSteps"] == [[1, 16], [16, 16], [17, 32], [20, 32], [100, 112]]


def test_why_convolutions_are_lists():
    """sPyNNaker's own ConvolutionConnector of 7.4.1 has no binary for IFCurDelta, and other sizes than deep learning's where strides leave a rest."""
    spynnaker = pytest.importorskip("spynnaker")
    binaries = os.listdir(os.path.join(os.path.dirname(spynnaker.__file__), "pyNN", "model_binaries"))
    assert "IF_curr_exp_conv.aplx" in binaries and "IF_curr_delta_conv.aplx" not in binaries
    # In a process of its own: importing it reads the configuration.
    code = "from spynnaker.pyNN.models.neural_projections.connectors import ConvolutionConnector as C; print(C([[1.0] * 4] * 4, strides=2).get_post_shape((20, 20)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip().endswith("(8, 8)"), done.stdout + done.stderr[-2000:]  # (20 - 4) / 2 + 1 = 9
