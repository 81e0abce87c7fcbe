"""From the console's screen (210x160 colours) to the frames that networks see: one class for each preprocessing.

``look(ale, last)`` takes in the screen after the last frame of an action, and the one before it (``last`` False); ``frame(out, first)`` puts
what they make into ``out``, uint8 [height, width]; ``first`` says that an episode begins with it.
"""

import numpy as np

# Relative luminance of linear Rec. 709 colours, as the original weights red, green and blue.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


class Nature:
    """Grey scale, maximum of the last two frames, 84x84 by area: Gymnasium's AtariPreprocessing bit for bit (Mnih et al. 2015).

    ALE's own palette of greys is the luminance. An action that the game's end cuts short leaves the earlier screens in place, as there.
    """

    size = (84, 84)
    stack = 4

    def __init__(self, screen):
        import cv2

        self._resize = cv2.resize
        self._area = cv2.INTER_AREA
        self._screens = np.zeros(screen, np.uint8), np.zeros(screen, np.uint8)

    def begin(self, ale):
        ale.getScreenGrayscale(self._screens[0])
        self._screens[1].fill(0)

    def look(self, ale, last):
        ale.getScreenGrayscale(self._screens[0 if last else 1])

    def frame(self, out, _first):
        newest, before = self._screens
        np.maximum(newest, before, out=newest)
        self._resize(newest, (84, 84), dst=out, interpolation=self._area)


class Patel:
    """The original's input after Patel et al. 2019: the last four frames laid over each other, the older the fainter.

    x = floor(min(255, sum_k (1 - k / 4) y[t - k])), k = 0..3; y: luminance of the screen without its upper 25 rows, 80x80. An episode begins
    with four times its first frame.
    """

    size = (80, 80)
    stack = 1
    _CROP = 25
    _WEIGHTS = (1.0, 0.75, 0.5, 0.25)

    def __init__(self, screen):
        height, width = screen
        self._screen = np.zeros((height, width, 3), np.uint8)
        self._shrink = shrinker((height - self._CROP, width), self.size)
        self._history = []

    def begin(self, ale):
        ale.getScreenRGB(self._screen)

    def look(self, ale, last):
        if last:
            ale.getScreenRGB(self._screen)

    def frame(self, out, first):
        newest = self._shrink(luminance(self._screen[self._CROP :]))
        self._history = [newest] * 4 if first else [newest, *self._history[:3]]
        laid = sum(weight * y for weight, y in zip(self._WEIGHTS, self._history))
        # Even grey has a whole luminance: let no order of summation make 141 of 142.
        out[...] = np.minimum(laid + 1e-9, 255.0)


class MnihBinary:
    """The original's input for Mnih's network: 1 where the luminance of the last two frames' maximum, 84x84, exceeds 5 (of 255)."""

    size = (84, 84)
    stack = 4
    _THRESHOLD = 5.0

    def __init__(self, screen):
        height, width = screen
        self._screens = tuple(np.zeros((height, width, 3), np.uint8) for _ in range(2))
        self._shrink = shrinker((height, width), self.size)

    def begin(self, ale):
        ale.getScreenRGB(self._screens[0])
        self._screens[1].fill(0)

    def look(self, ale, last):
        ale.getScreenRGB(self._screens[0 if last else 1])

    def frame(self, out, _first):
        out[...] = self._shrink(luminance(np.maximum(*self._screens))) > self._THRESHOLD


PREPROCESSINGS = {"nature": Nature, "patel": Patel, "mnih-binary": MnihBinary}


def luminance(screen):
    """[height, width, 3] uint8 to float64 [height, width]."""
    red, green, blue = LUMINANCE
    return screen[..., 0] * red + screen[..., 1] * green + screen[..., 2] * blue


def shrinker(large, small):
    """scikit-image's ``resize`` from ``large`` to ``small`` (height, width) as a function of float64 images.

    Every row of ``shrink_matrix`` has a few elements only, so sums over these replace matrix products: whose threads fight for the processors.
    """
    (rows, row_weights), (columns, column_weights) = (_sparse(shrink_matrix(*pair)) for pair in zip(large, small))
    row_weights = row_weights[:, :, None]

    def shrink(image):
        tall = sum(weights * image[index] for index, weights in zip(rows, row_weights))
        return sum(weights * tall[:, index] for index, weights in zip(columns, column_weights))

    return shrink


def _sparse(matrix):
    """Indices and values [taps, few] of the elements that are not 0, row by row, as many for each."""
    taps = np.count_nonzero(matrix, axis=1).max()
    first = np.minimum((matrix != 0).argmax(axis=1), matrix.shape[1] - taps)
    indices = first + np.arange(taps)[:, None]
    return indices, np.take_along_axis(matrix.T, indices, axis=0)


def shrink_matrix(many, few):
    """[few, many]: how an axis of ``many`` pixels becomes one of ``few``: a Gaussian against aliasing, then linear interpolation.

    The Gaussian's sigma is (many / few - 1) / 2 pixels; it is cut at four of these and normalised, and the image's border mirrors what is
    inside without repeating the outermost pixel. Pixel i of the small image lies at (i + 1/2) many / few - 1/2.
    """
    scale = many / few
    blur = np.eye(many)
    sigma = (scale - 1) / 2
    if sigma > 0:
        radius = int(4 * sigma + 0.5)
        offsets = np.arange(-radius, radius + 1)
        weights = np.exp(-0.5 * (offsets / sigma) ** 2)
        mirrored = np.pad(np.eye(many), ((radius, radius), (0, 0)), mode="reflect")
        blur = sum(w * mirrored[radius + o : radius + o + many] for w, o in zip(weights / weights.sum(), offsets))
    places = (np.arange(few) + 0.5) * scale - 0.5
    left = np.clip(np.floor(places).astype(int), 0, many - 2)
    share = (places - left)[:, None]
    return (1 - share) * blur[left] + share * blur[left + 1]
