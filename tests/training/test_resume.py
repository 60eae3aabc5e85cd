"""Every config in configs/ continues bit for bit, tiny: configs that are then equal are one family.

A new config is part of this by being there.
"""

import importlib.util
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.data.records import open_records
from jaxgan.devices import compiler
from jaxgan.training import train
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, open_run, resolve
from tests.tiny import drawn
from tests.training.test_train import bits, final_state

CONFIGS = Path(__file__).parents[2] / "configs"
# Where a config has these fields. 12: latents divide into the chunks of any pyramid this small.
TINY = {"width": 4, "latent_dim": 12, "embedding_dim": 8, "hidden": 8, "to_image_channels": 4}
TINY |= {"generator_widths": (2, 2), "discriminator_widths": (2, 2), "discriminator_downsamples": 1}
TINY |= {"encoder_width": 4, "encoder_depths": (1, 1), "encoder_hidden": 8}
TINY |= {"attention": 0, "generator_attention": (), "discriminator_attention": ()}
# Networks that cannot be as small. Latents that hold noise for every pixel are the config's.
SIZES = {"bigbigan": (16, 16), "lapgan": (32, 32), "stylegan": (32, 32)}
NOISE_IN_LATENTS = ("lapgan", "stylegan")


def tiny(name: str) -> ConfigDict:
    spec = importlib.util.spec_from_file_location(name, CONFIGS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.data.update(name="fashion_mnist", split="train", held_out="")
    config.data.size = SIZES.get(config.model.name, (8, 8))
    for field, value in TINY.items():
        is_fixed = field == "latent_dim" and config.model.name in NOISE_IN_LATENTS
        if config.model.get(field) and not is_fixed:
            config.model[field] = value
    config.train.update(steps=2, batch=16, num_d_steps=1, microbatches=1)
    config.train.update(log_every=1, sample_every=2, checkpoint_every=1)
    config.watch.every = 1
    config.watch.update(images=8, classes=2)
    config.sample.update(columns=2, standing_batches=1, standing_batch=16)
    return config


def families() -> dict[str, ConfigDict]:
    """Return the first config of each family, without what differs in amount only."""
    found = {}
    for path in sorted(CONFIGS.glob("*.py")):
        config = tiny(path.stem)
        facts = config.copy_and_resolve_references()
        for player in (facts.generator, facts.discriminator):
            player.update(learning_rate=0.1, orthogonal=float(player.orthogonal > 0))
        facts.average = facts.evaluate = {}
        if facts.model.get("batch_norm_eps"):
            facts.model.batch_norm_eps = 0.1
        found.setdefault(repr(facts.to_dict()), (path.stem, config))
    return dict(found.values())


FAMILIES = families()


def test_the_families_are_told_apart():
    assert {"biggan_deep_imagenet128", "logan_imagenet128", "bigan_fashion"} <= FAMILIES.keys()
    assert "biggan_imagenet512" not in FAMILIES  # larger, and nothing else, than the one of 128


@pytest.mark.parametrize("name", FAMILIES)
def test_the_state_of_every_family_comes_back_bit_for_bit(name, tmp_path):
    config = resolve(FAMILIES[name], open_records("fashion_mnist"))
    shapes = abstract_state(open_run(tmp_path, config))
    state = jax.device_put(drawn(shapes), jax.tree.map(lambda x: x.sharding, shapes))
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        checkpoints.save(1, state)
        checkpoints.finish()
        restored = checkpoints.restore_newest(shapes)
    assert jax.tree.structure(restored) == jax.tree.structure(state)
    for a, b in zip(*map(jax.tree.leaves, (state, restored)), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(bits(a), bits(b))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_continues_bit_for_bit(name, tmp_path):
    compiler.enable_persistent_cache(tmp_path / "cache")
    whole, again = tmp_path / "whole", tmp_path / "again"
    assert train.train(FAMILIES[name], whole) == 0
    shutil.copytree(whole, again)
    shutil.rmtree(again / "checkpoints" / "2")  # killed before it was there
    (again / "samples" / "00000002.png").write_bytes(b"half")
    assert train.train(FAMILIES[name], again) == 0
    for a, b in zip(*map(jax.tree.leaves, map(final_state, (whole, again))), strict=True):
        np.testing.assert_array_equal(bits(a), bits(b))
    assert int(final_state(again).step) == 2
    for file in ("metrics.jsonl", "watch.jsonl", "samples/00000002.png"):
        assert (whole / file).read_bytes() == (again / file).read_bytes(), file
    assert len((again / "metrics.jsonl").read_text().splitlines()) == 2
