"""Everybody Dance Now's networks: the design's counts, the recurrence, what a judge sees."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Spec
from jaxgan.media.posed_clips import posed_clips
from jaxgan.models import cyclegan, dance, spade
from tests.models.networks import count, shapes_of
from tests.models.test_pix2pix import FAST, drawn

RNG = np.random.default_rng(0)
POSES, FRAMES = (jnp.asarray(RNG.uniform(-1, 1, (2, 3, 16, 16, 3)), jnp.float32) for _ in range(2))


def sides(frames=2, size=(16, 16), **fields):
    config = dance.default_config()
    config.update({"width": 2, "blocks": 1, "halvings": 1, "patch_layers": 1, "scales": 2} | fields)
    found = dance.networks(config, posed_clips((frames, *size, 3)).spec)
    return found["generator"], found["discriminator"]


def run(side, call="call"):
    return jax.jit(side.calls[call], compiler_options=FAST)


def test_the_papers_first_stage():
    """pix2pixHD's layers, counted one by one; three PatchGANs that see twelve channels where
    pix2pix's, of 2,767,809 parameters, sees six."""
    own = dance.default_config()
    fields = {name: own[name] for name in ("width", "blocks", "halvings", "patch_layers", "scales")}
    generator, discriminator = sides(size=(256, 512), **fields)
    layer = lambda size, inputs, outputs: size**2 * inputs * outputs + outputs
    widths = (64, 128, 256, 512, 1024)
    expected = layer(7, 6, 64) + layer(7, 64, 3) + 9 * 2 * layer(3, 1024, 1024)
    for a, b in pairwise(widths):
        expected += layer(3, a, b) + layer(3, b, a)
    assert count(shapes_of(generator)) == expected
    assert count(shapes_of(discriminator)) == 3 * (2_767_809 + 4 * 4 * 6 * 64)


@pytest.mark.parametrize("temporal", [True, False])
def test_a_frame_is_made_of_its_pose_and_the_frame_before(temporal):
    """Against the network by itself, step by step, over three frames: a turn of two and one."""
    generator, _ = sides(temporal=temporal)
    params = drawn(generator)
    network = cyclegan.Translator(3, 2, 1, False, 1)
    step = jax.jit(
        lambda x: network.apply({"params": params["frame"]["network"]}, (), x),
        compiler_options=FAST,
    )
    zeros = before = jnp.zeros((2, 16, 16, 3))
    expected = []
    for pose in jnp.moveaxis(POSES, 1, 0):
        expected.append(step(jnp.concatenate([pose, before], -1)))
        before = expected[-1] if temporal else zeros
    found = run(generator)({"params": params}, (), POSES)
    np.testing.assert_allclose(found, jnp.stack(expected, 1), atol=1e-5)
    alone = step(jnp.concatenate([POSES[:, 1], zeros], -1))
    assert bool(np.abs(found[:, 1] - alone).max() > 0.1) == temporal


def test_a_film_in_pieces_is_the_film():
    generator, _ = sides()
    params = {"params": drawn(generator)}
    whole, follow = run(generator)(params, (), POSES), run(generator, "follow")
    first = follow(params, jnp.zeros((2, 16, 16, 3)), POSES[:, :2])
    last = follow(params, first[:, -1], POSES[:, 2:])
    np.testing.assert_allclose(jnp.concatenate([first, last], 1), whole, atol=1e-5)


def test_the_second_frame_learns_through_the_first():
    """Training unrolls: the second frame has a gradient at the first pose, frame by frame none."""
    for temporal in (True, False):
        generator, _ = sides(temporal=temporal)
        params = {"params": drawn(generator)}
        slope = jax.grad(lambda x, p=params, g=generator: g.calls["call"](p, (), x)[:, 1].sum())
        found = jax.jit(slope, compiler_options=FAST)(POSES[:, :2])
        assert bool(np.abs(found[:, 0]).max() > 1e-3) == temporal
        assert np.abs(found[:, 1]).max() > 1e-3


def test_a_judge_sees_two_frames_and_their_poses():
    """spade's judges, on channels joined in the order that the module says."""
    _, discriminator = sides(3)
    params = drawn(discriminator)
    found = run(discriminator)({"params": params}, FRAMES, POSES)
    judges = spade.Discriminator(2, 1, 2)
    both = [jnp.concatenate([x[:, 1], x[:, 2]], -1) for x in (FRAMES, POSES)]
    expected = judges.apply({"params": params["judge"]}, *both)
    for scale, wanted in zip(found, expected, strict=True):
        assert scale.shape[:2] == (2, 2)  # clips, pairs of frames
        np.testing.assert_allclose(scale[:, 1], wanted, atol=1e-5)
    activations = run(discriminator, "activations")({"params": params}, FRAMES, POSES)
    for scale, logits in zip(activations, found, strict=True):
        np.testing.assert_allclose(scale[-1], logits, atol=1e-6)
    # Frame by frame the order of the frames is nothing to it.
    _, single = sides(3, temporal=False)
    params, judge = {"params": drawn(single)}, run(single)
    forth, back = judge(params, FRAMES, POSES), judge(params, FRAMES[:, ::-1], POSES[:, ::-1])
    for x, y in zip(forth, back, strict=True):
        assert x.shape[:2] == (2, 3)
        np.testing.assert_allclose(x, y[:, ::-1], atol=1e-5)


@pytest.mark.parametrize(
    ("frames", "size", "fields", "message"),
    [
        (1, (16, 16), {}, r"data.size\[0\] = 1 with model.temporal: clips of 2 frames or more"),
        (2, (18, 18), {"halvings": 2}, "images of 18 x 18: .* 4 divides"),
        (2, (16, 16), {"halvings": 4}, "model.halvings = 4 need frames of 32 pixels or more"),
        (2, (16, 16), {"patch_layers": 2}, "patch_layers = 2 and model.scales = 2 need frames of"),
        (2, (16, 16), {"scales": 0}, "model.scales = 0: write 1 or more"),
    ],
)
def test_refusals(frames, size, fields, message):
    with pytest.raises(ValueError, match=message):
        sides(frames, size, **fields)


def test_other_data_are_refused():
    clip = jax.ShapeDtypeStruct((2, 16, 16, 3), jnp.float32)
    with pytest.raises(ValueError, match=r"write data.medium = .posed_clips., or another model"):
        dance.networks(dance.default_config(), Spec(clip))
    image = jax.ShapeDtypeStruct((16, 16, 3), jnp.float32)
    with pytest.raises(ValueError, match="makes clips of poses"):
        dance.networks(dance.default_config(), Spec(image, image))
