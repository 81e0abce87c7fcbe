"""Seconds that calls of an environment take in Python alone: `python env_alone.py <id> < ["step 8", "reset 1", ...]` prints a JSON object.

"step N" steps N copies with random actions, one after another; "reset N" resets N copies with a seed. Means over 2000 calls (200 where N
is large), without the resets that steps need.
"""

import json
import sys
import time

import gymnasium
import numpy as np


def main():
    envs = []
    random = np.random.default_rng(0)
    took = {}
    for kind in json.load(sys.stdin):
        name, count = kind.split()
        count = int(count)
        while len(envs) < count:
            envs.append(gymnasium.make(sys.argv[1]))
            envs[-1].reset(seed=len(envs))
        calls = 2000 if count <= 8 else 200
        total = 0
        for call in range(calls):
            actions = random.integers(envs[0].action_space.n, size=count).tolist()
            ended = []
            started = time.perf_counter()
            if name == "step":
                for env, action in zip(envs[:count], actions):
                    _, _, terminated, truncated, _ = env.step(action)
                    if terminated or truncated:
                        ended.append(env)
            else:
                for index, env in enumerate(envs[:count]):
                    env.reset(seed=call + index)
            total += time.perf_counter() - started
            for env in ended:
                env.reset()
        took[kind] = total / calls
    print(json.dumps(took))


main()
