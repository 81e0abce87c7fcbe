"""What tests/numeric/elementary.test.ts expects: hashes of the float64 nearest to the true value, as mpmath computes it.

    pip install mpmath==1.4.1; python tests/numeric/nearest.py

Arguments come from the same numbers as there. 1300 bits tell where even the largest float64 lies in its turn.
"""

import hashlib
import math
import struct

import mpmath

COUNT = 1000


def words():
    x = 1
    while True:  # xorshift32 (Marsaglia 2003)
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        yield x


def nearest(t):
    """To float64, ties to even, subnormal numbers included."""
    if t == 0:
        return 0.0
    exponent = max(int(mpmath.floor(mpmath.log(abs(t), 2))), -1022) - 52
    units = mpmath.ldexp(abs(t), -exponent)
    whole = int(mpmath.floor(units))
    rest = units - whole
    whole += rest > 0.5 or (rest == 0.5 and whole % 2)
    try:
        return math.copysign(math.ldexp(whole, exponent), t)
    except OverflowError:
        return math.copysign(math.inf, t)


def uniform(low, high):
    return lambda word: low + (high - low) * (next(word) / 4294967296)


def finite(word):
    while True:
        x = struct.unpack(">d", struct.pack(">II", next(word), next(word)))[0]
        if math.isfinite(x):
            return x


def positive(word):
    return abs(finite(word))


def whole(low, high):
    return lambda word: float(low + next(word) % (high - low))


def quarters(word):
    return (1 + next(word) % 100000) * 1.5707963267948966


CASES = {
    "exp": [[uniform(-5, 5)], [uniform(-700, 709)], [uniform(-745, -708)], [uniform(-1e-9, 1e-9)]],
    "log": [[uniform(0, 1)], [uniform(0.9999999, 1.0000001)], [uniform(0, 1e6)], [positive]],
    "pow": [
        [uniform(0, 1), uniform(-1, 1)],
        [uniform(0.99, 1), whole(0, 100000)],
        [positive, uniform(-4, 4)],
        [uniform(0, 0.1), uniform(250, 320)],
        [whole(1, 60), whole(-20, 90)],
    ],
    "sin": [[uniform(-0.25, 0.25)], [uniform(-7, 7)], [uniform(-1e6, 1e6)], [quarters], [finite]],
    "cos": [[uniform(-0.25, 0.25)], [uniform(-7, 7)], [uniform(-1e6, 1e6)], [quarters], [finite]],
}

mpmath.mp.prec = 1300
for name, groups in CASES.items():
    word = words()
    digest = hashlib.sha256()
    for group in groups:
        for _ in range(COUNT):
            x = [mpmath.mpf(argument(word)) for argument in group]
            true = mpmath.power(*x) if name == "pow" else getattr(mpmath, name)(*x)
            digest.update(struct.pack(">d", nearest(true)))
    print(f'  {name}: "{digest.hexdigest()}",')
