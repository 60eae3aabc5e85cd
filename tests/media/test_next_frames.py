"""Next frames: clips in two parts, mirrored as wholes, shown beside each other, refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.game.keys import Keys
from jaxgan.media import next_frames
from jaxgan.media.clips import strips
from jaxgan.media.medium import Batch
from tests.data.image_kinds import stored_images
from tests.data.made_media import moving


def test_a_clip_becomes_what_is_given_and_what_follows(tmp_path):
    moving(tmp_path / "in", 1, frames=7, side=8)
    prepare(tmp_path / "in", tmp_path / "data", frames=7, order="source")
    medium = next_frames.next_frames((7, 8, 8, 3), context=3)
    batch = Reader(open_records(tmp_path / "data"), medium).read(np.arange(4))
    whole = np.stack(stored_images(tmp_path / "data"))
    np.testing.assert_array_equal(np.concatenate([batch.condition, batch.sample], 1), whole)
    assert medium.stored.condition.shape == (3, 8, 8, 3) == medium.spec.condition.shape
    assert medium.stored.sample.shape == (4, 8, 8, 3) == medium.spec.sample.shape
    floats = medium.to_float(jax.tree.map(jnp.asarray, batch))
    np.testing.assert_array_equal(medium.to_stored(floats.sample), batch.sample)
    np.testing.assert_array_equal(medium.guess(batch.condition), whole[:, [2, 2, 2, 2]])


def test_clips_are_mirrored_as_wholes():
    clips = np.random.default_rng(0).uniform(-1, 1, (2, 10, 5, 2, 4, 1)).astype(np.float32)
    medium = next_frames.next_frames((5, 2, 4, 1), context=2, flip=True)
    parts = Batch(jnp.asarray(clips[:, :, 2:]), jnp.asarray(clips[:, :, :2]))
    found = np.concatenate(medium.augment(Keys(jax.random.key(0)), parts)[::-1], 2)
    same, mirrored = ((found == x).all((2, 3, 4, 5)) for x in (clips, clips[..., ::-1, :]))
    assert (same ^ mirrored).all() and 3 < mirrored.sum() < 17
    plain = next_frames.next_frames((5, 2, 4, 1), context=2)
    assert plain.augment(Keys(jax.random.key(0)), parts) is parts


@pytest.mark.parametrize("context,frames", [(2, [0, 0, 0, 1]), (6, [2, 3, 4, 5])])
def test_given_frames_are_shown_as_long_as_what_follows(context, frames):
    given = np.random.default_rng(0).integers(0, 256, (3, context, 4, 5, 3)).astype(np.uint8)
    medium = next_frames.next_frames((context + 4, 4, 5, 3), context)
    np.testing.assert_array_equal(medium.show_condition(given), strips(given[:, frames]))


def test_all_frames_cannot_be_given():
    data = ConfigDict({"size": (4, 8, 8), "channels": 3, "flip": False, "context": 3})
    data.class_names = ("a",)
    assert next_frames.medium(data).spec.sample.shape == (1, 8, 8, 3)
    data.context = 4
    with pytest.raises(ValueError, match=r"data\.context = 4 of clips of 4 .*: write 1 to 3"):
        next_frames.medium(data)
