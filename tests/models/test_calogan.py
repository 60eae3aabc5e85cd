"""CaloGAN: locally connected layers, energies, a pytree of samples and a number as condition."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game import sampling
from jaxgan.game.game import Label, Spec, bind
from jaxgan.media.showers import Layers, showers
from jaxgan.models import calogan
from tests.data import made_showers
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)


def sides(**fields):
    config = calogan.default_config()
    tiny = {"latent_dim": 4, "unfolded": 2, "local_widths": (2, 2), "judged_widths": (2,) * 4}
    config.update(tiny | fields)
    spec = showers().spec._replace(noise=float32((config.latent_dim,)))
    found = calogan.networks(config, spec)
    return found["generator"], found["discriminator"]


def test_counts_by_hand():
    """Of the authors' widths: each weight of their layers, summed here from the layers' shapes."""

    def generator(rows, columns, z=1024):
        linear = (z + 1) * (rows + 2) * (columns + 2) * 36
        conv, norm = (4 * 36 + 1) * 16, 2 * 16
        local = (rows + 1) * (columns + 1) * (4 * 16 + 1) * 6
        return linear + conv + norm + local + rows * columns * 4 * 6

    mixing = (12 * 12 + 12 * 6) * (9 * 2 + 1) * 2
    own = {"latent_dim": 1024, "unfolded": 36, "local_widths": (16, 6)}
    side, judge = sides(**own, judged_widths=(64, 16, 8, 8))
    assert count(shapes_of(side)) == mixing + sum(map(generator, (3, 12, 12), (96, 12, 6)))

    def features(rows, columns):
        """Return the parameters and the features of a layer of D."""
        found, width = (4 + 1) * 64, 64
        for size, stride, out in ((3, 2, 16), (2, 1, 8), (2, 2, 8)):
            rows, columns = rows + 3 - size, (columns + 2 - size) // stride + 1
            found += rows * columns * (size**2 * width + 1) * out + 2 * out
            width = out
        flat = rows * columns * width
        return found + (flat + 1) * 100 + (1 + 1) * 100, flat + 10 + 1 + 10

    parts = list(map(features, (3, 12, 12), (96, 12, 6)))
    last = sum(n for _, n in parts) + 3 + 1 + 1 + 1 + 10
    expected = sum(n for n, _ in parts) + (3 + 1) * 100 + last + 1
    assert count(shapes_of(judge)) == expected


def drawn(side, scale=0.3):
    rng = np.random.default_rng(0)
    leaf = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


@pytest.mark.parametrize(("size", "pad", "stride"), [(2, 0, 1), (3, 1, 2)])
def test_a_locally_connected_layer_is_its_sums(size, pad, stride):
    layer = calogan.Local(3, size, pad=pad, stride=stride)
    x = np.random.default_rng(1).normal(size=(2, 4, 7, 2)).astype(np.float32)
    params = drawn_params(layer, x)
    found = np.asarray(layer.apply({"params": params}, jnp.asarray(x)))
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    _, height, width, _ = found.shape
    kernel = np.asarray(params["kernel"]).reshape(height, width, size, size, 2, 3)
    for i in range(height):
        for j in range(width):
            part = padded[:, i : i + size, j * stride : j * stride + size]
            expected = np.einsum("bxyc,xycf->bf", part, kernel[i, j])
            np.testing.assert_allclose(
                found[:, i, j], expected + np.asarray(params["bias"])[i, j], atol=1e-4
            )


def drawn_params(layer, x):
    shapes = jax.eval_shape(layer.init, jax.random.key(0), x)["params"]
    rng = np.random.default_rng(2)
    return jax.tree.map(lambda s: jnp.asarray(rng.normal(size=s.shape), s.dtype), shapes)


def test_a_same_convolution_pads_below_and_to_the_right():
    layer, x = calogan.Same(1), np.random.default_rng(1).normal(size=(1, 3, 4, 2))
    params = drawn_params(layer, x.astype(np.float32))
    found = np.asarray(layer.apply({"params": params}, jnp.asarray(x, jnp.float32)))
    padded = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    for i in range(3):
        for j in range(4):
            part = padded[0, i : i + 2, j : j + 2]
            expected = (part[..., None] * params["kernel"]).sum() + params["bias"][0]
            assert found[0, i, j, 0] == pytest.approx(float(expected), abs=1e-5)


def test_resizing_repeats_rows_and_averages_columns():
    x = np.arange(3 * 96, dtype=np.float32).reshape(1, 3, 96, 1)
    found = np.asarray(calogan.resized(jnp.asarray(x), (12, 12)))[0, ..., 0]
    expected = np.kron(x[0, ..., 0].reshape(3, 12, 8).mean(-1), np.ones((4, 1)))
    np.testing.assert_allclose(found, expected)


def test_showers_are_layers_that_follow_their_energy():
    side, judge = sides()
    params, z = drawn(side), np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    call = jax.jit(bind(side, params).call, compiler_options=FAST)
    made = call(z, np.full(6, 50.0, np.float32))
    assert isinstance(made, Layers) and made.layer_0.shape == (6, 3, 96)
    assert all((x >= 0).all() for x in made)
    # z times energy / 100 is all that G sees of the energy.
    other = call(z / 2, np.full(6, 100.0, np.float32))
    for a, b in zip(made, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    spec = showers().spec._replace(noise=float32((4,)))
    assert sampling.takes_condition(side, spec)
    real, energies = made_showers.showers(6)
    bound = bind(judge, drawn(judge))
    np.testing.assert_allclose(bound.total(real), sum(x.sum((1, 2)) for x in real), rtol=1e-5)
    logits = jax.jit(bound.call, compiler_options=FAST)
    assert logits(real, energies).shape == (6,)
    assert (logits(real, energies) != logits(real, energies + 9)).all()


def test_other_media_are_refused():
    spec = Spec(float32((8, 8, 1)), Label(2), float32((4,)))
    with pytest.raises(
        ValueError, match=r"makes showers, but the data are .*: write data.medium = 'sh"
    ):
        calogan.networks(calogan.default_config(), spec)
