"""A generator alone: what it samples depends on (seed, i), class and truncation only."""

import copy
import re

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan.config import default_config
from jaxgan.game import sampling
from jaxgan.media.pixels import to_stored
from jaxgan.trained import generator, inversion
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, load_run
from jaxgan.training.sheets import Sampler
from tests.tiny import generator_of, tiny_config, tiny_generator, tiny_run, tiny_tabulated


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
    run = load_run(workdir)
    sampler = Sampler(run)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        state = checkpoints.restore_newest(abstract_state(run))
    indices, labels = np.arange(8), np.arange(8, dtype=np.int32) % 5
    expected = sampler.samples(sampler.prepare(state), 3, indices, labels)
    g = jaxgan.load(workdir)
    images = g.generate(g.latents(indices, seed=3), labels)
    # Two programs round sums of 48 images' moments differently, and the networks differ by it.
    np.testing.assert_allclose(images, expected, atol=1e-4)


def test_an_image_depends_on_its_seed_and_number_alone():
    g = tiny_tabulated()
    many = g.sample(count=20, seed=5, truncation=0.5)
    z, labels = g.draw([17, 3], 5, 0.5)
    some = to_stored(g.generate(z, labels, 0.5))
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


NETWORKS = {  # that use their labels
    "mlp": ("adversarial", {"conditional": True, "generator_widths": (8,)}),
    "infogan": ("infogan", {"width": 2}),
    "sngan": ("adversarial", {"width": 1}),
    "biggan": ("adversarial", {"width": 2, "embedding_dim": 3}),
    "biggan_deep": ("adversarial", {"width": 4, "embedding_dim": 3}),
    "auxiliary": ("acgan", {"width": 1}),
}


@pytest.mark.parametrize("model", NETWORKS)
def test_every_network_mixes_classes(model):
    objective, fields = NETWORKS[model]
    g = small(model, objective, **fields)
    z, labels = np.repeat(g.latents([4]), 3, 0), np.array([0, 2, 3])
    pure = g.generate(z, labels)
    np.testing.assert_allclose(g.generate(z, np.eye(5)[labels]), pure, atol=1e-6)
    half = g.generate(z[:1], np.array([[0.5, 0, 0.5, 0, 0]]))
    assert min(np.abs(half[0] - pure[i]).max() for i in (0, 1)) > 1e-3
    assert np.abs(pure[0] - pure[1]).max() > 1e-3


def small(model, objective="adversarial", size=(8, 8), **fields):
    """Return a generator of a model with weights at random."""
    config = default_config(model, objective)
    config.data.update(size=size, channels=1, bits=8, class_names=tuple("abcde"))
    config.model.update(latent_dim=6, **fields)
    config.sample.update(standing_batches=2, standing_batch=8)
    return generator_of(config)


def test_a_network_without_batch_norm_has_no_statistics(monkeypatch):
    g = small("mlp", generator_widths=(8,))

    def computed(*_):
        raise AssertionError("statistics of a network that has none")

    monkeypatch.setattr(sampling, "mean", computed)
    assert g.variables().keys() == g.variables(0.5).keys() == {"params"}
    assert g.statistics_shapes() == {}
    tabulated = g.tabulated((0.0, 0.5))
    assert tabulated.variables(0.3 + 0.4).keys() == {"params"}
    np.testing.assert_array_equal(
        tabulated.sample(count=2, truncation=0.5), g.sample(count=2, truncation=0.5)
    )


BIGBIGAN = {"width": 2, "embedding_dim": 4, "hidden": 8, "hidden_pairs": 1}
BIGBIGAN |= {"encoder_width": 2, "encoder_depths": (1, 1), "encoder_hidden": 8}


@pytest.mark.parametrize(
    ("model", "size", "fields"),
    [("bigan", 8, {"width": 2, "hidden": 8}), ("bigbigan", 16, BIGBIGAN)],
)
def test_an_encoder_encodes_and_starts_an_inversion(model, size, fields):
    g = small(model, model, (size, size), **fields)
    images = g.generate(g.latents(range(3), 1), np.zeros(3, int))
    assert images.shape == (3, 8, 8, 1)  # BigBiGAN's encoder sees them at twice the size
    codes = g.encode(images)
    assert codes.shape == (3, 6) and np.isfinite(codes).all() and codes.std(0).min() > 0
    np.testing.assert_allclose(g.encode(images[1:2]), codes[1:2], rtol=1e-4, atol=1e-5)
    times = size // 8
    enlarged = images.repeat(times, 1).repeat(times, 2)  # of the data's size
    np.testing.assert_allclose(g.encode(enlarged), codes, rtol=1e-4, atol=1e-5)
    found = inversion.invert(g, images[0], steps=3, starts=2)
    assert found.latents.shape == (6,) and found.distance < np.square(images[0]).mean()


def test_requests_that_cannot_be_met_are_refused():
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


@pytest.mark.parametrize("seed", [1 << 32, 1 << 40, 1 << 63, -1, 0.5])
def test_a_seed_out_of_range_is_refused(seed):
    g = tiny_tabulated()
    words = rf"seed = {re.escape(str(seed))}: write a whole number from 0 to 4294967295"
    for call in (lambda: g.sample([1], seed=seed), lambda: g.draw([0], seed)):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(ValueError, match=words):
        g.latents([0], seed)
    with pytest.raises(ValueError, match=words):
        g.pictures([1], seed=seed)


def test_the_largest_seed_is_another_than_the_first():
    g = tiny_tabulated()
    assert np.abs(g.latents([0], (1 << 32) - 1) - g.latents([0], 0)).min() > 0


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 10, 1], "label 10: write a number from 0 to 4"),
        ([0, 5, 1], "label 5: write a number from 0 to 4"),
        ([0, -1, 1], "label -1: write a number from 0 to 4"),
        ([0.0, 1.5, 1.0], "labels are float64: write whole numbers"),
        ([1], r"labels are \[1\] for 3 latents: write \[3\] numbers, or \[3, 5\] shares"),
        ([1, 2, 3, 4], r"labels are \[4\] for 3 latents"),
        (np.eye(4)[[0, 1, 2]], r"labels are \[3, 4\] for 3 latents"),
        (np.full((3, 5), np.nan), "shares of the classes must be finite"),
        (2, r"labels are \[\] for 3 latents"),
    ],
)
def test_labels_out_of_range_are_refused(labels, words):
    g = tiny_tabulated()
    with pytest.raises(ValueError, match=words):
        g.generate(g.latents(range(3)), np.asarray(labels))


@pytest.mark.parametrize(
    ("latents", "words"),
    [
        (np.zeros((2, 10)), r"latents are \[2, 10\]: write \[n, 12\]"),
        (np.zeros(12), r"latents are \[12\]"),
        (np.zeros((0, 12)), r"latents are \[0, 12\].*n above 0"),
        (np.array([[0.0] * 12, [np.nan] * 12]), "latents of sample 1 are not finite"),
        (np.array([[0.0] * 12, [np.inf] * 12]), "latents of sample 1 are not finite"),
    ],
)
def test_latents_that_the_network_cannot_take_are_refused(latents, words):
    with pytest.raises(ValueError, match=words):
        tiny_tabulated().generate(latents, np.zeros(len(latents), int))


def test_weights_that_are_not_finite_are_named():
    weights = jax.device_get(tiny_generator().weights)
    weights["block_0"]["conv_1"]["kernel"] = np.full_like(
        weights["block_0"]["conv_1"]["kernel"], np.nan
    )
    with pytest.raises(ValueError, match=r"not finite, first in .*block_0.*conv_1.*kernel"):
        generator.TrainedGenerator(tiny_generator().config, weights)
    with pytest.raises(ValueError, match=r"not finite, first in .*block_0.*conv_1.*kernel"):
        tiny_generator().with_weights(weights, 8)


def test_a_fingerprint_is_of_weights_step_and_config():
    g = tiny_generator()
    assert g.fingerprint() == tiny_generator().fingerprint()
    other = jax.device_get(g.weights)
    other["to_image"]["bias"] = other["to_image"]["bias"] + np.float32(1e-6)
    found = {
        g.fingerprint(),
        g.with_weights(other, g.step).fingerprint(),
        g.with_weights(g.weights, g.step + 1).fingerprint(),
        generator_of(tiny_config(**{"model.batch_norm_eps": 1e-3})).fingerprint(),
    }
    assert len(found) == 4
    # What does not change an image does not count.
    moved = generator_of(tiny_config(**{"train.log_every": 7}))
    assert moved.fingerprint() == g.fingerprint()


def test_other_weights_of_one_network_have_statistics_of_their_own():
    g = tiny_tabulated()
    louder = jax.tree.map(lambda x: 1.5 * x, g.weights)
    other = g.with_weights(louder, 9)
    fresh = generator.TrainedGenerator(g.config, louder, step=9)
    assert other.truncations is None and other.step == 9 and g.step == 7
    np.testing.assert_array_equal(other.sample([1, 2], seed=3), fresh.sample([1, 2], seed=3))


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"nothing does not exist: write the directory of a training run"
    ):
        jaxgan.load(tmp_path / "nothing")
    (tmp_path / "a.pth").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ValueError, match=r"a\.pth is not a safetensors file"):
        jaxgan.load(tmp_path / "a.pth")


def test_the_public_names():
    assert len(jaxgan.__all__) == 12
    assert all(getattr(jaxgan, name) is not None for name in jaxgan.__all__)
    assert set(jaxgan.__all__) <= set(dir(jaxgan))
    with pytest.raises(AttributeError, match="its names are load"):
        jaxgan.lod  # noqa: B018


def test_statistics_of_a_few_truncations_are_kept():
    g = generator_of(tiny_config())
    for i in range(generator.MOST_KNOWN + 5):
        g._remember(0.01 * (i + 1), {"norm": i})
    assert len(g._known) == generator.MOST_KNOWN and 0.01 * 5 not in g._known
