"""Every config in configs/ continues bit for bit, tiny: configs that are then equal are one family.

A new config is part of this by being there.
"""

import shutil

import jax
import numpy as np
import pytest

from jaxgan.data.records import open_records
from jaxgan.devices import compiler
from jaxgan.training import train
from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.run import abstract_state, open_run, resolve
from tests.crossed.tiny import families
from tests.tiny import drawn
from tests.training.test_train import bits, final_state

FAMILIES = families()


def test_the_families_are_told_apart():
    assert {"biggan_deep_imagenet128", "logan_imagenet128", "bigan_fashion"} <= FAMILIES.keys()
    assert "biggan_imagenet512" not in FAMILIES  # larger, and nothing else, than the one of 128


@pytest.mark.slow  # tests/game/test_games.py restores a state of every game
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
