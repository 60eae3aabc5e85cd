"""StackGAN's networks: the authors' parameter counts, the blurred text, what a stage sees."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.media.captions import captions
from jaxgan.models import stackgan
from tests.models.networks import count, shapes_of


def sides(size=8, dim=6, **fields):
    config = stackgan.default_config()
    config.update({"width": 4, "text": 5, "latent_dim": 7, "augmented": 2} | fields)
    noise = jax.ShapeDtypeStruct((config.latent_dim,), jnp.float32)
    found = stackgan.networks(config, captions((size, size, 3), dim).spec._replace(noise=noise))
    return found["generator"], found["discriminator"]


# Compiled in a third of the time, and slow to run, which small networks can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
PAPER = {"width": 64, "text": 128, "augmented": 128}


def test_the_authors_networks():
    counts = [count(shapes_of(side)) for side in sides(64, 1024, **PAPER, latent_dim=228)]
    assert counts == [14_264_192, 4_029_824]
    g, d = map(shapes_of, sides(256, 1024, **PAPER, latent_dim=356, stage=2))
    assert count(g) - count(g["stage_1"]) == 26_290_080 and count(d) == 48_603_520
    assert jax.tree.map(lambda x: x.shape, g["stage_1"]) == jax.tree.map(
        lambda x: x.shape, shapes_of(sides(64, 1024, **PAPER, latent_dim=228)[0])
    )


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype), shapes_of(side)
    )


RNG = np.random.default_rng(1)
TEXTS = jnp.asarray(RNG.normal(size=(4, 6)), jnp.float32)
LATENTS = jnp.asarray(RNG.normal(size=(4, 7)), jnp.float32)


def test_the_text_is_blurred_by_a_normal_distribution():
    """c = mu + sigma eps of one dense layer and leaky ReLU; eps = 0 gives mu."""
    g, _ = sides()
    params = drawn(g)
    mu, log_sigma = g.calls["moments"]({"params": params}, TEXTS)
    layer = params["augmentation"]["moments"]
    plain = np.asarray(TEXTS) @ np.asarray(layer["kernel"]) + np.asarray(layer["bias"])
    plain = np.where(plain > 0, plain, 0.2 * plain)
    np.testing.assert_allclose(np.concatenate([mu, log_sigma], 1), plain, rtol=1e-5, atol=1e-6)
    eps = LATENTS[:, -2:]
    c = stackgan.augmented((mu, log_sigma), eps)
    np.testing.assert_allclose(c, mu + np.exp(log_sigma) * eps, rtol=1e-6)
    np.testing.assert_array_equal(stackgan.augmented((mu, log_sigma), 0 * eps), mu)


@pytest.fixture(scope="module")
def second():
    """Stage 2 at 32 x 32: latents are 3 of noise, 2 of stage 1's eps, 2 of its own."""
    side, _ = sides(32, stage=2)
    params = drawn(side)
    variables = {"params": params}
    moments = jax.jit(partial(side.moments, "call"), compiler_options=FAST)
    variables["batch_stats"] = moments(variables, LATENTS, TEXTS)
    return side, variables, jax.jit(side.calls["call"], compiler_options=FAST)


def test_no_gradient_passes_into_stage_1(second):
    side, variables, call = second
    assert call(variables, LATENTS, TEXTS).shape == (4, 32, 32, 3)

    def energy(params):
        image = side.calls["call"]({**variables, "params": params}, LATENTS, TEXTS)
        return jnp.square(image).sum()

    slopes = jax.jit(jax.grad(energy), compiler_options=FAST)(variables["params"])
    moved = {name: any((x != 0).any() for x in jax.tree.leaves(s)) for name, s in slopes.items()}
    assert moved == {"stage_1": False, "augmentation": True, "refinement": True}


def test_every_part_of_the_latents_and_the_first_image_count(second):
    """Noise, either eps and the text each change an image, and no other image."""
    _, variables, call = second
    plain = call(variables, LATENTS, TEXTS)
    for column in (0, 3, 5):
        moved = np.abs(call(variables, LATENTS.at[2, column].add(0.5), TEXTS) - plain)
        assert moved[2].mean() > 1e-4 and not moved[[0, 1, 3]].any(), column
    moved = np.abs(call(variables, LATENTS, TEXTS.at[2].add(0.5)) - plain)
    assert moved[2].mean() > 1e-4 and not moved[[0, 1, 3]].any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"model.stage = 3: write 1 or 2"):
        sides(stage=3)
    with pytest.raises(
        ValueError, match=r"data.size = 16 x 16 in stage 2: write multiples of 16, 32"
    ):
        sides(16, stage=2)
    with pytest.raises(
        ValueError, match=r"latent_dim = 4: stage 2 needs more than 4, 2 for each c"
    ):
        sides(32, stage=2, latent_dim=4)
    with pytest.raises(ValueError, match=r"model.width = 6: write a multiple of 4"):
        sides(width=6)
