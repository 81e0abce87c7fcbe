"""The validator, and that it knows all that the schema asks for."""

import pytest

from dsqn_bridge.protocol import SCHEMA
from dsqn_bridge.validate import SchemaError, compile_schema


def test_knows_every_keyword_of_the_protocol():
    assert {kind: compile_schema(schema) for kind, schema in SCHEMA["messages"].items()}


def test_refuses_a_schema_that_it_could_not_check():
    with pytest.raises(ValueError, match="pattern"):
        compile_schema({"type": "string", "pattern": "a+"})
    with pytest.raises(ValueError, match="format"):
        compile_schema({"format": "date"})


@pytest.mark.parametrize(
    "schema, good, bad",
    [
        ({"type": "integer", "minimum": 0, "maximum": 3}, [0, 3], [-1, 4, 1.0, True, "1", None]),
        ({"type": "number"}, [1, 1.5], [True, "1", None]),
        ({"type": "string", "minLength": 1}, ["a"], ["", b"a", 1]),
        ({"type": "boolean"}, [True], [1, None]),
        ({"enum": ["a", "b"]}, ["a"], ["c", ["a"], 1]),
        ({"const": "a"}, ["a"], ["b"]),
        ({"format": "binary"}, [b""], ["", None]),
        ({"type": "array", "items": {"type": "integer"}}, [[], [1]], [[1, "a"], {}, "1"]),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
            [[1, "a"]],
            [[1], [1, "a", 2], ["a", 1]],
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None], ["a"]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, [1, "a"], [None, 1.5]),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            [{"a": 1}, {"a": 1, "b": "x"}],
            [{}, {"b": "x"}, {"a": "x"}, {"a": 1, "c": 1}, {"a": 1, "b": None}, []],
        ),
    ],
)
def test_accepts_what_fits_and_nothing_else(schema, good, bad):
    check = compile_schema(schema)
    for value in good:
        check(value)
    for value in bad:
        with pytest.raises(SchemaError):
            check(value)
