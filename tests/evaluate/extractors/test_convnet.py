import numpy as np

from jaxgan.evaluate.extractors.convnet import convnet_labels


def stripes(seed, count):
    """Horizontal or vertical stripes at a random phase, in noise: no single pixel tells."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.int32)
    phase = rng.uniform(0, 2 * np.pi, size=(count, 1, 1))
    y, x = np.mgrid[:8, :8]
    along = np.where(labels[:, None, None], x[None], y[None])
    images = np.sin(2 * np.pi * along / 4 + phase) + 0.3 * rng.normal(size=(count, 8, 8))
    return np.clip(images, -1, 1)[..., None].astype(np.float32), labels


def test_learns_what_pixels_alone_do_not_tell():
    images, labels = stripes(0, 256)
    test_images, test_labels = stripes(1, 100)
    found = convnet_labels(images, labels, test_images, 2, epochs=10)
    assert np.mean(found == test_labels) > 0.95


def test_the_same_seed_gives_the_same_labels():
    images, labels = stripes(0, 64)
    first, second = (convnet_labels(images, labels, images, 2, epochs=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
