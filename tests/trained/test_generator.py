"""A generator alone: what it samples depends on (seed, i), class and truncation only."""

import copy

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan.trained import generator
from jaxgan.training.sheets import Sampler
from tests.tiny import tiny_generator, tiny_run, tiny_tabulated


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    tiny_run(folder)
    return folder


def test_three_lines_sample_a_run(workdir):
    g = jaxgan.load(workdir)
    images = g.sample(classes=["Sneaker", 3], seed=0, truncation=0.5)
    assert images.shape == (2, 8, 8, 1) and images.dtype == np.uint8 and g.step == 7
    assert images.std() > 10  # not blank
    np.testing.assert_array_equal(images[:1], g.sample(["sneaker"], seed=0, truncation=0.5))
    first, second = g.pictures([2, "Bag"], seed=0, truncation=0.5)
    np.testing.assert_array_equal(np.asarray(first)[..., None], images[0])
    assert second.size == (8, 8)


def test_it_samples_what_training_showed(workdir):
    """The same images as Sampler, whose statistics are computed in one program."""
    run = generator.load_run(workdir)
    sampler = Sampler(run)
    with generator.Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(generator.abstract_state(run))
    indices, labels = np.arange(8), np.arange(8, dtype=np.int32) % 5
    expected = sampler.images(sampler.prepare(state), 3, indices, labels)
    g = jaxgan.load(workdir)
    images = g.generate(g.latents(indices, seed=3), labels)
    # Two programs round sums of 48 images' moments differently, and the networks differ by it.
    np.testing.assert_allclose(images, expected, atol=1e-4)


def test_an_image_depends_on_its_seed_and_number_alone():
    g = tiny_tabulated()
    many = g.sample(count=20, seed=5, truncation=0.5)
    z, labels = g.draw([17, 3], 5, 0.5)
    some = generator.to_stored(g.generate(z, labels, 0.5))
    np.testing.assert_array_equal(some, many[[17, 3]])
    assert (g.sample(count=20, seed=6, truncation=0.5) != many).any((1, 2, 3)).all()
    np.testing.assert_array_equal(g.sample(count=3, seed=5, truncation=0.5), many[:3])


def test_the_number_of_devices_does_not_matter(monkeypatch):
    g = tiny_tabulated()
    many = g.sample(classes=[1], count=10, seed=1)
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:1])
    statistics = {t: g.variables(t)["batch_stats"] for t in g.truncations}
    one, statistics = (jax.device_get(x) for x in (g.weights, statistics))
    alone = generator.TrainedGenerator(g.config, one, statistics, g.step)
    np.testing.assert_array_equal(alone.sample(classes=[1], count=10, seed=1), many)


def test_a_mixture_of_one_class_is_that_class():
    g = tiny_tabulated()
    z = g.latents(range(5))
    labels = np.array([0, 1, 2, 3, 4])
    pure = g.generate(z, labels)
    np.testing.assert_allclose(g.generate(z, np.eye(5)), pure, atol=1e-6)
    half = g.generate(z, np.full((5, 5), 0.2))
    assert np.abs(half - pure).max() > 0.01
    np.testing.assert_allclose(  # the same mean embedding for all classes
        half, g.generate(z, np.full((5, 5), 0.2)[:, ::-1]), atol=1e-6
    )


def test_a_mixture_is_a_mean_of_embeddings():
    """Half of two classes is the class whose embedding is half-way."""
    g = tiny_tabulated()
    table = g.weights["shared_embedding"]["embedding"]
    half_way = table.at[0].set((table[1] + table[3]) / 2)
    changed = copy.copy(g)  # compiled already
    changed.weights = {**g.weights, "shared_embedding": {"embedding": half_way}}
    z = g.latents(range(5))
    mixture = np.tile([0, 0.5, 0, 0.5, 0], (5, 1))
    expected = changed.generate(z, np.zeros(5, int))
    np.testing.assert_allclose(g.generate(z, mixture), expected, atol=1e-6)


def test_latents_are_truncated():
    g = tiny_generator()
    z = g.latents(range(64), truncation=0.5)
    assert np.abs(z).max() <= 0.5 and np.abs(z).max() > 0.45
    assert np.abs(g.latents(range(64))).max() > 2


def test_wishes_that_cannot_be_met_are_refused():
    g = tiny_tabulated()
    with pytest.raises(ValueError, match="write 'Sneaker'"):
        g.sample(["Sneker"])
    with pytest.raises(ValueError, match="up to 4"):
        g.sample(["Sneaker"], truncation=5)
    with pytest.raises(ValueError, match=r"0\.5 and above"):
        g.sample(["Sneaker"], truncation=0.1)
    with pytest.raises(ValueError, match="at least one"):
        g.sample([])
    with pytest.raises(ValueError, match="at least one"):
        g.sample(count=0)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.config.json does not exist"):
        jaxgan.load(tmp_path / "nothing")
    (tmp_path / "a.pth").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ValueError, match=r"a\.pth is not a safetensors file"):
        jaxgan.load(tmp_path / "a.pth")


def test_the_ten_names():
    assert len(jaxgan.__all__) == 10
    assert all(getattr(jaxgan, name) is not None for name in jaxgan.__all__)
    assert set(jaxgan.__all__) <= set(dir(jaxgan))
    with pytest.raises(AttributeError, match="its names are load"):
        jaxgan.lod  # noqa: B018
