"""R3GAN's networks and losses against NumPy in float64, written down a second time."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.game.game import Batch, Nets, bind
from jaxgan.game.keys import Keys
from jaxgan.models import r3gan
from tests.models.networks import modules_of
from tests.models.test_lineage_counts import counts
from tests.tiny import spec_of

SHAPE, CLASSES, WIDTH, MOST, GROUP = (8, 8, 2), 5, 4, 8, 4
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "size,classes,fields,expected",
    [
        (32, 10, {}, (20_781_952, 21_280_512)),  # CIFAR-10
        (32, 0, {}, (20_732_160, 20_683_776)),
        (64, 0, {"width": 384}, (22_429_824, 22_381_440)),  # FFHQ
        (256, 0, {"width": 96}, (23_057_952, 23_009_568)),
        (32, 1000, {"width": 1536}, (82_914_304, 86_548_992)),  # ImageNet
        (64, 1000, {"width": 1536}, (103_570_432, 107_205_120)),
    ],
)
def test_the_papers_counts(size, classes, fields, expected):
    if classes == 1000:
        fields = fields | {"most": 1536, "group_width": 32}
    fields = fields | {"conditional": bool(classes)}
    assert counts(r3gan, (size, size, 3), classes or 1, **fields) == expected


def config_of(**fields):
    config = default_config(model="r3gan", objective="relativistic")
    config.condition, config.train.fresh_batches = "data", True
    config.model.update(width=WIDTH, most=MOST, group_width=GROUP, latent_dim=6)
    config.model.update(fields)
    config.penalty.update(name="r1_r2", weight=0.3)
    for player in (config.generator, config.discriminator):
        player.update(spectral_norm=False, orthogonal=0.0)
    return config


# The networks in NumPy: x [b, h, w, c], parameters as the modules name them.


def lrelu(x):
    return np.where(x > 0, x, 0.2 * x)


def grouped(x, kernel):
    """Convolve group by group, tap by tap."""
    _, h, w, c = x.shape
    kh, kw, inputs, outputs = kernel.shape
    groups = c // inputs
    own = outputs // groups
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = np.zeros((*x.shape[:3], outputs))
    for g in range(groups):
        part, out = slice(g * inputs, (g + 1) * inputs), slice(g * own, (g + 1) * own)
        for a in range(kh):
            for b in range(kw):
                y[..., out] += padded[:, a : a + h, b : b + w, part] @ kernel[a, b, :, out]
    return y


def block(x, p):
    y = lrelu(x @ p["expand"]["kernel"][0, 0] + p["bias_1"])
    y = lrelu(grouped(y, p["grouped"]["kernel"]) + p["bias_2"])
    return x + y @ p["reduce"]["kernel"][0, 0]


FILTER = np.convolve([1, 2, 1], [1, 1]) / 8


def filtered(x, axis, gain, before, after):
    """Filter an axis with (1, 3, 3, 1) / 8 after zeros on both sides."""
    pad = [(0, 0)] * x.ndim
    pad[axis] = (before, after)
    return np.apply_along_axis(
        lambda row: gain * np.convolve(row, FILTER, "valid"), axis, np.pad(x, pad)
    )


def up(x):
    """Put zeros between the pixels, filter with gain 2 an axis."""
    b, h, w, c = x.shape
    spread = np.zeros((b, 2 * h, 2 * w, c))
    spread[:, ::2, ::2] = x
    return filtered(filtered(spread, 1, 2, 2, 1), 2, 2, 2, 1)


def down(x):
    """Filter, and keep every second pixel."""
    return filtered(filtered(x, 1, 1, 1, 1)[:, ::2], 2, 1, 1, 1)[:, :, ::2]


def generated(p, z, labels, stages=2):
    c = np.concatenate([z, p["classes"]["kernel"][labels]], -1)
    x = p["basis"] * (c @ p["linear"]["kernel"])[:, None, None]
    for i in range(stages):
        if i:
            if f"narrow_{i}" in p:
                x = x @ p[f"narrow_{i}"]["kernel"][0, 0]
            x = up(x)
        x = block(block(x, p[f"block_{i}_0"]), p[f"block_{i}_1"])
    return x @ p["to_image"]["kernel"][0, 0]


def judged(p, x, labels, stages=2):
    x = x @ p["from_image"]["kernel"][0, 0]
    for i in reversed(range(stages)):
        x = block(block(x, p[f"block_{i}_0"]), p[f"block_{i}_1"])
        if i:
            x = down(x)
            if f"widen_{i}" in p:
                x = x @ p[f"widen_{i}"]["kernel"][0, 0]
    h = (x * p["depthwise"]["kernel"].reshape(x.shape[1:])).sum((1, 2)) @ p["linear"]["kernel"]
    return (h * p["classes"]["kernel"][labels]).sum(-1)


def drawn_like(side, seed):
    """Return parameters of which none is zero, in float64."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(side.init, jax.random.key(0))
    return jax.tree.map(lambda s: 0.4 * rng.normal(size=s.shape), shapes)


@pytest.fixture(scope="module", params=[False, True], ids=["activations kept", "made again"])
def game(request):
    return build(config_of(remat=request.param), spec_of(SHAPE, CLASSES))


@pytest.fixture(scope="module")
def params(game):
    return {name: drawn_like(player.side, 1) for name, player in game.players.items()}


LABELS = np.array([0, 3, 4])
LATENTS = RNG.normal(size=(3, 6))
IMAGES = RNG.uniform(-1, 1, (3, *SHAPE))


def test_both_networks(game, params):
    as_float32 = lambda tree: jax.tree.map(jnp.float32, tree)
    sides = {name: bind(p.side, as_float32(params[name])) for name, p in game.players.items()}
    images = jax.jit(sides["generator"].call)(jnp.float32(LATENTS), LABELS)
    expected = generated(params["generator"], LATENTS, LABELS)
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    logits = jax.jit(sides["discriminator"].call)(jnp.float32(IMAGES), LABELS)
    expected = judged(params["discriminator"], IMAGES, LABELS)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def slope_squared(p, x, labels):
    """Return |d D / d x|^2 of each example by central differences: D is piecewise linear."""
    step, places = 1e-6, np.eye(np.prod(SHAPE)).reshape(-1, 1, *SHAPE)
    up, down = (
        judged(p, (x + s * places).reshape(-1, *SHAPE), np.tile(labels, len(places)))
        for s in (step, -step)
    )
    return (((up - down) / (2 * step)) ** 2).reshape(len(places), len(x)).sum(0)


def test_losses_and_a_slope_of_each(game, params):
    """The stated losses, and their derivative along a direction in the space of parameters."""
    keys, batch = Keys(jax.random.key(3)), Batch(jnp.float32(IMAGES), jnp.int32(LABELS))
    noise, condition = game.source(keys["source"], batch)
    np.testing.assert_array_equal(condition, LABELS)  # fake i has the label of real i
    fake = generated(params["generator"], np.asarray(noise, float), LABELS)

    def d_loss(p):
        real_logits, fake_logits = judged(p, IMAGES, LABELS), judged(p, fake, LABELS)
        squares = slope_squared(p, IMAGES, LABELS) + slope_squared(p, fake, LABELS)
        return (np.logaddexp(0, fake_logits - real_logits) + 0.3 / 2 * squares).mean()

    def g_loss(p):
        made = generated(p, np.asarray(noise, float), LABELS)
        d = params["discriminator"]
        return np.logaddexp(0, judged(d, IMAGES, LABELS) - judged(d, made, LABELS)).mean()

    for name, loss in (("discriminator", d_loss), ("generator", g_loss)):
        player = game.players[name]

        def ours(own, name=name, player=player):
            own = {**jax.tree.map(jnp.float32, params), name: own}
            nets = Nets({who: bind(p.side, own[who]) for who, p in game.players.items()})
            return player.objective(game, nets, player.init_stats(), batch, keys)[0]

        direction = drawn_like(player.side, 2)
        moved = lambda e, name=name, v=direction: jax.tree.map(
            lambda p, d: p + e * d, params[name], v
        )
        at = jax.tree.map(jnp.float32, params[name])
        value, slope = jax.jit(partial(jax.jvp, ours))(
            (at,), (jax.tree.map(jnp.float32, direction),)
        )
        np.testing.assert_allclose(value, loss(params[name]), rtol=1e-4)
        # So short a way that no unit of D changes sign on it, where the penalty jumps.
        expected = (loss(moved(1e-6)) - loss(moved(-1e-6))) / 2e-6
        np.testing.assert_allclose(slope, expected, rtol=2e-3)


def test_a_block_starts_as_the_identity_and_kernels_at_their_stated_deviation():
    x = jnp.float32(RNG.normal(size=(2, 4, 4, 64)))
    module = r3gan.Block(groups=8, gain=r3gan.first_gain(8), dtype=jnp.float32)
    params = jax.jit(module.init)(jax.random.key(0), x)["params"]
    np.testing.assert_array_equal(module.apply({"params": params}, x), x)
    gain = np.sqrt(2 / 1.04) * 8**-0.25
    for name, inputs in (("expand", 64), ("grouped", 9 * 16)):
        kernel = np.asarray(params[name]["kernel"])
        # The sample deviation of n normal numbers has a deviation of 1 / sqrt(2 n) of its own.
        room = 4 / np.sqrt(2 * kernel.size)
        assert kernel.std() / (gain / np.sqrt(inputs)) == pytest.approx(1.0, abs=room)
    assert not np.asarray(params["reduce"]["kernel"]).any()


def test_the_finest_resolutions_compute_in_their_dtype():
    """Coarse maps stay in float32; parameters, images and logits are float32 throughout."""
    config = r3gan.default_config()
    config.update(width=WIDTH, most=MOST, group_width=GROUP, latent_dim=6)
    config.update(dtype="bfloat16", dtype_stages=1)
    for module in modules_of(r3gan, config, SHAPE, CLASSES):
        assert module.dtypes == (jnp.float32, jnp.bfloat16)
        given = LATENTS if isinstance(module, r3gan.Generator) else IMAGES
        variables = jax.eval_shape(module.init, jax.random.key(0), jnp.float32(given), LABELS)
        assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
        made = jax.eval_shape(module.apply, variables, jnp.float32(given), LABELS)
        assert made.dtype == jnp.float32


def test_a_group_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"model\.group_width = 5 does not divide 16 channels"):
        build(config_of(group_width=5), spec_of(SHAPE, CLASSES))
