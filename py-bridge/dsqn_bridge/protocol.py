"""Messages: a msgpack header and raw frames for arrays (docs/protocol.md has the words, protocol.schema.json the shape)."""

import json
import os

import msgpack
import numpy as np

from dsqn_bridge.validate import SchemaError, compile_schema

with open(os.path.join(os.path.dirname(__file__), "protocol.schema.json"), encoding="utf-8") as file:
    SCHEMA = json.load(file)

PROTOCOL = SCHEMA["protocol"]
# Below this, an array travels inside the header: a frame of its own costs more than the copy (bench/bridge.md).
INLINE_BYTES = SCHEMA["inlineBytes"]

_CHECKS = {kind: compile_schema(schema) for kind, schema in SCHEMA["messages"].items()}
_DTYPES = {name: np.dtype(name).newbyteorder("<") for name in SCHEMA["dtypes"]}
_NAMES = {np.dtype(name): name for name in SCHEMA["dtypes"]}
_EMPTY = {}


def parse(header):
    """The validated header of a message; SchemaError for anything else."""
    try:
        message = msgpack.unpackb(header, raw=False, strict_map_key=True)
        check = _CHECKS[message["type"]]
    except Exception as problem:
        raise SchemaError(f"not a message of this protocol: {type(problem).__name__}: {problem}") from problem
    check(message)
    return message


def pack(message):
    """The bytes of a header."""
    return msgpack.packb(message, default=_plain, use_bin_type=True)


def decode_arrays(specs, frames):
    """Arrays by name, from their descriptions in the header and the frames beside it. Views, read-only, no copies."""
    if not specs:
        if frames:
            raise SchemaError(f"{len(frames)} frame(s) that no array describes")
        return _EMPTY
    arrays = {}
    rest = iter(frames)
    for spec in specs:
        data = spec.get("data")
        if data is None:
            data = next(rest, None)
            if data is None:
                raise SchemaError(f"the frame of array {spec['name']!r} is missing")
        try:
            array = np.frombuffer(data, dtype=_DTYPES[spec["dtype"]])
            shape = spec["shape"]
            arrays[spec["name"]] = array if len(shape) == 1 and shape[0] == array.size else array.reshape(shape)
        except ValueError as problem:
            raise SchemaError(f"array {spec['name']!r} does not fit its shape {spec['shape']}: {problem}") from problem
    if next(rest, None) is not None:
        raise SchemaError("more frames than the header describes")
    return arrays


def encode_arrays(arrays):
    """The descriptions of ``arrays`` for a header, and the frames for those too large to travel inside it."""
    specs, frames = [], []
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype == np.bool_:
            array = array.view(np.uint8)
        dtype = _NAMES.get(array.dtype)
        if dtype is None:
            raise TypeError(f"array {name!r} has dtype {array.dtype}, which the bridge does not carry")
        spec = {"name": name, "dtype": dtype, "shape": array.shape}
        if array.nbytes <= INLINE_BYTES:
            spec["data"] = array.tobytes()
        else:
            frames.append(np.ascontiguousarray(array))
        specs.append(spec)
    return specs, frames


def _plain(value):
    """What msgpack does not know: NumPy's scalars and arrays, sets, and in the end anything by its repr."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return list(value)
    return repr(value)
