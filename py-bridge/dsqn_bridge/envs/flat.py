"""Elements of any space as lists of float32 for networks: what ``gymnasium.spaces.flatten`` makes of them, with a check of what goes in.

Discrete and MultiDiscrete become one-hot; Tuple and Dict (in the order of Gymnasium, which sorts its names) are put one behind the other.
"""

import numpy as np
from gymnasium import spaces

from dsqn_bridge.envs.spaces import fitting, misfit

_WIDE = ("int64", "uint64")


def flat_space(space):
    """The Box that a network sees instead of ``space``; None where it can have the space as it is, or nothing flattens it."""
    if isinstance(space, spaces.Box):
        if space.dtype.name not in _WIDE:
            return None
        return spaces.Box(space.low.astype(np.float32), space.high.astype(np.float32), space.shape, np.float32)
    if not space.is_np_flattenable:
        return None
    box = spaces.flatten_space(space)
    return spaces.Box(box.low.astype(np.float32), box.high.astype(np.float32), box.shape, np.float32)


def flat_encoder(space, path, id):
    """As ``encoder`` of spaces.py, for elements of ``space`` as float32."""
    shape = space.shape if isinstance(space, spaces.Box) else (spaces.flatdim(space),)
    put = _putter(space, id)

    def encode(elements, _plain, arrays):
        batch = arrays.get(path)
        if batch is None:
            batch = arrays[path] = np.empty((len(elements), *shape), np.float32)
        for row, element in zip(batch, elements):
            put(element, row.reshape(-1))

    return encode


def _putter(space, id):
    """A function that writes an element into a row of float32."""
    if isinstance(space, spaces.Box):
        return lambda element, row: np.copyto(row, fitting(element, space, id).ravel(), "unsafe")
    if isinstance(space, spaces.Discrete):
        return lambda element, row: _one_hot(row, fitting(element, space, id) - space.start)
    if isinstance(space, spaces.MultiBinary):

        def put_bits(element, row):
            bits = fitting(element, space, id)
            if not np.isin(bits, (0, 1)).all():
                raise misfit(element, space, id)
            row[:] = bits.ravel()

        return put_bits
    if isinstance(space, spaces.MultiDiscrete):
        nvec = space.nvec.ravel()
        ends = np.cumsum(nvec)
        start = np.asarray(getattr(space, "start", np.zeros_like(space.nvec))).ravel()

        def put_several(element, row):
            places = fitting(element, space, id).ravel() - start
            row[:] = 0
            row[ends - nvec + places] = 1

        return put_several
    if isinstance(space, (spaces.Tuple, spaces.Dict)):
        items = list(space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces))
        ends = np.cumsum([spaces.flatdim(one) for _, one in items])
        parts = [(key, _putter(one, id), slice(end - spaces.flatdim(one), end)) for (key, one), end in zip(items, ends)]

        def put_parts(element, row):
            for key, put, where in parts:
                try:
                    part = element[key]
                except (KeyError, IndexError, TypeError) as problem:
                    raise misfit(element, space, id) from problem
                put(part, row[where])

        return put_parts

    def put_other(element, row):
        if element not in space:
            raise misfit(element, space, id)
        row[:] = spaces.flatten(space, element)

    return put_other


def _one_hot(row, place):
    row[:] = 0
    row[place] = 1
