"""A validator for the part of JSON Schema that the protocol's schema uses.

Each schema compiles once into a closure ``check(value, path)`` that raises ``SchemaError``; a keyword that is not
known here is an error at start, so that the schema cannot promise what nobody checks.
"""

_ANNOTATIONS = {"$schema", "title", "description", "default"}
_TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, (list, tuple)),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


class SchemaError(ValueError):
    """A message that does not have the shape that the protocol gives it."""


def compile_schema(schema):
    """Returns ``check(value, path="message")``, which raises SchemaError where ``value`` does not fit ``schema``."""
    checks = []
    for keyword, argument in schema.items():
        if keyword in _ANNOTATIONS or keyword in ("required", "additionalProperties"):
            continue
        make = _KEYWORDS.get(keyword)
        if make is None:
            raise ValueError(f"the schema uses the keyword {keyword!r}, which this validator does not know")
        checks.append(make(argument, schema))

    def check(value, path="message"):
        for one in checks:
            one(value, path)

    return checks[0] if len(checks) == 1 else check


def _type(name, _schema):
    fits = _TYPES[name]

    def check(value, path):
        if not fits(value):
            raise SchemaError(f"{path} should be of type {name}, not {type(value).__name__}")

    return check


def _properties(properties, schema):
    compiled = {name: compile_schema(one) for name, one in properties.items()}
    required = frozenset(schema.get("required", ()))
    closed = schema.get("additionalProperties") is False

    def check(value, path):
        if not required <= value.keys():
            raise SchemaError(f"{path} lacks {', '.join(sorted(required - value.keys()))}")
        for name, item in value.items():
            one = compiled.get(name)
            if one is not None:
                one(item, f"{path}.{name}")
            elif closed:
                raise SchemaError(f"{path} has an unknown field {name!r}")

    return check


def _items(items, _schema):
    one = compile_schema(items)

    def check(value, path):
        for index, item in enumerate(value):
            one(item, f"{path}[{index}]")

    return check


def _any_of(schemas, _schema):
    compiled = [compile_schema(one) for one in schemas]

    def check(value, path):
        problems = []
        for one in compiled:
            try:
                return one(value, path)
            except SchemaError as problem:
                problems.append(str(problem))
        raise SchemaError("; or ".join(problems))

    return check


def _require(fits, wording):
    def make(argument, _schema):
        def check(value, path):
            if not fits(value, argument):
                raise SchemaError(f"{path} should be {wording} {argument!r}, not {value!r}")

        return check

    return make


def _is_format(value, name):
    return isinstance(value, (bytes, bytearray, memoryview)) if name == "binary" else True


_KEYWORDS = {
    "type": _type,
    "properties": _properties,
    "propertyNames": lambda _argument, _schema: lambda _value, _path: None,  # keys of msgpack maps: strings by strict_map_key
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _any_of,
    "const": _require(lambda value, wanted: value == wanted, "equal to"),
    "enum": _require(lambda value, wanted: value in wanted, "one of"),
    "minimum": _require(lambda value, least: value >= least, "at least"),
    "maximum": _require(lambda value, most: value <= most, "at most"),
    "minLength": _require(lambda value, least: len(value) >= least, "of a length of at least"),
    "format": _require(_is_format, "in the format"),
}
