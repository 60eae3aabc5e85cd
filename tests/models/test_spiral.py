"""SPIRAL: the authors' counts, draws by their odds, canvases as functions of their noise."""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.environments.strokes import Stroke, blank, painted
from jaxgan.game.game import Label, Spec, bind
from jaxgan.models import spiral
from tests.models.networks import count, shapes_of

FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
TINY = {"strokes": 2, "z_dim": 2, "grid": 4, "pressures": 1, "width": 2, "blocks": 1, "memory": 16}


def sides(shape=(8, 8, 1), **fields):
    config = spiral.default_config()
    config.update(TINY | {"latent_dim": 2 + 2 * 3, "discriminator_width": 2} | fields)
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    spec = Spec(float32(shape), Label(3), float32((config.latent_dim,)))
    found = spiral.networks(config, spec)
    return found["generator"], found["discriminator"]


AUTHORS = {"strokes": 1, "z_dim": 10, "grid": 32, "width": 32, "blocks": 8, "memory": 256}
AUTHORS |= {"sizes": (1.0, 2.0, 4.0, 8.0, 12.0, 24.0), "pressures": 10, "latent_dim": 10 + 8}


def test_the_authors_agent():
    """Colour, 64 x 64: eye, LSTM and heads, 1,613,329 together."""
    shapes = shapes_of(sides((64, 64, 3), **AUTHORS)[0])
    seen = ("eye", "of_noise", "of_action", "before")
    core = sum(count(x) for name, x in shapes.items() if name.startswith(seen))
    assert (core, count(shapes["cell"])) == (686_176, 525_312)
    assert count(shapes) == 1_613_329


def drawn(side, scale=0.5):
    rng = np.random.default_rng(0)
    leaf = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype)
    return jax.tree.map(leaf, shapes_of(side))


@pytest.fixture(scope="module")
def painter():
    side, _ = sides()
    acted = jax.jit(bind(side, drawn(side)).act, compiler_options=FAST)
    noise = np.random.default_rng(1).uniform(-1, 1, (64, 8)).astype(np.float32)
    return side, acted, noise, jax.device_get(acted(noise))


def test_values_are_drawn_by_their_odds():
    """The share of an even grid of places at which a value is met is its probability."""
    logits = jnp.asarray(np.random.default_rng(2).normal(size=(1, 7)), jnp.float32)
    places = (jnp.arange(5000, dtype=jnp.float32) + 0.5) / 5000
    found = spiral.met(jnp.repeat(logits, 5000, 0), places)
    shares = np.bincount(found, minlength=7) / 5000
    np.testing.assert_allclose(shares, jax.nn.softmax(logits)[0], atol=3e-4)
    assert spiral.met(logits, jnp.ones(1))[0] == 6  # the end of the last one, after rounding


def test_a_canvas_is_its_strokes_and_depends_on_its_own_noise(painter):
    _, acted, noise, seen = painter
    assert seen.canvas.shape == (64, 3, 8, 8, 1) and (seen.canvas[:, 0] == -1).all()
    assert set(seen.actions) == {"flag", "end", "control"}
    paint = jax.jit(painted, compiler_options=FAST)
    for i in range(8):
        canvas = blank(8, 8, 1)
        for t in range(2):
            flag, end, control = (int(seen.actions[n][i, t]) for n in ("flag", "end", "control"))
            at = lambda p: jnp.array([p // 4 * 2 + 1.0, p % 4 * 2 + 1.0])  # middles of cells of 2
            one = Stroke(jnp.float32(flag), at(control), at(end), 1.0, 1.0, jnp.ones(1))
            canvas = paint(canvas, one)
            np.testing.assert_allclose(seen.canvas[i, t + 1], 2 * canvas.pixels - 1, atol=1e-5)
    alone = acted(np.repeat(noise[5:6], 64, 0))
    np.testing.assert_allclose(alone.canvas[0], seen.canvas[5], atol=1e-5)
    assert 0 < seen.actions["flag"].mean() < 1  # some paint, some do not


def test_what_a_lifted_brush_does_not_use_is_not_in_its_odds(painter):
    _, acted, noise, seen = painter
    paints = seen.actions["flag"][:, 0] == 1
    other = noise.copy()
    other[:, 2 + 2] = -other[:, 2 + 2]  # the draw of the first control point
    again = jax.device_get(acted(other))
    moved = again.actions["control"][:, 0] != seen.actions["control"][:, 0]
    assert (moved & ~paints).any() and (moved & paints).any()
    same = again.log_odds[:, 0] == seen.log_odds[:, 0]
    assert same[~paints].all() and not same[moved & paints].any()


@pytest.mark.slow
def test_no_gradient_goes_through_the_painter():
    """Of the canvas there is none; of the odds there is."""
    side, _ = sides()
    noise = jnp.asarray(np.random.default_rng(1).uniform(-1, 1, (4, 8)), jnp.float32)

    def both(params):
        seen = bind(side, params).act(noise)
        return jnp.stack([seen.canvas.sum(), seen.log_odds.sum()])

    _, back = jax.vjp(both, drawn(side))
    (canvas,), (odds,) = (back(jnp.eye(2)[i]) for i in range(2))
    assert not any(x.any() for x in jax.tree.leaves(canvas))
    assert all(x.any() for x in jax.tree.leaves(odds["eye"]))


@pytest.mark.parametrize(
    ("shape", "fields", "words"),
    [
        ((8, 16, 1), {}, "images of 8 x 16 x 1: this network paints squares"),
        ((12, 12, 1), {}, "images of 12 x 12 x 1"),
        ((8, 8, 2), {}, "gray or RGB"),
        ((8, 8, 1), {"grid": 6}, "model.grid = 6: write 4, 8, 16"),
        ((8, 8, 1), {"memory": 20}, "model.memory = 20: write a multiple of 16"),
        ((8, 8, 1), {"pressures": 4}, "latent_dim = 8: 2 strokes of 4 draws .* take 10: write"),
        ((8, 8, 3), {}, "2 strokes of 6 draws and model.z_dim = 2 take 14"),
    ],
)
def test_refusals(shape, fields, words):
    with pytest.raises(ValueError, match=words):
        sides(shape, **fields)


def test_strokes_are_plain_json(painter):
    from jaxgan.trained.sample.strokes import stroke_of, strokes

    side, _, _, seen = painter
    found = strokes(side.module, seen)
    assert len(found) == 2
    one = json.loads(json.dumps(stroke_of(found[1], 3)))
    assert set(one) == {"paints", "end", "control", "radius", "pressure", "ink"}
    assert one["paints"] == seen.actions["flag"][3, 1]
    end = int(seen.actions["end"][3, 1])
    assert one["end"] == [end // 4 * 2 + 1.0, end % 4 * 2 + 1.0]


def test_the_latents_say_whether_there_is_colour():
    config = spiral.default_config()
    assert spiral.channels(config) == 1
    config.latent_dim = 10 + 19 * 7  # red, green and blue are drawn too
    assert spiral.channels(config) == 3
    float32 = partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    for channels, is_right in ((3, True), (1, False)):
        spec = Spec(float32((32, 32, channels)), Label(3), float32((config.latent_dim,)))
        if is_right:
            assert spiral.networks(config, spec)
        else:
            with pytest.raises(ValueError, match="take 86: write that"):
                spiral.networks(config, spec)
