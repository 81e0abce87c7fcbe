"""What needs no torch: neurons as numbers, parts as layers, what is refused. The frameworks themselves: test_real_export.py."""

import subprocess
import sys

import numpy as np
import pytest

from dsqn_bridge.frameworks.assemble import Part, assemble, same_values
from dsqn_bridge.frameworks.errors import ExportError
from dsqn_bridge.frameworks.modules import Piece
from dsqn_bridge.frameworks.neurons import describe_neuron, is_neuron


def fake(module, name, **fields):
    """An object of a class of that name in that module."""
    return type(name, (), {"__module__": module, **fields})()


def leaky(**fields):
    given = {"beta": 0.9, "threshold": 1.0, "inhibition": False, "state_quant": False, "reset_mechanism_val": 0}
    dictionary = {"subtract": 0, "zero": 1, "none": 2}
    return fake("snntorch._neurons.leaky", "Leaky", **{**given, "reset_dict": dictionary, **fields})


def linear(name, outputs, inputs, bias=True):
    arrays = {"weight": np.ones((outputs, inputs), np.float32)}
    if bias:
        arrays["bias"] = np.ones(outputs, np.float32)
    return Part(name, Piece("linear", {}, arrays))


LIF = {"beta": 0.5, "threshold": 1.0, "reset": "sub"}


def test_importing_it_needs_nothing_of_the_bridge():
    check = (
        "import sys, dsqn_bridge.frameworks.export; print([m for m in ('zmq', 'msgpack', 'torch') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", check], text=True).strip() == "[]"


def test_snntorch_resets_by_name():
    assert describe_neuron("lif", leaky(), (3,)) == {
        "beta": 0.9,
        "threshold": 1.0,
        "fire": ">",
        "reset": "delayed-sub",
    }
    assert describe_neuron("lif", leaky(reset_delay=False), (3,))["reset"] == "snntorch-nodelay-sub"
    assert describe_neuron("lif", leaky(reset_mechanism_val=1), (3,))["reset"] == "delayed-zero"
    none = describe_neuron("lif", leaky(reset_mechanism_val=2), (3,))
    assert (none["reset"], none["resetBy"]) == ("sub", 0.0)
    with pytest.raises(ExportError, match="^lif: graded spikes"):
        describe_neuron("lif", leaky(graded_spikes_factor=2.0), (3,))


def test_parameters_per_channel_become_those_of_neurons_with_channels_innermost():
    beta = np.array([0.25, 0.75]).reshape(2, 1, 1)
    described = describe_neuron("lif", leaky(beta=beta), (2, 1, 2))
    assert described["beta"] == [0.25, 0.75, 0.25, 0.75]
    with pytest.raises(ExportError, match="beta has shape"):
        describe_neuron("lif", leaky(beta=np.ones(3) / 2), (4,))


def test_spikingjelly_rest_and_reset():
    node = fake("spikingjelly.activation_based.neuron.lif", "LIFNode", tau=2.0, v_reset=-0.5, v_threshold=1.0)
    node.decay_input = True
    described = describe_neuron("0", node, (3,))
    assert (described["gain"], described["leak"], described["v0"], described["vReset"]) == (0.5, -0.5, -0.5, -0.5)
    node.v_reset = None
    assert describe_neuron("0", node, (3,)) == {
        "beta": 0.5,
        "gain": 0.5,
        "threshold": 1.0,
        "fire": ">=",
        "reset": "sub",
    }


def test_a_class_that_computes_otherwise_is_no_neuron_that_is_known():
    known = type(leaky())
    assert is_neuron(type("Mine", (known,), {"__module__": "mine", "__init__": lambda self: None})())
    assert not is_neuron(type("Mine", (known,), {"__module__": "mine", "fire": lambda self, mem: mem})())
    with pytest.raises(ExportError, match="Known are snntorch.Leaky"):
        describe_neuron("0", fake("snntorch._neurons.alpha", "Alpha"), (3,))


def test_parts_become_layers():
    pool = Part("pool", Piece("pool", {"pooling": "avg", "size": 2}))
    norm = Part("norm", Piece("norm", {"eps": 1e-5}, {"weight": np.ones(3), "bias": np.ones(3)}))
    described = assemble(
        [
            linear("fc.1", 3, 4),
            norm,
            Part("lif", neuron=LIF),
            pool,
            linear("fc.2", 2, 3, False),
            Part("end", Piece("pass")),
        ]
    )
    assert described.layers == [
        {
            "kind": "linear",
            "weight": "fc_1_weight",
            "bias": "fc_1_bias",
            "batchNorm": "norm_weight, norm_bias (eval, eps 1e-05)",
            "neuron": LIF,
        },
        {"pooling": "avg", "size": 2, "kind": "linear", "weight": "fc_2_weight", "neuron": None},
    ]


def test_recurrent_biases_join_those_of_the_weights():
    recurrent = {"weight": np.eye(2, dtype=np.float32), "bias": np.full(2, 0.5)}
    described = assemble([linear("fc", 2, 4), Part("lif", neuron=LIF, recurrent=recurrent)])
    (layer,) = described.layers
    assert described.arrays[layer["bias"]].tolist() == [1.5, 1.5]
    assert layer["recurrent"] == "lif_recurrent_weight"
    assert sorted(described.arrays) == ["fc_weight", "lif_bias_and_recurrent_bias", "lif_recurrent_weight"]


@pytest.mark.parametrize(
    "parts, said",
    [
        ([linear("a", 3, 4), linear("b", 2, 3)], "b: a stands before it, and no neurons"),
        ([Part("lif", neuron=LIF)], "lif: no weights"),
        ([linear("a", 3, 4), Part("p", Piece("pool", {"pooling": "max"}))], "p: it pools what a computes"),
        ([Part("p", Piece("pool", {"pooling": "max"}))], "p: pooling is the last"),
        ([Part("n", Piece("norm", {"eps": 1e-5}))], "n: a normalisation without weights"),
        ([linear("a.b", 3, 4), Part("x", neuron=LIF), linear("a_b", 3, 3)], "two parts of the network"),
    ],
)
def test_what_is_no_chain_is_refused_by_name(parts, said):
    with pytest.raises(ExportError, match=said):
        assemble(parts)


def test_values_that_change_between_two_modules_are_seen():
    values = np.arange(6.0)
    same_values(("a", values), ("b", values))
    for other in (values[:3], values + 1):
        with pytest.raises(ExportError, match="b: what it takes in is not what a puts out"):
            same_values(("a", values), ("b", other))
