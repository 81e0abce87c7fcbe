"""The records of neuron models against TypeScript's, and every back end's table against both."""

import json
from pathlib import Path

import numpy as np
import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators import nest2, nest3, nest_original, pynn, spinnaker_cells
from dsqn_bridge.simulators.neurons import KINDS, camel, each, entry_of, kind_of

from .networks import random_network

# What scripts/write-neurons.ts writes; a test of its own holds it against src/network/neurons.
WRITTEN = json.loads((Path(__file__).parent / "neurons.json").read_text())
BACK_ENDS = {
    "nest3": nest3.NEURONS,
    "nest2": nest2.NEURONS,
    "pynn": pynn.NEURONS,
    "spinnaker": spinnaker_cells.NEURONS,
    "nest_original": nest_original.NEURONS,
}


def test_there_are_the_same_kinds():
    assert list(KINDS) == list(WRITTEN)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_record_has_the_same_fields_and_defaults(kind):
    model, record = KINDS[kind], WRITTEN[kind]
    values = {name: parameter["default"] for name, parameter in record["parameters"].items()}
    choices = {name: choice["values"][0] for name, choice in record["choices"].items()}
    assert {camel(field): value for field, value in model._field_defaults.items()} == {**values, **choices}
    assert kind_of(model()) == kind


@pytest.mark.parametrize("back_end", BACK_ENDS)
@pytest.mark.parametrize("kind", WRITTEN)
def test_every_back_end_says_how_it_expresses_every_kind_or_why_not(back_end, kind):
    table = BACK_ENDS[back_end]
    assert kind in table, "%s says nothing of %s" % (back_end, kind)
    network = random_network(0)[0]
    layers = [layer._replace(neuron=KINDS[kind]()) for layer in network.layers]
    if not isinstance(table[kind], str):
        assert entry_of(table, layers, back_end) is table[kind]
        return
    with pytest.raises(BridgeError) as caught:
        entry_of(table, layers, back_end)
    assert caught.value.code == "MAPPING_IMPOSSIBLE"
    assert kind in str(caught.value) and table[kind] in str(caught.value)


def test_values_are_one_for_all_or_one_for_each():
    assert each(0.5, 3).tolist() == [0.5, 0.5, 0.5]
    assert each(np.arange(3.0), 3).tolist() == [0, 1, 2]
