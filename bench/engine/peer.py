"""What a peer's script has in common with the others: it times named pieces of work on request.

One JSON line in, {"name", "calls"}, one out, {"seconds"} per call. Inputs are drawn once from a fixed seed.
"""

import itertools
import json
import sys
import time

import numpy as np


def weights(shape, seed=1):
    """Normal with standard deviation 1 / sqrt(inputs), as the SQN class of the thesis."""
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal((n, m)) / np.sqrt(n)).astype(np.float32)
        for n, m in itertools.pairwise(shape)
    ]


def observations(batch, size, seed=2):
    return np.random.default_rng(seed).standard_normal((batch, size)).astype(np.float32)


def serve(work):
    """`work` maps names to functions without arguments, made when first asked for."""
    made = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["name"]
        try:
            if name not in made:
                made[name] = work[name]()
                for _ in range(request.get("warmUp", 5)):
                    made[name]()
            start = time.perf_counter()
            for _ in range(request["calls"]):
                made[name]()
            reply = {"seconds": (time.perf_counter() - start) / request["calls"]}
        except Exception as error:  # noqa: BLE001 - the reader decides what a missing figure means
            reply = {"error": f"{type(error).__name__}: {error}"[:500]}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
