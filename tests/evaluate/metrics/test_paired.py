"""Paired metrics against closed forms, plain NumPy and scikit-image."""

import numpy as np
import pytest

from jaxgan.evaluate.metrics import paired
from jaxgan.evaluate.metrics.metric import Inputs
from tests.media.test_low_resolution import pillows

RNG = np.random.default_rng(0)


def images(n=3, h=17, w=14, c=3):
    return RNG.uniform(-1, 1, (n, h, w, c)).astype(np.float32)


def near(x, amount=0.2):
    return np.clip(x + amount * RNG.normal(size=x.shape), -1, 1).astype(np.float32)


def test_mae_and_psnr_of_a_known_difference():
    """A difference of 0.5 everywhere: the squared error is 1 / 4, so the ratio 16, 12.04 dB."""
    x = np.zeros((2, 4, 5, 3), np.float32)
    assert paired.mae(x, x + 0.5) == pytest.approx(0.5)
    assert paired.psnr(x, x + 0.5) == pytest.approx(10 * np.log10(16))
    # A mean over images of decibels, not decibels of a mean.
    y = np.stack([x[0] + 0.5, x[1] + 0.05])
    assert paired.psnr(x, y) == pytest.approx(10 * np.log10(16) + 10)


def plain_ssim(x, y):
    """Window by window, as the paper writes it: weighted moments, no convolution."""
    place = np.arange(11) - 5.0
    w = np.exp(-(place[:, None] ** 2 + place[None] ** 2) / (2 * 1.5**2))
    w /= w.sum()
    x, y = (x.astype(np.float64) + 1) / 2, (y.astype(np.float64) + 1) / 2
    found = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            ma, mb = (w * a).sum(), (w * b).sum()
            va, vb = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum()
            cov = (w * (a - ma) * (b - mb)).sum()
            c1, c2 = 0.01**2, 0.03**2
            top = (2 * ma * mb + c1) * (2 * cov + c2)
            found.append(top / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    return np.mean(found)


def test_ssim_equals_the_paper_window_by_window():
    x = images()
    y = near(x)
    expected = [
        plain_ssim(a[..., c], b[..., c]) for a, b in zip(x, y, strict=True) for c in range(3)
    ]
    assert paired.ssim(x, y) == pytest.approx(np.mean(expected), rel=1e-9)
    assert paired.ssim(x, x) == pytest.approx(1)


def test_ssim_and_psnr_equal_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    x = images(4, 20, 23)
    y = near(x)
    options = {"data_range": 2.0, "gaussian_weights": True, "sigma": 1.5, "channel_axis": -1}
    options["use_sample_covariance"] = False
    peers = [metrics.structural_similarity(a, b, **options) for a, b in zip(x, y, strict=True)]
    moved = [
        metrics.structural_similarity((a + 1) / 2, (b + 1) / 2, **{**options, "data_range": 1.0})
        for a, b in zip(x.astype(np.float64), y.astype(np.float64), strict=True)
    ]
    assert paired.ssim(x, y) == pytest.approx(np.mean(moved), rel=1e-6)
    assert np.mean(peers) != pytest.approx(np.mean(moved), rel=1e-3)  # the range is part of it
    peers = [metrics.peak_signal_noise_ratio(a, b, data_range=2) for a, b in zip(x, y, strict=True)]
    assert paired.psnr(x, y) == pytest.approx(np.mean(peers), rel=1e-6)


def test_gradient_energy_and_saturation_of_known_images():
    ramp = np.linspace(-1, 1, 11, dtype=np.float32)[None, None, :, None]
    ramp = np.broadcast_to(ramp, (1, 11, 11, 3))
    assert paired.gradient_energy(0.5 * ramp, ramp) == pytest.approx(0.5, rel=1e-4)
    assert paired.gradient_energy(np.swapaxes(ramp, 1, 2), ramp) == pytest.approx(1)
    coloured = images()
    gray = coloured.mean(-1, keepdims=True)
    pale = gray + 0.25 * (coloured - gray)
    assert paired.saturation(pale, coloured) == pytest.approx(0.25, rel=1e-4)
    assert paired.saturation(gray, gray) == 1


def test_baselines_are_the_source_and_the_mean_picture():
    true, source = images(5, 12, 12, 3), images(5, 12, 12, 1)
    made = near(true, 0.05)
    labels = np.zeros(5, np.int32)
    inputs = Inputs(
        fake_pixels=(made, labels), real_pixels=(true, labels), source_pixels=(source, labels)
    )
    found = paired.compute(inputs).values
    assert set(found) == set(paired.PAIRED.gives)
    assert found["mae"] == pytest.approx(np.abs(made - true).mean(), rel=1e-5)
    assert found["mae_copy"] == pytest.approx(np.abs(source - true).mean(), rel=1e-5)
    assert found["mae_mean"] == pytest.approx(np.abs(true.mean(0) - true).mean(), rel=1e-5)
    assert found["ssim"] > found["ssim_mean"] > 0 and found["psnr"] > found["psnr_copy"]


def test_every_frame_of_a_clip_is_an_image():
    """Clips of three frames score as the frames by themselves."""
    true, source = images(6, 12, 12, 3), images(6, 12, 12, 3)
    made = near(true)
    clips = lambda x: (x.reshape(2, 3, *x.shape[1:]), np.zeros(2, np.int32))
    single = lambda x: (x, np.zeros(6, np.int32))
    scored = [
        paired.compute(
            Inputs(fake_pixels=of(made), real_pixels=of(true), source_pixels=of(source))
        ).values
        for of in (clips, single)
    ]
    assert scored[0] == pytest.approx(scored[1])


def test_a_smaller_source_is_enlarged_as_pillow_does():
    small = RNG.integers(0, 256, (4, 4, 5, 3)).astype(np.uint8)
    large = np.clip(pillows(small, (16, 20)), 0, 255) / np.float32(127.5) - 1
    true, labels = near(large), np.zeros(4, np.int32)
    sources = small / np.float32(127.5) - 1
    inputs = Inputs(
        fake_pixels=(true, labels), real_pixels=(true, labels), source_pixels=(sources, labels)
    )
    found = paired.compute(inputs).values
    assert found["psnr_copy"] == pytest.approx(paired.psnr(large, true), rel=1e-4)
    assert found["gradient_energy_copy"] == pytest.approx(
        paired.gradient_energy(large, true), rel=1e-4
    )
