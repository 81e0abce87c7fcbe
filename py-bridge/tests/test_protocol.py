"""Arrays on their way through headers and frames."""

import numpy as np
import pytest

from dsqn_bridge.protocol import INLINE_BYTES, SCHEMA, decode_arrays, encode_arrays
from dsqn_bridge.validate import SchemaError


@pytest.mark.parametrize("dtype", SCHEMA["dtypes"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (100, 100)])
def test_arrays_come_back_as_they_were(dtype, shape):
    array = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    specs, frames = encode_arrays({"x": array})
    assert len(frames) == (1 if array.nbytes > INLINE_BYTES else 0)
    back = decode_arrays([list(spec) for spec in specs], [bytes(frame) for frame in frames])["x"]
    assert back.dtype == dtype and back.shape == shape and (back == array).all()


def test_carries_views_that_are_not_contiguous_and_booleans_as_uint8():
    wide = np.arange(10_000, dtype=np.float64).reshape(100, 100)
    specs, frames = encode_arrays({"t": wide.T, "b": np.array([True, False])})
    back = decode_arrays(specs, frames)
    assert (back["t"] == wide.T).all()
    assert back["b"].dtype == np.uint8 and back["b"].tolist() == [1, 0]


@pytest.mark.parametrize(
    "array", [np.array([1j]), np.array(["a"]), np.array([object()]), np.zeros(2, np.float32).astype(">f4")]
)
def test_refuses_what_the_protocol_does_not_carry(array):
    with pytest.raises(TypeError, match="does not carry"):
        encode_arrays({"x": array})


def test_large_arrays_are_not_copied():
    array = np.zeros(100_000, np.float32)
    _, frames = encode_arrays({"x": array})
    assert np.shares_memory(frames[0], array)
    data = bytes(400_000)
    back = decode_arrays([["x", "float32", [100_000], None]], [data])["x"]
    assert np.shares_memory(back, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    "specs, frames",
    [
        ([["x", "float32", [2], b"\0" * 4]], []),
        ([["x", "float32", [1], b"\0" * 3]], []),
        ([["x", "float32", [1], None]], []),
        ([], [b"x"]),
    ],
)
def test_refuses_bytes_and_shapes_that_disagree(specs, frames):
    with pytest.raises(SchemaError):
        decode_arrays(specs, frames)
