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
# By the type's character, which is quicker to look up than the dtype; a bool travels as uint8, and C has two names for int64.
_NAMES = {
    char: np.dtype(char).name for char in np.typecodes["AllInteger"] + "fd" if np.dtype(char).name in SCHEMA["dtypes"]
}
_NAMES["?"] = "uint8"
_EMPTY = {}


def parse(header):
    """The validated header of a message; SchemaError for anything else."""
    try:
        message = msgpack.unpackb(header)
        check = _CHECKS[message["type"]]
    except Exception as problem:
        raise SchemaError(f"not a message of this protocol: {type(problem).__name__}: {problem}") from problem
    check(message)
    return message


def packer():
    """A function from a message to its bytes, for one thread."""
    return msgpack.Packer(default=_plain).pack


def decode_arrays(specs, frames, slots=None):
    """Arrays by name, from their descriptions in the header, the frames beside it, and slots.

    What came in a message is viewed, read-only, not copied.
    """
    if not specs and not frames:
        return _EMPTY
    arrays = {}
    used = 0
    for name, dtype, shape, data in specs:
        if type(data) is int:
            arrays[name] = _take(slots, name, data, dtype, shape)
            continue
        if data is None:
            if used == len(frames):
                raise SchemaError(f"the frame of array {name!r} is missing")
            data = frames[used]
            used += 1
        try:
            array = np.frombuffer(data, _DTYPES[dtype])
            arrays[name] = array if len(shape) == 1 and shape[0] == array.size else array.reshape(shape)
        except ValueError as problem:
            raise SchemaError(f"array {name!r} does not fit its shape {shape}: {problem}") from problem
    if used < len(frames):
        raise SchemaError(f"{len(frames) - used} frame(s) more than the header describes")
    return arrays


def _take(slots, name, place, dtype, shape):
    try:
        if slots is None:
            raise ValueError("there is no shared memory")
        return slots.take(place, _DTYPES[dtype], shape)
    except ValueError as problem:
        raise SchemaError(f"array {name!r} is not where it should be: {problem}") from problem


def encode_arrays(arrays, slots=None):
    """The descriptions of ``arrays`` for a header, and the frames for those too large to travel inside it for which ``slots`` have no room."""
    specs, frames = [], []
    known = [(name, *_carried(name, array)) for name, array in arrays.items()]  # all, before the first takes a slot
    for name, array, dtype in known:
        if array.nbytes <= INLINE_BYTES:
            specs.append((name, dtype, array.shape, array.tobytes()))
            continue
        place = None if slots is None else slots.put(array)
        specs.append((name, dtype, array.shape, place))
        if place is None:
            frames.append(np.ascontiguousarray(array))
    return specs, frames


def _carried(name, array):
    if type(array) is not np.ndarray:
        array = np.asarray(array)
    dtype = _NAMES.get(array.dtype.char)
    if dtype is None or not array.dtype.isnative:
        raise TypeError(f"array {name!r} has dtype {array.dtype}, which the bridge does not carry")
    return array, dtype


def _plain(value):
    """What msgpack does not know: NumPy's scalars and arrays, sets, and in the end anything by its repr."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return list(value)
    return repr(value)
