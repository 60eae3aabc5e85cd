"""WaveGAN: the paper's counts, every sample is seen, phase shuffle, first loudness."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import sampling
from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import wavegan
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def sides(samples=1024, **fields):
    config = wavegan.default_config()
    config.update({"width": 2, "latent_dim": 6} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32((samples, 1)), Label(3), float32((config.latent_dim,)))
    found = wavegan.networks(config, spec)
    return found["generator"], found["discriminator"]


def counts(samples, **fields):
    return tuple(count(shapes_of(side)) for side in sides(samples, latent_dim=100, **fields))


def test_the_papers_networks():
    assert counts(16_384, width=64) == (19_065_345, 17_427_969)
    assert counts(16_384, width=32) == (5_180_673, 4_361_985)
    for samples in (32_768, 65_536):
        assert counts(samples, width=64) == (73_149_953, 69_875_201)


def test_lengths():
    assert wavegan.strides(16_384) == (4, 4, 4, 4, 4)
    assert wavegan.strides(32_768) == (4, 4, 4, 4, 4, 2)
    assert wavegan.strides(65_536) == (4,) * 6
    assert wavegan.strides(2_048) == (4, 4, 4, 2)
    for samples in (16, 48, 1000, 16_384 * 3):
        with pytest.raises(ValueError, match=f"waves of {samples} samples"):
            wavegan.strides(samples)


def drawn(side, seed=0):
    rng = np.random.default_rng(seed)
    leaf = lambda x: jnp.asarray(rng.normal(size=x.shape) / max(np.prod(x.shape[:-1]), 1) ** 0.5)
    return jax.tree.map(lambda x: leaf(x).astype(jnp.float32), shapes_of(side))


def waves(samples=1024, n=2):
    values = np.random.default_rng(1).uniform(-1, 1, (n, samples, 1))
    return jnp.asarray(values, jnp.float32), jnp.zeros(n, jnp.int32)


@pytest.mark.parametrize("key", [None, jax.random.key(0)], ids=["plain", "shuffled"])
def test_the_logit_sees_every_sample(key):
    """One logit for the whole wave: a discriminator of patches lets short grains repeat."""
    _, side = sides()
    judge = bind(side, drawn(side), key=key)
    x, labels = waves()
    slopes = jax.jit(jax.grad(lambda x: judge.call(x, labels).sum()), compiler_options=FAST)(x)
    assert (jnp.abs(slopes) > 0).mean() > 0.99  # a shift cuts off two samples of a map at most
    if key is None:
        assert (slopes != 0).all()


def test_a_shift_is_numpys():
    x = np.random.default_rng(0).normal(size=(2, 9, 3)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (2, 2), (0, 0)), mode="reflect")
    moved = jax.jit(jax.vmap(partial(wavegan.shifted, jnp.asarray(x), most=2)))
    found = np.asarray(moved(jax.random.split(jax.random.key(1), 600)))
    which = [
        [s for s in range(-2, 3) if np.array_equal(y, padded[:, 2 - s : 11 - s])] for y in found
    ]
    assert all(len(shifts) == 1 for shifts in which)
    share = np.bincount(np.ravel(which) + 2, minlength=5) / len(found)
    assert np.abs(share - 0.2).max() < 5 * (0.2 * 0.8 / len(found)) ** 0.5  # five deviations


def test_phase_shuffle_needs_a_key_and_follows_it():
    _, side = sides()
    _, plain = sides(phase_shuffle=0)
    assert side.looks and not plain.looks
    params, inputs = drawn(side), waves()
    call = lambda of: lambda key: bind(of, params, key=key).call(*inputs)
    jitted = {of.looks: jax.jit(call(of), compiler_options=FAST) for of in (side, plain)}
    logits = lambda side, key=None: np.asarray(jitted[side.looks](key))
    first, second = jax.random.key(0), jax.random.key(3)
    np.testing.assert_array_equal(logits(side), logits(plain))
    np.testing.assert_array_equal(logits(plain, first), logits(plain))
    np.testing.assert_array_equal(logits(side, first), logits(side, first))
    assert (logits(side, first) != logits(side)).all()
    assert (logits(side, first) != logits(side, second)).all()


def test_layers_shift_apart():
    """With each of two layers' shifts drawn from five there are more than five results."""
    _, side = sides(samples=1024)
    params, inputs = drawn(side), waves(n=1)
    call = jax.jit(lambda key: bind(side, params, key=key).call(*inputs)[0], compiler_options=FAST)
    found = {float(call(jax.random.key(i))) for i in range(60)}
    assert 10 < len(found) <= 25


def test_phase_shuffle_costs_less_than_a_tenth():
    def operations(most):
        _, side = sides(width=8, phase_shuffle=most)
        params, (x, labels) = drawn(side), waves(n=8)
        loss = lambda params, key: bind(side, params, key=key).call(x, labels).sum()
        lowered = jax.jit(jax.grad(loss)).lower(params, jax.random.key(0))
        return lowered.cost_analysis()["flops"]

    assert operations(0) < operations(2) < 1.1 * operations(0)


@pytest.mark.slow
def test_first_waves_are_loud_with_kernels_that_count_their_inputs():
    """Glorot's rule leaves the output of four layers near silence."""
    loudness = {}
    for init in wavegan.INITS:
        side, _ = sides(samples=4096, width=16, latent_dim=100, kernel_init=init)
        params = jax.jit(side.init, compiler_options=FAST)(jax.random.key(0))
        latents = jax.random.uniform(jax.random.key(1), (8, 100), minval=-1.0, maxval=1.0)
        made = side.calls["call"]({"params": params}, latents, jnp.zeros(8, jnp.int32))
        loudness[init] = float(jnp.sqrt(jnp.square(made).mean()))
    assert loudness["glorot"] < 0.02 and 0.1 < loudness["he"] < 0.6, loudness


@pytest.mark.parametrize("conditional", [False, True])
def test_labels_matter_where_asked_for(conditional):
    spec = Spec((), Label(3), jnp.zeros(6))
    generator, judge = sides(samples=64, conditional=conditional, phase_shuffle=0)
    assert sampling.takes_condition(generator, spec) == conditional
    judged = spec._replace(noise=jnp.zeros((64, 1)))
    assert sampling.takes_condition(judge, judged) == conditional


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"samples": 1000}, "waves of 1000 samples: .* write 1024, 2048"),
        ({"kernel_init": "xavier"}, "model.kernel_init = 'xavier': write 'glorot' or 'he'"),
        ({"phase_shuffle": 64}, "model.phase_shuffle = 64: .* write 0 to 63"),
        ({"samples": 2048, "phase_shuffle": 32}, "write 0 to 31"),
    ],
)
def test_refusals(fields, words):
    with pytest.raises(ValueError, match=words):
        sides(**fields)


def test_images_are_refused():
    image = jax.ShapeDtypeStruct((8, 8, 1), jnp.float32)
    with pytest.raises(ValueError, match=r"waves \[time, channels\], but the data are \[8, 8, 1\]"):
        wavegan.networks(wavegan.default_config(), Spec(image))
