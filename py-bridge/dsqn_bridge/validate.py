"""A validator for the part of JSON Schema that the protocol's schema uses.

A schema becomes the source of one flat Python function, because every call over the bridge passes through it: closures over
the same schema took five times as long. A keyword that is not known here is an error at start, so that the schema
cannot promise what nobody checks.
"""

_ANNOTATIONS = {"$schema", "title", "description", "default"}
# Looked after by "properties", "prefixItems" and msgpack, whose keys are strings.
_ELSEWHERE = {"type", "required", "additionalProperties", "minItems", "maxItems", "propertyNames"}
# Of msgpack's types; bool is a subclass of int, so types are compared exactly.
_TYPES = {
    "object": "type({0}) is not dict",
    "array": "type({0}) is not list",
    "string": "type({0}) is not str",
    "integer": "type({0}) is not int",
    "number": "type({0}) is not int and type({0}) is not float",
    "boolean": "type({0}) is not bool",
    "null": "{0} is not None",
}

# Conditions for values that do not fit, of the schemas that only ask for a type.
_SIMPLE = {(("type", "null"),): "{0} is not None", (("format", "binary"),): "type({0}) is not bytes"}


class SchemaError(ValueError):
    """A message that does not have the shape that the protocol gives it."""


def compile_schema(schema):
    """Returns ``check(message)``, which raises SchemaError where ``message`` does not fit ``schema``."""
    writer = _Writer()
    writer.write("def check(v0):")
    writer.check(schema, "v0", "message", 1)
    writer.write("    return None")
    namespace = {"fail": _fail, "SchemaError": SchemaError}
    namespace.update(writer.constants)
    exec("\n".join(writer.lines), namespace)  # our own schema file, never a message
    return namespace["check"]


def _fail(path, expected, value):
    raise SchemaError(f"{path} should be {expected}, not {repr(value)[:80]}")


class _Writer:
    """Collects the lines of the function, and the constants that it refers to."""

    def __init__(self):
        self.lines = []
        self.constants = {}
        self._names = 0

    def write(self, line):
        self.lines.append(line)

    def name(self, constant=None):
        self._names += 1
        name = f"c{self._names}"
        if constant is not None:
            self.constants[name] = constant
        return name

    def check(self, schema, value, path, depth):
        """Lines that check ``value`` (a variable's name) against ``schema``."""
        unknown = set(schema) - _ANNOTATIONS - set(_CHECKS) - _ELSEWHERE
        if unknown:
            raise ValueError(f"the schema uses {sorted(unknown)}, which this validator does not know")
        if "type" in schema:
            self.require(_TYPES[schema["type"]].format(value), value, path, f"of type {schema['type']}", depth)
        for keyword, argument in schema.items():
            if keyword in _CHECKS:
                _CHECKS[keyword](self, argument, schema, value, path, depth)

    def require(self, violated, value, path, expected, depth):
        self.write(f"{'    ' * depth}if {violated}: fail({path!r}, {self.name(expected)}, {value})")


def _properties(writer, properties, schema, value, path, depth):
    indent = "    " * depth
    required = schema.get("required", ())
    item, seen = writer.name(), writer.name()
    for name in required:
        writer.write(f"{indent}if {name!r} not in {value}: raise SchemaError({f'{path} lacks {name}'!r})")
    writer.write(f"{indent}{seen} = {len(required)}")
    for name, one in properties.items():
        inner = depth
        if name not in required:
            writer.write(f"{indent}if {name!r} in {value}:")
            inner += 1
            writer.write(f"{'    ' * inner}{seen} += 1")
        writer.write(f"{'    ' * inner}{item} = {value}[{name!r}]")
        writer.check(one, item, f"{path}.{name}", inner)
    if schema.get("additionalProperties") is False:
        known = writer.name(frozenset(properties))
        writer.write(
            f"{indent}if len({value}) != {seen}: fail({path!r}, 'without ' + repr(set({value}) - {known}), {value})"
        )


def _items(writer, items, schema, value, path, depth):
    if "prefixItems" in schema:  # which also fixes the length
        return
    item = writer.name()
    writer.write(f"{'    ' * depth}for {item} in {value}:")
    before = len(writer.lines)
    writer.check(items, item, f"{path}[]", depth + 1)
    if len(writer.lines) == before:
        writer.write(f"{'    ' * (depth + 1)}pass")


def _prefix_items(writer, schemas, schema, value, path, depth):
    writer.require(f"len({value}) != {len(schemas)}", value, path, f"of length {len(schemas)}", depth)
    for index, one in enumerate(schemas):
        item = writer.name()
        writer.write(f"{'    ' * depth}{item} = {value}[{index}]")
        writer.check(one, item, f"{path}[{index}]", depth)


def _any_of(writer, schemas, _schema, value, path, depth):
    # What a look at the type decides comes first, and without a call; if one is left, it has to fit.
    simple = [_SIMPLE[key].format(value) for key in map(_key, schemas) if key in _SIMPLE]
    others = [one for one in schemas if _key(one) not in _SIMPLE]
    if simple and len(others) == 1:
        writer.write(f"{'    ' * depth}if {' and '.join(simple)}:")
        writer.check(others[0], value, path, depth + 1)
        return
    checks = writer.name(tuple(compile_schema(one) for one in schemas))
    writer.constants.setdefault("fits", _fits)
    writer.require(f"not any(fits(one, {value}) for one in {checks})", value, path, "of one of its types", depth)


def _key(schema):
    return tuple(sorted(schema.items())) if all(type(value) is str for value in schema.values()) else None


def _fits(check, value):
    try:
        check(value)
    except SchemaError:
        return False
    return True


def _comparison(violated, wording):
    def check(writer, argument, _schema, value, path, depth):
        writer.require(violated.format(value, writer.name(argument)), value, path, f"{wording} {argument!r}", depth)

    return check


def _format(writer, name, _schema, value, path, depth):
    if name != "binary":
        raise ValueError(f"the schema uses the format {name!r}, which this validator does not know")
    writer.require(f"type({value}) is not bytes", value, path, "binary", depth)


_CHECKS = {
    "properties": _properties,
    "items": _items,
    "prefixItems": _prefix_items,
    "anyOf": _any_of,
    "const": _comparison("{0} != {1}", "equal to"),
    "enum": lambda writer, values, schema, value, path, depth: _comparison("{0} not in {1}", "one of")(
        writer, tuple(values), schema, value, path, depth
    ),
    "minimum": _comparison("{0} < {1}", "at least"),
    "maximum": _comparison("{0} > {1}", "at most"),
    "minLength": _comparison("len({0}) < {1}", "of a length of at least"),
    "format": _format,
}
