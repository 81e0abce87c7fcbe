"""Conv DQN in PyTorch, eager: one gradient step, and a whole training loop as CleanRL's dqn_atari.py does it (one environment, uniform
replay, a gradient step of 32 for every 4 agent steps), written anew. Gymnasium and ALE come from the folder in DSQN_BENCH_ATARI.
"""

import json
import os
import random
import sys
import time

import numpy as np
import torch
from torch import nn

sys.path.append(os.environ["DSQN_BENCH_ATARI"])
BATCH = 32
LEARNING_STARTS = 500


def nature(actions):
    """The network of Mnih et al. 2015; bytes are divided inside, as CleanRL does."""
    return nn.Sequential(
        nn.Conv2d(4, 32, 8, stride=4),
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(3136, 512),
        nn.ReLU(),
        nn.Linear(512, actions),
    )


class Learner:
    def __init__(self, actions=4):
        self.online, self.target = nature(actions), nature(actions)
        self.target.load_state_dict(self.online.state_dict())
        self.optimizer = torch.optim.Adam(self.online.parameters(), lr=1e-4)

    def update(self, observations, actions, following, rewards, discounts):
        with torch.no_grad():
            best = self.target(following / 255.0).max(dim=1).values
            wanted = rewards + discounts * best
        values = self.online(observations / 255.0).gather(1, actions).squeeze(1)
        loss = nn.functional.smooth_l1_loss(values, wanted)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def update():
    learner = Learner()
    rng = np.random.default_rng(1)
    frames = [
        torch.from_numpy(rng.integers(0, 256, (BATCH, 4, 84, 84), dtype=np.uint8))
        for _ in range(2)
    ]
    actions = torch.from_numpy(rng.integers(0, 4, (BATCH, 1)))
    ones = torch.ones(BATCH)
    return lambda calls: [
        learner.update(frames[0], actions, frames[1], ones, 0.99 * ones)
        for _ in range(calls)
    ]


class Fire:
    """FIRE after a reset, and a lost life ends the learner's episode: what CleanRL's wrappers do."""

    def __init__(self, env):
        self.env, self.lives, self.over = env, 0, True

    def reset(self):
        if self.over:
            self.env.reset()
        observation, _, _, _, info = self.env.step(1)
        self.lives, self.over = info["lives"], False
        return observation

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.over = terminated or truncated
        lost = 0 < info["lives"] < self.lives
        self.lives = info["lives"]
        return observation, np.sign(reward), terminated or lost, truncated


class Loop:
    """Keeps stacks of 4 frames as CleanRL's replay buffer with `optimize_memory_usage` does: each observation once."""

    def __init__(self, capacity=20000):
        import ale_py
        import gymnasium
        from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

        gymnasium.register_envs(ale_py)
        env = gymnasium.make(
            "ALE/Breakout-v5", frameskip=1, repeat_action_probability=0.0
        )
        env = FrameStackObservation(AtariPreprocessing(env, noop_max=30), 4)
        self.env, self.learner = Fire(env), Learner(env.action_space.n)
        self.capacity, self.steps, self.size = capacity, 0, 0
        self.observations = np.zeros((capacity, 4, 84, 84), np.uint8)
        self.actions = np.zeros((capacity, 1), np.int64)
        self.rewards, self.ends = (np.zeros(capacity, np.float32) for _ in range(2))
        self.now = self.env.reset()
        self.run(LEARNING_STARTS)

    def run(self, calls):
        for _ in range(calls):
            if random.random() < 0.05 or self.size < LEARNING_STARTS:
                action = random.randrange(4)
            else:
                with torch.no_grad():
                    values = self.learner.online(torch.from_numpy(self.now[None]) / 255)
                action = int(values.argmax(1))
            following, reward, terminated, truncated = self.env.step(action)
            at = self.steps % self.capacity
            self.observations[at] = self.now
            self.observations[(at + 1) % self.capacity] = following
            self.actions[at], self.rewards[at], self.ends[at] = (
                action,
                reward,
                terminated,
            )
            self.steps += 1
            self.size = min(self.steps, self.capacity - 1)
            self.now = self.env.reset() if terminated or truncated else following
            if self.size >= LEARNING_STARTS and self.steps % 4 == 0:
                rows = np.random.randint(0, self.size, BATCH)
                take = torch.from_numpy
                self.learner.update(
                    take(self.observations[rows]),
                    take(self.actions[rows]),
                    take(self.observations[(rows + 1) % self.capacity]),
                    take(self.rewards[rows]),
                    0.99 * (1 - take(self.ends[rows])),
                )


work = {"update": update, "loop": lambda: Loop().run}
made = {}
for line in sys.stdin:
    request = json.loads(line)
    try:
        name = request["name"]
        if name not in made:
            made[name] = work[name]()
            made[name](5)
        start = time.perf_counter()
        made[name](request["calls"])
        reply = {"seconds": (time.perf_counter() - start) / request["calls"]}
    except Exception as error:  # noqa: BLE001 - the reader decides what a missing figure means
        reply = {"error": f"{type(error).__name__}: {error}"[:500]}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
