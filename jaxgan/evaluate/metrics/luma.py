"""How near enlarged images are to the true ones, as papers on super-resolution report it.

    psnr_luma, ssim_luma    as in paired.py, but of luma alone, without the border

where luma is (16 + 65.481 r + 128.553 g + 24.966 b) / 255 for r, g, b in [0, 1] (ITU-R BT.601,
Matlab's rgb2ycbcr; images of one channel are luma already), in [0, 1]. The border is as wide as the
factor of enlargement: 4 pixels in SRGAN (arXiv 1609.04802). Both also as *_copy, for bicubic
enlargement (paired.py).

Numbers for RGB with borders are lower by a decibel or two, so papers can only be compared by these.
"""

import numpy as np

from jaxgan.evaluate.metrics.metric import Inputs, Metric, Scores, needed
from jaxgan.evaluate.metrics.paired import enlarged, psnr, ssim

WEIGHTS = np.array([65.481, 128.553, 24.966], np.float32) / 255


def luma(images: np.ndarray) -> np.ndarray:
    """Return the luma [n, h, w, 1] of images [n, h, w, 1 or 3], both in [-1, 1]."""
    if images.shape[-1] == 1:
        return images
    return ((images + 1) / 2 @ WEIGHTS[:, None] + np.float32(16 / 255)) * 2 - 1


def compute(inputs: Inputs) -> Scores:
    (made, _), (true, _) = needed(inputs.fake_pixels), needed(inputs.real_pixels)
    source = needed(inputs.source_pixels)[0]
    edge = border(true.shape[1], source.shape[1])
    within = slice(edge, -edge or None)
    cut = lambda images: luma(images)[:, within, within]
    values = {}
    for baseline, images in (("", made), ("_copy", enlarged(source, true.shape[1:3]))):
        values[f"psnr_luma{baseline}"] = psnr(cut(images), cut(true))
        values[f"ssim_luma{baseline}"] = ssim(cut(images), cut(true))
    return Scores(values)


def border(large: int, small: int) -> int:
    """Return the width of the border that is left out: the factor of enlargement, or 0 for none."""
    return large // small if large > small else 0


LUMA = Metric(
    compute,
    gives=("psnr_luma", "ssim_luma", "psnr_luma_copy", "ssim_luma_copy"),
    needs=("pixels", "sources", "luma"),
)
