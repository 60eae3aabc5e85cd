import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.evaluate.extractors import inception
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.extractors.extractor import Extractor, metric_name, rgb_bytes
from jaxgan.files.atomic import sha256
from jaxgan.files.downloads import check_sha256


def pooled(images):
    """A user's own extractor, found by name below."""
    return images.mean(axis=(1, 2)), jnp.zeros((len(images), 0))


MINE = Extractor("mine", {"w": np.ones(3)}, lambda w, x: (x, x), "0" * 64, {})


def test_bytes_are_rounded_and_gray_is_repeated():
    images = np.array([-1.0, 1.0, 0.0, 0.5, -7.0, 7.0], np.float32).reshape(1, 2, 3, 1)
    found = rgb_bytes(jnp.asarray(images))
    assert found.shape == (1, 2, 3, 3)
    np.testing.assert_array_equal(found[0, :, :, 1].ravel(), [0, 255, 128, 191, 0, 255])
    levels = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(rgb_bytes(jnp.asarray(levels / 127.5 - 1))[..., :1], levels)


@pytest.mark.parametrize("shape", [(2, 8, 8, 2), (2, 8, 8, 4), (8, 8, 3)])
def test_other_channels_are_refused(shape):
    with pytest.raises(ValueError, match=r"float32.*\[.*1 channel \(gray\) or 3 \(RGB\)"):
        rgb_bytes(jnp.zeros(shape))


def test_bytes_instead_of_floats_are_refused():
    with pytest.raises(ValueError, match="images are uint8"):
        rgb_bytes(jnp.zeros((2, 8, 8, 3), jnp.uint8))


def test_own_function_and_own_extractor_by_name():
    found = extractor_by_name(f"{__name__}:pooled")
    images = jax.random.uniform(jax.random.key(0), (2, 4, 4, 5))
    np.testing.assert_allclose(found.apply((), images)[0], images.mean(axis=(1, 2)), rtol=1e-6)
    assert found.name == "pooled" and found.sha256 == sha256(__file__)
    assert extractor_by_name(f"{__name__}:MINE") is MINE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "vgg",
            "write one of lite0, lite0_128, inception, dinov2, clip, discriminator, encoder, cl",
        ),
        ("no_such_module:f", "cannot be imported"),
        (f"{__name__}:missing", "cannot be imported"),
        (f"{__name__}:__name__", "is a str, not a function"),
    ],
)
def test_names_that_do_not_work(name, message):
    with pytest.raises(ValueError, match=message):
        extractor_by_name(name)


def test_inception_without_a_file_asks_for_the_published_one(monkeypatch):
    def fetch(url, sha256, folder):
        raise OSError(f"{url.rpartition('/')[2]} {sha256[:8]} {folder.name}")

    monkeypatch.setattr(inception, "downloaded", fetch)
    with pytest.raises(
        OSError, match=r"weights-inception-2015-12-05-6726825d.pth 6726825d weights"
    ):
        extractor_by_name("inception")


def test_only_the_original_network_gives_a_fid():
    assert metric_name("fd", MINE) == "fd_mine"
    assert metric_name("fd", MINE._replace(name="inception")) == "fid"
    assert metric_name("precision", MINE._replace(name="inception")) == "precision_inception"


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180 example
    assert check_sha256(path, digest) == digest
    with pytest.raises(ValueError, match=r"w\.pth has SHA-256 ba7816bf.*expected 000"):
        check_sha256(path, "0" * 64)
    with pytest.raises(ValueError, match="expected 6726825d"):
        extractor_by_name("inception", path)
