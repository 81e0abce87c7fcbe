"""Gymnasium's spaces: their description in plain data, and the way of their elements through named arrays.

An element of a space travels as one array per leaf, for all environments at once: "o" for an observation of a Box, "o.position"
and "o.0" for the leaves of a Dict and a Tuple. What is no array (Text, and spaces that are not known here) travels in plain data.
"""

import numpy as np
from gymnasium import spaces

from dsqn_bridge.errors import BridgeError

_INT32 = np.iinfo(np.int32)


def describe(space):
    """What TypeScript's ``Space`` says. Bounds that are all alike shrink to one number."""
    if isinstance(space, spaces.Box):
        shape = list(space.shape)
        return {
            "type": "box",
            "dtype": space.dtype.name,
            "shape": shape,
            "low": _bounds(space.low),
            "high": _bounds(space.high),
        }
    if isinstance(space, spaces.Discrete):
        return {"type": "discrete", "n": int(space.n), "start": int(space.start), "dtype": space.dtype.name}
    if isinstance(space, spaces.MultiDiscrete):
        start = np.asarray(getattr(space, "start", np.zeros_like(space.nvec)))
        numbers = {"nvec": space.nvec.ravel().tolist(), "start": start.ravel().tolist()}
        return {"type": "multi-discrete", "dtype": space.dtype.name, "shape": list(space.shape), **numbers}
    if isinstance(space, spaces.MultiBinary):
        return {"type": "multi-binary", "dtype": space.dtype.name, "shape": list(space.shape)}
    if isinstance(space, spaces.Text):
        lengths = {"minLength": space.min_length, "maxLength": space.max_length}
        return {"type": "text", **lengths, "characters": "".join(sorted(space.character_set))}
    if isinstance(space, spaces.Tuple):
        return {"type": "tuple", "spaces": [describe(one) for one in space.spaces]}
    if isinstance(space, spaces.Dict):
        return {"type": "dict", "spaces": {str(name): describe(one) for name, one in space.spaces.items()}}
    return {"type": "other", "name": type(space).__name__, "repr": repr(space)}


def _bounds(values):
    flat = np.asarray(values).ravel()
    return flat[0].item() if flat.size and (flat == flat[0]).all() else flat.tolist()


def misfit(element, space, id):
    """The error of an element that is none of ``space``."""
    try:
        array = np.asarray(element) if not isinstance(element, (dict, tuple, str)) else None
    except ValueError:  # a ragged list
        array = None
    is_one = array is not None and array.dtype.kind in "biuf"
    what = f"has the shape {list(array.shape)} and the dtype {array.dtype.name}" if is_one else f"is {element!r:.80}"
    if is_one and array.shape == space.shape:
        what = f"holds {array.ravel()[:8].tolist()}"
    message = f'The observation that "{id}" gave {what}; its observation space is {_short(space)}.'
    hint = "An observation has to belong to the space that the environment declares: change one of the two."
    return BridgeError("OBSERVATION_INVALID", message, hint, environment=id, space=_short(space))


def _short(space):
    text = repr(space)
    if isinstance(space, spaces.Box):
        text = f"Box(shape {list(space.shape)}, {space.dtype.name})"
    return text if len(text) <= 200 else f"{text[:200]} ..."


def fitting(element, space, id):
    """``element`` as an array of the shape of ``space``, with whole numbers where it has these; OBSERVATION_INVALID where it is none."""
    try:
        array = np.asarray(element)
    except ValueError as problem:  # a ragged list
        raise misfit(element, space, id) from problem
    if array.shape != space.shape or array.dtype.kind not in "biuf":
        raise misfit(element, space, id)
    if space.dtype.kind == "f":
        return array
    with np.errstate(invalid="ignore"):
        whole = array.astype(space.dtype, copy=False)
    if not np.array_equal(whole, array):  # a fraction, NaN, or too large
        raise misfit(element, space, id)
    if isinstance(space, spaces.Discrete) and not 0 <= whole - space.start < space.n:
        raise misfit(element, space, id)
    if (
        isinstance(space, spaces.MultiDiscrete)
        and not ((whole >= space.start) & (whole < space.start + space.nvec)).all()
    ):
        raise misfit(element, space, id)
    return whole


def encoder(space, path="o", id=""):
    """Returns ``encode(elements, plain, arrays)``, which puts N elements of ``space`` into ``arrays``, each [N, ...], or ``plain``.

    An array that is there already is written to.
    """
    if isinstance(space, (spaces.Tuple, spaces.Dict)):
        items = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        parts = [(key, encoder(one, f"{path}.{key}", id)) for key, one in items]

        def encode(elements, plain, arrays):
            for key, part in parts:
                try:
                    column = [element[key] for element in elements]
                except (KeyError, IndexError, TypeError) as problem:
                    raise misfit(elements[0], space, id) from problem
                part(column, plain, arrays)

        return encode
    if isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
        dtype, shape, own = _carried(space), space.shape, space.dtype

        def encode(elements, plain, arrays):
            batch = arrays.get(path)
            if type(elements) is np.ndarray:  # a batch already
                if batch is None:
                    arrays[path] = elements.astype(dtype, copy=False)
                else:
                    batch[...] = elements
                return
            if batch is None:
                batch = arrays[path] = np.empty((len(elements), *shape), dtype)
            for index, element in enumerate(elements):
                try:  # dtypes of NumPy's own are one object each
                    fits = element.dtype is own and element.shape == shape
                except AttributeError:
                    fits = False
                batch[index] = element if fits else fitting(element, space, id)

        return encode

    def encode(elements, plain, arrays):
        plain[path] = [element if isinstance(element, str) else repr(element) for element in elements]

    return encode


def leaves(space, count, path, actions=False):
    """``[name, dtype, shape]`` of the arrays that carry ``count`` elements.

    ``actions``: as the client sends them, None where they need more than that.
    """
    if isinstance(space, (spaces.Tuple, spaces.Dict)):
        items = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        parts = [leaves(one, count, f"{path}.{key}", actions) for key, one in items]
        return None if None in parts else [leaf for part in parts for leaf in part]
    if not isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
        return None if actions else []
    dtype = np.dtype(_carried(space))
    if actions:
        # Numbers in JavaScript; what has to be an int64 goes as a message.
        if isinstance(space, spaces.Box) and dtype.kind in "iu" and dtype.itemsize == 8:
            return None
        dtype = np.dtype(np.int32 if not isinstance(space, spaces.Box) else dtype if dtype.kind == "f" else np.float64)
    return [[path, dtype.name, [count, *space.shape]]]


def _carried(space):
    """The dtype on the wire: the space's own, but int32 where an int64 is only a small number (JavaScript has no other int64)."""
    if isinstance(space, spaces.Box):
        return np.uint8 if space.dtype == np.bool_ else np.float32 if space.dtype == np.float16 else space.dtype
    if isinstance(space, spaces.MultiBinary):
        return space.dtype
    last = np.asarray(space.start) + (space.n if isinstance(space, spaces.Discrete) else space.nvec)
    return np.int32 if np.min(space.start) >= _INT32.min and np.max(last) <= _INT32.max else np.int64


def decoder(space, path="a"):
    """Returns ``decode(plain, arrays)``, which takes N elements of ``space`` out of ``arrays`` as a list, each as Gymnasium wants it."""
    if isinstance(space, spaces.Discrete):
        return lambda plain, arrays: arrays[path].tolist()
    if isinstance(space, (spaces.Box, spaces.MultiDiscrete, spaces.MultiBinary)):
        dtype, shape = space.dtype, space.shape
        # A copy: an environment may write into its action.
        return lambda plain, arrays: list(arrays[path].astype(dtype).reshape((-1, *shape)))
    if isinstance(space, spaces.Tuple):
        parts = [decoder(one, f"{path}.{index}") for index, one in enumerate(space.spaces)]
        return lambda plain, arrays: list(zip(*(part(plain, arrays) for part in parts)))
    if isinstance(space, spaces.Dict):
        named = [(name, decoder(one, f"{path}.{name}")) for name, one in space.spaces.items()]

        def decode(plain, arrays):
            columns = [(name, part(plain, arrays)) for name, part in named]
            return [{name: column[index] for name, column in columns} for index in range(len(columns[0][1]))]

        return decode
    return lambda plain, arrays: plain[path]
