"""Trajectories of Gymnasium, run directly: what the bridge has to give, bit for bit. Imports nothing of ours.

Reads jobs as JSON from stdin: ``[{id, kwargs, mode, seeds, actions: [steps][environments]}]``; writes for each a list of steps, each
with the bytes of observations, rewards and flags in hex. ``mode``: "single" steps an environment of its own for each seed and
resets it when its episode ends; "next-step", "same-step" and "disabled" are SyncVectorEnv's; "native" is ``make_vec``'s.
"""

import json
import sys

import gymnasium as gym
import numpy as np


def main():
    json.dump([run(**job) for job in json.load(sys.stdin)], sys.stdout)


def run(id, kwargs, mode, seeds, actions):
    if mode == "single":
        return [
            single(gym.make(id, **kwargs), seed, [row[index] for row in actions])
            for index, seed in enumerate(seeds)
        ]
    return vector(id, kwargs, mode, seeds, actions)


def single(env, seed, actions):
    space = env.observation_space
    observation, _ = env.reset(seed=seed)
    steps = [hexed(space, [observation])]
    for action in actions:
        observation, reward, terminated, truncated, _ = env.step(
            as_action(env.action_space, action)
        )
        steps.append(
            [
                *hexed(space, [observation]),
                *numbers([reward], [terminated], [truncated]),
            ]
        )
        if terminated or truncated:
            observation, _ = env.reset()
            steps.append(hexed(space, [observation]))
    return steps


def vector(id, kwargs, mode, seeds, actions):
    if mode == "native":
        envs = gym.make_vec(
            id, num_envs=len(seeds), vectorization_mode="vector_entry_point", **kwargs
        )
    else:
        names = {
            "next-step": "NextStep",
            "same-step": "SameStep",
            "disabled": "Disabled",
        }
        makers = [lambda: gym.make(id, **kwargs)] * len(seeds)
        envs = gym.vector.SyncVectorEnv(makers, autoreset_mode=names[mode])
    space = envs.single_observation_space
    observations, _ = envs.reset(seed=seeds[0] if mode == "native" else seeds)
    steps = [hexed(space, split(envs, observations))]
    for number, row in enumerate(actions):
        batch = np.asarray(row, envs.action_space.dtype).reshape(
            envs.action_space.shape
        )
        observations, rewards, terminated, truncated, infos = envs.step(batch)
        steps.append(
            [
                *hexed(space, split(envs, observations)),
                *numbers(rewards, terminated, truncated),
            ]
        )
        if "final_obs" in infos:
            ended = np.flatnonzero(infos["_final_obs"])
            steps.append(
                [
                    *hexed(space, [infos["final_obs"][index] for index in ended]),
                    ",".join(map(str, ended)),
                ]
            )
        over = np.logical_or(terminated, truncated)
        if mode == "disabled" and over.any():
            # Seeds as the TypeScript side chooses them.
            seeds = [1000 * number + index for index in range(len(over))]
            observations, _ = envs.reset(seed=seeds, options={"reset_mask": over})
            steps.append(hexed(space, split(envs, observations)))
    return steps


def split(envs, observations):
    return list(gym.vector.utils.iterate(envs.observation_space, observations))


def hexed(space, observations):
    """One hex string per leaf of the space, all environments after each other."""
    if isinstance(space, gym.spaces.Tuple):
        return [
            leaf
            for index, one in enumerate(space.spaces)
            for leaf in hexed(one, [o[index] for o in observations])
        ]
    if isinstance(space, gym.spaces.Dict):
        return [
            leaf
            for name, one in space.spaces.items()
            for leaf in hexed(one, [o[name] for o in observations])
        ]
    dtype = np.int32 if space.dtype == np.int64 else space.dtype
    return [np.array(observations, dtype).tobytes().hex()]


def numbers(rewards, terminated, truncated):
    flags = [
        np.array(each, np.uint8).tobytes().hex() for each in (terminated, truncated)
    ]
    return [np.array(rewards, np.float64).tobytes().hex(), *flags]


def as_action(space, action):
    return (
        action
        if isinstance(space, gym.spaces.Discrete)
        else np.asarray(action, space.dtype)
    )


main()
