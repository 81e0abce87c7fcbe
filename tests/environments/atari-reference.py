"""Atari games stepped in Python alone, for tests of the bridge: Gymnasium's own wrappers, or formulas written out. Imports nothing of ours.

Reads jobs as JSON from stdin: ``{id, kwargs, preprocessing, skip, noops, fire, seed, actions}``; writes for each a list of steps, the first
one the reset: ``[digest of the stacked observation, reward, terminated, truncated, lives]``. A game that ends ends its list.
"""

import hashlib
import json
import math
import sys

import ale_py
import gymnasium as gym
import numpy as np

gym.register_envs(ale_py)


def main():
    json.dump([list(run(**job)) for job in json.load(sys.stdin)], sys.stdout)


def run(id, kwargs, preprocessing, skip, noops, fire, seed, actions):
    make = {"nature": Nature, "patel": Patel, "mnih-binary": MnihBinary}[preprocessing]
    game = make(gym.make(id, frameskip=1, **kwargs), skip, noops)
    lives = game.reset(seed, fire)
    yield [digest(game.stacked()), 0.0, False, False, lives]
    for action in actions:
        reward, terminated, truncated, now = game.step(action)
        if now < lives and fire and not (terminated or truncated):
            more, terminated, truncated, now = game.again(fire)
            reward += more
        lives = now
        yield [digest(game.stacked()), reward, terminated, truncated, lives]
        if terminated or truncated:
            return


def digest(stacked):
    return hashlib.sha256(np.ascontiguousarray(stacked).tobytes()).hexdigest()[:16]


class Nature:
    """Gymnasium's AtariPreprocessing, and FrameStackObservation over it where no FIRE is pressed behind the agent's back."""

    def __init__(self, env, skip, noops):
        self.plain = gym.wrappers.AtariPreprocessing(
            env, noop_max=noops, frame_skip=skip
        )
        self.env = gym.wrappers.FrameStackObservation(self.plain, 4)

    def reset(self, seed, fire):
        if fire:
            first, _ = self.plain.reset(seed=seed)
            first, _, _, _, info = self.plain.step(fire)
            self.frames, self.env = [first] * 4, None
        else:
            frames, info = self.env.reset(seed=seed)
            self.frames = list(frames)
        return info["lives"]

    def step(self, action):
        if self.env is None:
            frame, reward, terminated, truncated, info = self.plain.step(action)
            self.frames = [*self.frames[1:], frame]
        else:
            frames, reward, terminated, truncated, info = self.env.step(action)
            self.frames = list(frames)
        return float(reward), terminated, truncated, info["lives"]

    def again(self, action):
        """One more action, whose frame takes the place of the last one."""
        frame, reward, terminated, truncated, info = self.plain.step(action)
        self.frames = [*self.frames[:3], frame]
        return float(reward), terminated, truncated, info["lives"]

    def stacked(self):
        return np.stack(self.frames, axis=-1)


class Written:
    """Formulas over the screens in colours, as any Python user of Gymnasium sees them."""

    def __init__(self, env, skip, noops):
        self.env, self.skip, self.noops = env, skip, noops

    def reset(self, seed, fire):
        screen, info = self.env.reset(seed=seed)
        for _ in range(
            self.env.unwrapped.np_random.integers(1, self.noops + 1)
            if self.noops
            else 0
        ):
            screen, _, _, _, info = self.env.step(0)
        self.screens = [np.zeros_like(screen), screen]
        self.last = screen
        if fire:
            *_, lives = self._play(fire)
        self.history = [self.frame()] * 4
        return info["lives"]

    def step(self, action):
        outcome = self._play(action)
        self.history = [*self.history[1:], self.frame()]
        return outcome

    def again(self, action):
        outcome = self._play(action)
        self.history = [*self.history[:3], self.frame()]
        return outcome

    def _play(self, action):
        total = 0.0
        for left in reversed(range(self.skip)):
            screen, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
            if left < 2:
                self.screens = [self.screens[1], screen]
            if left == 0:
                self.last = screen
        return total, terminated, truncated, info["lives"]


class Patel(Written):
    """Patel et al. 2019 as the original has it: upper 25 rows cut off, 80x80, four frames with weights 1, 3/4, 1/2, 1/4."""

    def frame(self):
        return shrunk(luminance(self.last)[25:], 80, 80)

    def stacked(self):
        oldest, older, old, new = self.history
        laid = new + 0.75 * old + 0.5 * older + 0.25 * oldest
        return np.floor(np.clip(np.round(laid, 9), 0, 255)).astype(np.uint8)[..., None]


class MnihBinary(Written):
    """Mnih's network as the original fed it: the maximum of two screens, 84x84, 1 above 5."""

    def frame(self):
        return (shrunk(luminance(np.maximum(*self.screens)), 84, 84) > 5).astype(
            np.uint8
        )

    def stacked(self):
        return np.stack(self.history, axis=-1)


def luminance(screen):
    return np.dot(screen.astype(np.float64), [0.2126, 0.7152, 0.0722])


def shrunk(image, height, width):
    """scikit-image's resize(image, (height, width)): Gaussian of sigma (factor - 1) / 2, then linear interpolation; axis by axis."""
    return shrunk_rows(shrunk_rows(image, height).T, width).T


def shrunk_rows(image, few):
    many = len(image)
    factor = many / few
    sigma = (factor - 1) / 2
    reach = int(4 * sigma + 0.5)
    bell = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-reach, reach + 1)]
    padded = np.concatenate([image[reach:0:-1], image, image[-2 : -2 - reach : -1]])
    blurred = [
        sum(b * padded[row + k] for k, b in enumerate(bell)) / sum(bell)
        for row in range(many)
    ]
    rows = []
    for row in range(few):
        place = factor * (row + 0.5) - 0.5
        upper = math.floor(place)
        rows.append(
            (upper + 1 - place) * blurred[upper] + (place - upper) * blurred[upper + 1]
        )
    return np.array(rows)


if __name__ == "__main__":
    main()
