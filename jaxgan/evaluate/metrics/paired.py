"""How near translated images are to the true ones, pair by pair, with two baselines.

    mae               mean |x - y|, for images in [-1, 1]
    psnr              mean over images of 10 log10(4 / mean (x - y)^2), in dB
    ssim              mean over images of the structural similarity (Wang et al. 2004): a Gaussian
                      window of 11 x 11 with sigma 1.5, K = 0.01 and 0.03, images in [0, 1], only
                      where the window fits, the mean over channels
    gradient_energy   mean |dx| + mean |dy| of the outputs over that of the truth: below 1 is
                      blurred, above 1 is noisy or sharper than the truth
    saturation        mean (max - min of the channels) of the outputs over that of the truth: below
                      1 is greyer (1 for images of one channel)

Each also as *_copy, for the source itself instead of the output, and as *_mean, for the mean of the
true pictures instead of every output: no constant picture has a smaller squared error. A source of
one channel is repeated for a picture of three; any other is averaged to gray first. A source
smaller than its picture is enlarged, bicubic (media/bicubic.py). Every frame of a clip counts as an
image.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.media.bicubic import resized

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
LEAST_ERROR = 1e-10  # smaller squared errors, as of equal images, count as this one: 106 dB
BASELINES = ("", "_copy", "_mean")


def mae(x: np.ndarray, y: np.ndarray) -> float:
    """Return mean |x - y| of images [n, h, w, c]."""
    return float(np.mean([np.abs(a - b).mean(dtype=np.float64) for a, b in zip(x, y, strict=True)]))


def psnr(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean over images [n, h, w, c] in [-1, 1] of the peak signal-to-noise ratio."""
    errors = [np.square(a - b).mean(dtype=np.float64) for a, b in zip(x, y, strict=True)]
    return float(np.mean(10 * np.log10(4 / np.maximum(errors, LEAST_ERROR))))


def ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean structural similarity of images [n, h, w, c] in [-1, 1]; 1 where equal."""
    return float(np.mean([_ssim(a, b) for a, b in zip(x, y, strict=True)]))


def _ssim(x: np.ndarray, y: np.ndarray) -> float:
    x, y = ((image.astype(np.float64) + 1) / 2 for image in (x, y))
    mean_x, mean_y = blurred(x), blurred(y)
    variances = blurred(x * x) + blurred(y * y) - mean_x**2 - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2
    similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(similar / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


def blurred(image: np.ndarray) -> np.ndarray:
    """Return [h, w, c] filtered by the Gaussian window where it fits: [h - 10, w - 10, c]."""
    window = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SIGMA) ** 2)
    window /= window.sum()
    for axis in (0, 1):
        image = sliding_window_view(image, WINDOW, axis) @ window
    return image


def gradient_energy(x: np.ndarray, y: np.ndarray) -> float:
    """Return how much images x [n, h, w, c] change from pixel to pixel, relative to y."""

    def energy(images: np.ndarray) -> float:
        slopes = [np.abs(np.diff(images, axis=axis)).mean(dtype=np.float64) for axis in (1, 2)]
        return float(sum(slopes))

    return ratio(energy(x), energy(y))


def saturation(x: np.ndarray, y: np.ndarray) -> float:
    """Return how colourful images x [n, h, w, c] are, relative to y."""
    colour = lambda images: float((images.max(-1) - images.min(-1)).mean(dtype=np.float64))
    return ratio(colour(x), colour(y))


def ratio(a: float, b: float, least: float = 1e-6) -> float:
    """Return a / b; 1 where both are 0."""
    return (a + least) / (b + least)


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mae": mae,
    "psnr": psnr,
    "ssim": ssim,
    "gradient_energy": gradient_energy,
    "saturation": saturation,
}


def frames(samples: np.ndarray) -> np.ndarray:
    """Return images [n, h, w, c] unchanged, and clips [n, t, h, w, c] as images, frame by frame."""
    return samples.reshape(-1, *samples.shape[-3:])


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Return images [n, h, w, c] with another number of channels."""
    if images.shape[-1] == channels:
        return images
    return np.repeat(images.mean(-1, keepdims=True), channels, -1)


def enlarged(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return images [n, h, w, c] in [-1, 1] at another size, by bicubic interpolation."""
    return images if images.shape[1:3] == size else np.clip(resized(images, size), -1.0, 1.0)


def compute(inputs: Inputs) -> Scores:
    all_three = inputs.fake_pixels, inputs.real_pixels, inputs.source_pixels
    made, true, copies = (frames(needed(found)[0]) for found in all_three)
    copies = enlarged(copies, true.shape[1:3])
    copies = with_channels(copies, true.shape[-1])
    mean = np.broadcast_to(true.mean(0, dtype=np.float64).astype(true.dtype), true.shape)
    return Scores(
        {
            f"{name}{baseline}": score(images, true)
            for baseline, images in zip(BASELINES, (made, copies, mean), strict=True)
            for name, score in SCORES.items()
        }
    )


PAIRED = Metric(
    compute,
    gives=tuple(name + baseline for baseline in BASELINES for name in SCORES),
    needs=("frames", "pixels", "sources", "windows"),
)
