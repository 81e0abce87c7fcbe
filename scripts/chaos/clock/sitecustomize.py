"""Python imports this by itself where its folder is on PYTHONPATH: the time of day jumps, as in jumps.mjs."""

import random
import time

DAY = 86400

_real = time.time
_own = random.Random()
_jumps = {"offset": 0.0, "next": 0.0}


def _time():
    if time.monotonic() > _jumps["next"]:
        _jumps["offset"] = _own.uniform(-DAY, DAY)
        _jumps["next"] = time.monotonic() + _own.uniform(0, 0.3)
    return _real() + _jumps["offset"]


time.time = _time
