"""What an Evaluator keeps of its reference."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.devices import sharding
from jaxgan.evaluate.evaluation import Evaluator
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.images import open_images
from tests.evaluate.made_images import pixels, write_folder


def moments(_, images):
    """Features that any size of image has: mean and spread."""
    found = jnp.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], axis=1)
    return found, found[:, :0]


def test_cached_features_belong_to_the_size_that_the_reference_is_brought_to(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_folder(tmp_path / "real", *pixels(20, 1))
    extractor = Extractor("moments", (), moments, "a" * 64, {})
    for size in ((8, 8), (4, 4)):
        reference = open_images(tmp_path / "real", size=size)
        evaluator = Evaluator(
            default_config().evaluate, reference, None, extractor, sharding.create_mesh()
        )
        images = np.concatenate([x for x, _ in reference.batches(7)]) / 127.5 - 1.0
        assert evaluator.real().mean[1] == pytest.approx(images.std((1, 2, 3)).mean(), rel=1e-5)
