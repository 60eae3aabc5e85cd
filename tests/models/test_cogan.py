"""CoGAN's networks: what is shared and what is each domain's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import cogan, dcgan
from tests.models.networks import count, shapes_of, sides_of
from tests.models.test_pix2pix import FAST, drawn

RNG = np.random.default_rng(0)
Z = jnp.asarray(RNG.normal(size=(3, 5)), jnp.float32)
LABELS = jnp.zeros(3, jnp.int32)
COUPLES = jnp.asarray(RNG.normal(size=(3, 16, 32, 1)), jnp.float32)


def sides(shape=(16, 32, 1), **fields):
    config = cogan.default_config()
    config.update({"width": 2, "latent_dim": 5} | fields)
    return sides_of(cogan, config, shape)


@pytest.mark.parametrize("own", [1, 2])
def test_two_dcgans_less_what_they_share(own):
    config = dcgan.default_config()
    config.update(width=4, latent_dim=5)
    single = [shapes_of(side) for side in sides_of(dcgan, config, (32, 32, 3))]
    both = [shapes_of(side) for side in sides((32, 64, 3), width=4, own=own)]
    shared = [tree["shared"] for tree in both]
    for one, couple, common in zip(single, both, shared, strict=True):
        linear = count(couple["linear"])
        assert count(couple) == 2 * count(one) - count(common) - linear
        assert set(couple) == {"linear", "shared", "first", "second"}
        assert count(couple["first"]) == count(couple["second"]) > 0
    assert len(both[0]["first"]) == 2 * own and "norm_0" not in both[1]["first"]


def made(params):
    generator, _ = sides()
    call = jax.jit(generator.calls["call"], compiler_options=FAST)
    return np.split(np.asarray(call({"params": params}, Z, LABELS)), 2, axis=2)


def test_halves_are_the_same_where_the_domains_weights_are():
    """From the same features of the same latents."""
    params = drawn(sides()[0])
    first, second = made({**params, "second": params["first"]})
    np.testing.assert_array_equal(first, second)
    first, second = made(params)
    assert first.shape == (3, 16, 16, 1) and np.abs(first - second).max() > 0.1


def test_shared_layers_reach_both_halves_and_own_ones_one():
    params = drawn(sides()[0])
    moved = lambda name: {**params, name: jax.tree.map(lambda x: x + 0.1, params[name])}
    before = made(params)
    for name, reached in (("shared", (1, 1)), ("first", (1, 0)), ("second", (0, 1))):
        changed = [np.abs(a - b).max() > 1e-3 for a, b in zip(before, made(moved(name)))]  # noqa: B905
        assert changed == list(map(bool, reached)), name


def test_a_half_is_judged_by_itself():
    _, discriminator = sides()
    params = {"params": drawn(discriminator)}
    call = jax.jit(discriminator.calls["call"], compiler_options=FAST)
    first, second = call(params, COUPLES, LABELS)
    assert first.shape == second.shape == (3,)
    other = COUPLES.at[:, :, 16:].set(0.3)
    found = call(params, other, LABELS)
    np.testing.assert_array_equal(found[0], first)
    assert np.abs(found[1] - second).max() > 1e-3


def test_the_domains_have_moments_of_their_own():
    """Brightness and contrast of a domain are taken away by its own batch norms."""
    _, discriminator = sides(own=1)
    params = {"params": drawn(discriminator)}
    call = jax.jit(discriminator.calls["call"], compiler_options=FAST)
    left = COUPLES[:, :, :16]
    same = {**params["params"], "second": params["params"]["first"]}
    alone = call({"params": same}, jnp.concatenate([left, left], 2), LABELS)
    beside = call({"params": same}, jnp.concatenate([left, 9.0 * left], 2), LABELS)
    np.testing.assert_allclose(alone[0], alone[1], rtol=1e-5)
    np.testing.assert_allclose(alone[0], beside[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "fields", "message"),
    [
        ((16, 31, 1), {}, "couples are 31 pixels wide: write data.medium = 'couples'"),
        ((16, 32, 1), {"own": 2}, "model.own = 2 of 2 stages for 16 x 16: write 1 to 1"),
        ((16, 32, 1), {"own": 0}, "model.own = 0 of 2 stages"),
    ],
)
def test_refusals(shape, fields, message):
    with pytest.raises(ValueError, match=message):
        sides(shape, **fields)
