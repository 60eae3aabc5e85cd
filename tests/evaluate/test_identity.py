"""Identities cover all that a value depends on: each input is changed once, and changes them."""

import dataclasses

import jax
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.data.prepare.prepare import prepare
from jaxgan.devices import sharding
from jaxgan.evaluate.evaluation import Evaluator
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.images import identity, open_images, subset
from jaxgan.evaluate.samples import cyclic_labels, samples, tree_hash
from jaxgan.trained.generator import TrainedGenerator
from tests.evaluate.made_images import NAMES, pixels, write_folder
from tests.tiny import tiny_generator, tiny_tabulated

IMAGES, LABELS = pixels(20, 1)


def of_folder(place, images=IMAGES, labels=LABELS, size=(8, 8)):
    return open_images(write_folder(place, images, labels), size=size)


def of_records(place, images=IMAGES, labels=LABELS, size=(8, 8), names=NAMES):
    place.mkdir()
    np.savez(place / "a.npz", images=images, labels=labels)
    prepare(place / "a.npz", place / "set", class_names=names)
    return open_images(place / "set", size=size)


@pytest.mark.parametrize("make", [of_folder, of_records])
def test_of_a_set_of_images(tmp_path, make):
    other, moved = IMAGES.copy(), LABELS.copy()
    other[3, 0, 0, 0] += 1
    moved[[0, 1]] = moved[[1, 0]]
    base = make(tmp_path / "base")
    assert make(tmp_path / "same").digest == base.digest
    changed = {
        "pixel": make(tmp_path / "pixel", other).digest,
        "label": make(tmp_path / "label", IMAGES, moved).digest,
        "size": make(tmp_path / "size", size=(4, 4)).digest,
        "count": make(tmp_path / "count", IMAGES[:19], LABELS[:19]).digest,
        "subset": subset(base, 10, 0).digest,
        "its seed": subset(base, 10, 1).digest,
        "its count": subset(base, 11, 0).digest,
        "base": base.digest,
    }
    assert len(set(changed.values())) == len(changed)


def test_of_a_set_of_records_knows_the_names_of_the_classes(tmp_path):
    base = of_records(tmp_path / "base")
    renamed = of_records(tmp_path / "names", names=(*NAMES[:4], "Boot"))
    assert renamed.digest != base.digest


def test_identity_by_its_parts():
    labels, names, shape = np.array([0, 1]), ("a", "b"), (8, 8, 1)
    base = identity("content", labels, names, shape)
    assert base == identity("content", labels.astype(np.int32), names, shape)
    others = {
        identity("other", labels, names, shape),
        identity("content", labels[::-1], names, shape),
        identity("content", labels, ("a", "c"), shape),
        identity("content", labels, names, (8, 8, 3)),
    }
    assert len(others | {base}) == 5


def test_a_subset_reads_what_its_labels_say(tmp_path):
    whole = of_folder(tmp_path / "a")
    part = subset(whole, 10, 0)
    assert part.count == 10 and np.bincount(part.labels).tolist() == [2] * 5
    read, labels = part.read(np.arange(10))
    np.testing.assert_array_equal(labels, part.labels)
    everything, _ = whole.read(np.arange(20))
    rows = [int(np.flatnonzero((everything == x).all((1, 2, 3)))[0]) for x in read]
    assert rows == sorted(set(rows)) and subset(whole, 20, 0) is whole


def facts(g=None, **settings):
    settings = {"count": 12, "seed": 0, "truncation": None} | settings
    mesh = sharding.create_mesh()
    return samples(g or tiny_generator(), mesh=mesh, **settings)


def changed_weights():
    g, flat = tiny_generator(), []
    leaves, tree = jax.tree.flatten(g.weights)
    flat = [leaves[0] + 1e-3, *leaves[1:]]
    return TrainedGenerator(g.config, jax.tree.unflatten(tree, flat), step=g.step)


def test_of_a_result():
    """The protocol: samples, reference, extractor, settings."""
    real = of_images("r")
    extractor = Extractor("e", (), None, "a" * 64, {"size": 3})
    tabulated = tiny_tabulated()
    bumped = {t: tabulated.variables(t)["batch_stats"] for t in (0.0, 0.5)}
    bumped[0.0] = jax.tree.map(lambda x: x + 1e-3, bumped[0.0])
    other_table = TrainedGenerator(tabulated.config, tabulated.weights, bumped, tabulated.step)

    def protocol(fake=None, reference=real, test=None, extractor=extractor, **settings):
        config = default_config().evaluate
        config.update(settings)
        mesh = sharding.create_mesh()
        return Evaluator(config, reference, test, extractor, mesh).protocol(fake or facts())

    found = {
        "base": protocol(),
        "weights": protocol(facts(changed_weights())),
        "step": protocol(facts(TrainedGenerator(tiny_generator().config,
                                                tiny_generator().weights, step=8))),
        "seed": protocol(facts(seed=1)),
        "count": protocol(facts(count=13)),
        "truncation": protocol(facts(truncation=0.5)),
        "definition": protocol(facts(
            tiny_generator(**{"sample.truncation_definition": "scaled"}), truncation=0.5)),
        "standing": protocol(facts(tiny_generator(**{"sample.standing_batches": 2}))),
        "stored": protocol(facts(tabulated)),
        "stored statistics": protocol(facts(other_table)),
        "images": protocol(of_images("f")),
        "other images": protocol(of_images("g")),
        "reference": protocol(reference=of_images("s")),
        "test": protocol(test=real),
        "other test": protocol(test=of_images("t")),
        "extractor": protocol(extractor=extractor._replace(name="f")),
        "its weights": protocol(extractor=extractor._replace(sha256="b" * 64)),
        "its protocol": protocol(extractor=extractor._replace(protocol={"size": 4})),
        "none": protocol(extractor=None),
        "bootstrap": protocol(bootstrap_rounds=5),
    }  # fmt: skip
    assert protocol() == found["base"]
    for a in found:
        assert [b for b in found if found[b] == found[a]] == [a]


def of_images(digest):
    return dataclasses.replace(open_images("fashion_mnist"), digest=digest)


def test_a_tree_by_its_names_shapes_types_and_values():
    base = {"a": np.arange(4.0), "b": np.zeros(2)}
    others = [
        {"a": np.arange(4.0), "c": np.zeros(2)},
        {"a": np.arange(4.0).reshape(2, 2), "b": np.zeros(2)},
        {"a": np.arange(4.0), "b": np.zeros(4, np.float32)},
        {"a": np.arange(4.0), "b": np.array([0.0, -0.0])},
    ]
    hashes = {tree_hash(tree) for tree in [base, *others]} | {tree_hash(base, {"width": 3})}
    assert len(hashes) == 6 and tree_hash(dict(reversed(base.items()))) in hashes


def test_of_fewer_samples_than_classes_the_classes_are_drawn():
    np.testing.assert_array_equal(cyclic_labels(10, 5, 0), np.arange(10) % 5)
    rest = cyclic_labels(1300, 1000, 0)[1000:]
    assert len(set(rest.tolist())) == 300 and 400 < rest.mean() < 600
    assert set(cyclic_labels(300, 1000, 1)) != set(rest.tolist())
    np.testing.assert_array_equal(cyclic_labels(3, 0, 0), 0)
