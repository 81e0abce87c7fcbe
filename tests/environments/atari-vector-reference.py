"""ale-py's and EnvPool's vector environments stepped in Python alone, for tests of the bridge. Imports nothing of ours.

Reads ``{world, options, actions}`` as JSON from stdin; writes what each reset and each step told.
"""

import hashlib
import json
import sys

import numpy as np

SEEDS = [1, 2, 3]


class Ale:
    def __init__(self, options):
        from ale_py.vector_env import AtariVectorEnv

        skip, frames = options.pop("frame_skip", 4), options.pop("max_frames", 108_000)
        self.envs = AtariVectorEnv(
            "breakout",
            3,
            reward_clipping=False,
            frameskip=skip,
            max_num_frames_per_episode=frames,
            **options,
        )

    def start(self):
        observations, info = self.envs.reset(seed=np.array(SEEDS))
        return observations, info["lives"]

    def again(self, seeds, mask, _shown, _lives):
        observations, info = self.envs.reset(
            seed=np.array(seeds)[mask], options={"reset_mask": mask}
        )
        return observations, info["lives"]

    def step(self, actions):
        return self.envs.step(np.array(actions))


class EnvPool:
    def __init__(self, _options):
        import envpool

        self.envs = envpool.make(
            "Breakout-v5", env_type="gymnasium", num_envs=3, seed=SEEDS
        )

    def start(self):
        observations, info = self.envs.reset()
        return observations, info["lives"]

    def again(self, _seeds, mask, shown, lives):
        observations, info = self.envs.reset(np.flatnonzero(mask))
        shown, lives = shown.copy(), lives.copy()
        shown[info["env_id"]], lives[info["env_id"]] = observations, info["lives"]
        return shown, lives

    def step(self, actions):
        return self.envs.step(np.array(actions, np.int32))


def digest(observations):
    stacked = np.ascontiguousarray(np.moveaxis(observations, 1, -1))
    return hashlib.sha256(stacked.tobytes()).hexdigest()[:16]


def main():
    job = json.load(sys.stdin)
    world = {"ale-vector": Ale, "envpool": EnvPool}[job["world"]](job["options"])
    shown, lives = world.start()
    told, seed = [[digest(shown), lives.tolist()]], 100
    for row in job["actions"]:
        shown, rewards, terminated, truncated, info = world.step(row)
        lost = bool((info["lives"] < lives).any())
        lives = info["lives"].copy()
        flags = [flag.astype(int).tolist() for flag in (terminated, truncated)]
        told.append([digest(shown), rewards.tolist(), *flags, lives.tolist(), lost])
        over = terminated | truncated
        if over.any():
            seeds, seed = list(range(seed, seed + 3)), seed + 3
            shown, lives = world.again(seeds, over, shown, lives)
            told.append([digest(shown), lives.tolist()])
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
