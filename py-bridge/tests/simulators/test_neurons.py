"""The records of neuron models against TypeScript's, and every back end's table against both."""

import json
from pathlib import Path

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.kinds import KINDS, Kind, expression, kind_of
from dsqn_bridge.simulators.message import camel
from dsqn_bridge.simulators.neurons import each

from .networks import random_network

# What scripts/write-neurons.ts writes; a test of its own holds it against src/network/neurons.
WRITTEN = json.loads((Path(__file__).parent / "neurons.json").read_text())
BACK_ENDS = [field for field in Kind._fields if field != "record"]


def test_there_are_the_same_kinds():
    assert list(KINDS) == list(WRITTEN)
    assert BACK_ENDS == ["nest3", "nest2", "pynn", "spinnaker", "nest_original"]


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_record_has_the_same_fields_and_defaults(kind):
    model, record = KINDS[kind].record, WRITTEN[kind]
    values = {name: float(parameter["default"]) for name, parameter in record["parameters"].items()}
    choices = {name: choice["values"][0] for name, choice in record["choices"].items()}
    assert {camel(field): value for field, value in model._field_defaults.items()} == {**values, **choices}
    assert kind_of(model()) == kind


@pytest.mark.parametrize("back_end", BACK_ENDS)
@pytest.mark.parametrize("kind", WRITTEN)
def test_every_back_end_says_how_it_expresses_every_kind_or_why_not(back_end, kind):
    entry = getattr(KINDS[kind], back_end)
    network = random_network(0)[0]
    layers = [layer._replace(neuron=KINDS[kind].record()) for layer in network.layers]
    if not isinstance(entry, str):
        assert expression(back_end, layers) is entry
        if back_end == "spinnaker":
            assert [entry(index, layer, False).beta for index, layer in enumerate(layers)] == [1.0] * len(layers)
        elif entry is not None:
            entry(network._replace(layers=layers, decoding="potential"))
        return
    with pytest.raises(BridgeError) as caught:
        expression(back_end, layers)
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert kind in str(caught.value) and entry in str(caught.value)


def test_a_kind_that_leaves_a_back_end_out_is_an_error():
    with pytest.raises(TypeError, match="nest_original"):
        Kind(record=None, nest3="", nest2="", pynn="", spinnaker="")


def test_values_are_one_for_all_or_one_for_each():
    assert each(0.5, 3).tolist() == [0.5, 0.5, 0.5]
    assert each(np.arange(3.0), 3).tolist() == [0, 1, 2]
