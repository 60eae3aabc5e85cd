"""Adaptive discriminator augmentation (arXiv 2006.06676), from the paper's text.

Each transformation is applied to each image with probability p, independently:
    blitting   mirror image; rotation by 90 i degrees; shift by up to an eighth, in whole pixels
    geometry   scale s; rotation; stretch s along x and 1 / s along y; rotation; shift by N(0, 1/8)
               with s from exp N(0, (0.2 log 2)^2)
    color      brightness + N(0, 0.2^2), contrast times exp N(0, (0.5 log 2)^2), and for colour
               images a flip of luma, a rotation of hue, saturation times exp N(0, log^2 2)
    cutout     a box of half the sides is set to 0; only if asked for
and p follows the discriminator: with r = mean sign D(x) over real images,
    p <- p + sign(r - target) n / images,  clipped to [0, 1]
for each minibatch of n, so it takes at least `images` images for p to go from 0 to 1. p is one of
the discriminator's stats: it is saved, and both players use it. Alternatively, p is a schedule
(arXiv 2501.05441, with cutout, and colours changed with probability p / 2). Below p = 0.8 or so,
augmentations do not leak into the generated images: a transformation that is invertible on
distributions is undone (section 2.2 of the paper).

The geometric part is a single resampling: x'(q) = x(M^-1 q), bilinear, mirrored at the edges; an
image that it does not move comes out bit for bit. Deviations: no low-pass filter before it; p moves
every minibatch instead of every fourth; the paper's optional filters and noise are left out.
"""

from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.schedules import Value, now
from jaxgan.game.terms.augmentations import cut_out, no_update
from jaxgan.game.terms.wrappers import Augmentation

LUMA = np.full(3, 1 / np.sqrt(3), np.float32)


def _chosen(key: jax.Array, p: jax.Array, value: jax.Array, neutral: float) -> jax.Array:
    return jnp.where(jax.random.bernoulli(key, p), value, neutral)


def _rotation(angle: jax.Array) -> jax.Array:
    c, s = jnp.cos(angle), jnp.sin(angle)
    zero, one = jnp.zeros(()), jnp.ones(())
    return jnp.stack([c, -s, zero, s, c, zero, zero, zero, one]).reshape(3, 3)


def _scale(y: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.diag(jnp.stack([y, x, jnp.ones(())]))


def _shift(y: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.eye(3).at[:2, 2].set(jnp.stack([y, x]))


def geometry(key: jax.Array, p: jax.Array, height: int, width: int) -> jax.Array:
    """Return a random M [3, 3] on pixel coordinates (y, x, 1) relative to the centre of an
    image."""
    keys = iter(jax.random.split(key, 32))
    sides = jnp.array([height, width], jnp.float32)
    stretch = lambda: jnp.exp2(0.2 * jax.random.normal(next(keys)))
    # Blitting.
    flip = jnp.where(jax.random.bernoulli(next(keys)), -1.0, 1.0)
    m = _scale(jnp.ones(()), _chosen(next(keys), p, flip, 1.0))
    # An image that is not square is only rotated by 180 degrees: by 90 it would not fit its frame.
    turns = jax.random.randint(next(keys), (), 0, 4 if height == width else 2).astype(jnp.float32)
    quarter = np.pi / 2 if height == width else np.pi
    m = _rotation(_chosen(next(keys), p, turns * quarter, 0.0)) @ m
    moved = jnp.round(jax.random.uniform(next(keys), (2,), minval=-0.125, maxval=0.125) * sides)
    m = _shift(*_chosen(next(keys), p, moved, 0.0)) @ m
    # Geometry. Two rotations around the stretch, so that together their probability is p.
    half = 1.0 - jnp.sqrt(1.0 - p)
    angle = lambda: jax.random.uniform(next(keys), minval=-np.pi, maxval=np.pi)
    s = _chosen(next(keys), p, stretch(), 1.0)
    m = _scale(s, s) @ m
    m = _rotation(_chosen(next(keys), half, angle(), 0.0)) @ m
    s = _chosen(next(keys), p, stretch(), 1.0)
    m = _scale(1.0 / s, s) @ m
    m = _rotation(_chosen(next(keys), half, angle(), 0.0)) @ m
    moved = 0.125 * jax.random.normal(next(keys), (2,)) * sides
    return _shift(*_chosen(next(keys), p, moved, 0.0)) @ m


def resampled(image: jax.Array, m: jax.Array) -> jax.Array:
    """Return an image [h, w, c] moved by M."""
    height, width, _ = image.shape
    y, x = jnp.meshgrid(*(jnp.arange(n, dtype=jnp.float32) for n in (height, width)), indexing="ij")
    middle = jnp.array([(height - 1) / 2, (width - 1) / 2, 0.0])
    places = jnp.stack([y, x, jnp.ones_like(y)]).reshape(3, -1) - middle[:, None]
    with jax.default_matmul_precision("highest"):
        source = (_inverse(m) @ places)[:2] + middle[:2, None]
    # Whole pixels stay whole: a rotation by 90 degrees is exact.
    whole = jnp.round(source)
    source = jnp.where(jnp.abs(source - whole) < 1e-3, whole, source)
    first = jnp.floor(source)
    share = source - first
    rows, columns = (
        [_mirrored(first[axis] + step, size) for step in (0.0, 1.0)]
        for axis, size in enumerate((height, width))
    )
    weights = [jnp.stack([1.0 - s, s]) for s in share]
    corners = (
        (weights[0][i] * weights[1][j])[:, None] * image[rows[i], columns[j]]
        for i in (0, 1)
        for j in (0, 1)
    )
    return reduce(add, corners).reshape(image.shape)


def _inverse(m: jax.Array) -> jax.Array:
    """Return M^-1 [3, 3] of an affine map; by hand, since a general inverse takes long to
    compile."""
    (a, b), (c, d) = m[0, :2], m[1, :2]
    linear = jnp.stack([d, -b, -c, a]).reshape(2, 2) / (a * d - b * c)
    moved = -(linear * m[None, :2, 2]).sum(1)
    return jnp.eye(3).at[:2, :2].set(linear).at[:2, 2].set(moved)


def _mirrored(places: jax.Array, size: int) -> jax.Array:
    """Return places as pixels 0 to size - 1, mirrored at the centres of the outermost pixels."""
    period = max(2 * (size - 1), 1)
    places = places.astype(jnp.int32) % period
    return jnp.minimum(places, period - places)


def _hue(angle: jax.Array) -> jax.Array:
    """Return the rotation [3, 3] of colours about the gray axis (Rodrigues)."""
    x, y, z = LUMA
    cross = jnp.asarray([[0, -z, y], [z, 0, -x], [-y, x, 0]], jnp.float32)
    return jnp.eye(3) + jnp.sin(angle) * cross + (1.0 - jnp.cos(angle)) * cross @ cross


def colors(key: jax.Array, p: jax.Array, channels: int) -> tuple[jax.Array, jax.Array]:
    """Return a random matrix [channels, channels] and an offset [channels] that act on colours."""
    keys = iter(jax.random.split(key, 16))
    offset = jnp.full(channels, _chosen(next(keys), p, 0.2 * jax.random.normal(next(keys)), 0.0))
    contrast = jnp.exp2(0.5 * jax.random.normal(next(keys)))
    contrast = _chosen(next(keys), p, contrast, 1.0)
    matrix, offset = jnp.eye(channels) * contrast, offset * contrast
    if channels != 3:
        return matrix, offset
    gray = jnp.asarray(np.outer(LUMA, LUMA))
    flip = jax.random.bernoulli(next(keys)).astype(jnp.float32)
    saturation = jnp.exp2(jax.random.normal(next(keys)))
    turn = jax.random.uniform(next(keys), minval=-np.pi, maxval=np.pi)
    for factor in (
        jnp.eye(3) - 2.0 * _chosen(next(keys), p, flip, 0.0) * gray,
        _hue(_chosen(next(keys), p, turn, 0.0)),
        gray + (jnp.eye(3) - gray) * _chosen(next(keys), p, saturation, 1.0),
    ):
        matrix, offset = factor @ matrix, factor @ offset
    return matrix, offset


def transformed(
    images: jax.Array, key: jax.Array, p: jax.Array, color: float = 1.0, cutout: bool = False
) -> jax.Array:
    """Return images [b, h, w, c], each with its own random transformations.

    p: probability of each transformation, float32 []. color: factor on p for those of colours.
    """
    _, height, width, channels = images.shape

    def one(image: jax.Array, key: jax.Array) -> jax.Array:
        geometry_key, color_key = jax.random.split(key)
        image = resampled(image, geometry(geometry_key, p, height, width))
        matrix, offset = colors(color_key, color * p, channels)
        with jax.default_matmul_precision("highest"):
            return image @ matrix.T + offset.reshape(1, 1, -1)

    changed = jax.vmap(one)(images, jax.random.split(key, len(images)))
    if not cutout:
        return changed
    chosen_key, box_key = jax.random.split(jax.random.fold_in(key, 1))
    chosen = jax.random.bernoulli(chosen_key, p, (len(images), 1, 1, 1))
    return jnp.where(chosen, cut_out(changed, box_key), changed)


def scheduled(probability: Value, color: float = 1.0, cutout: bool = False) -> Augmentation:
    """Return the augmentation whose p is a number, or a function of the training step's index."""
    return Augmentation(
        dict,
        lambda state, x, key, step: transformed(
            x, key, jnp.float32(now(probability, step)), color, cutout
        ),
        no_update,
    )


def ada(
    target: float = 0.6,
    images: float = 500_000,
    start: float = 0.0,
    color: float = 1.0,
    cutout: bool = False,
) -> Augmentation:
    """Return the augmentation whose p follows the discriminator.

    images: least number of images in which p goes from 0 to 1. start: the first p. Others: above.
    """

    def update(state: dict[str, jax.Array], real_logits: jax.Array) -> dict[str, jax.Array]:
        step = jnp.sign(jnp.sign(real_logits).mean() - target) * (len(real_logits) / images)
        return {"p": jnp.clip(state["p"] + step, 0.0, 1.0)}

    return Augmentation(
        lambda: {"p": jnp.float32(start)},
        lambda state, x, key, step: transformed(x, key, state["p"], color, cutout),
        update,
    )
