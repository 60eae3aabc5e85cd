"""SPIRAL (arXiv 1804.01118): images painted stroke by stroke by a policy that sees the canvas.

At each of `strokes` steps the policy reads the canvas with coordinates through a convolution of 5,
and adds the previous action (each part embedded by 16 numbers) and noise z, each through a
perceptron of 64, 32, width; ReLU. Convolutions of stride 2 down to 8 x 8, a residual stack, a
linear map and an LSTM follow. Then the parts of an action are drawn one after another, each from
logits that depend on the LSTM's output and the parts before it:

    flag      0 lifts the brush and moves it, 1 paints
    end       a cell of a grid, from a map of logits
    control   another cell, the control point of the curve
    size      one of `sizes`, radii in pixels;  pressure  0.1 to 1 in `pressures` levels
    red ...   for images of three channels: 0 to 1 in 20 levels each

Parts with a single value are left out. The painter (environments/strokes.py) has no gradient.

    generator   call   (noise, condition) -> canvases, like any generator: images in [-1, 1]
                act    noise -> Episode: actions, their log probabilities, expected rewards
    discriminator      DCGAN's without batch norm, on finished canvases

The noise is U(-1, 1): `z_dim` numbers that the policy sees, then one for each draw, which picks the
value where the cumulative probability passes it. So a canvas is a function of its noise, and is
sampled, stored and scored like any image; gradients flow through the logits only.

The sizes are those of the authors' agent (deepmind/spiral) for 64 x 64 in colour, with six brush
sizes, ten pressures and a grid of 32; as there, the last part is embedded for a next one that does
not come. Deviations: z is uniform, in the paper normal; the action before the first is all zeros;
parts that are unused when the brush is lifted do not count in the likelihood.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.environments.strokes import Canvas, Stroke, blank, painted
from jaxgan.game.game import Side, Spec
from jaxgan.models.canvas import Eye, Perceptron, Places
from jaxgan.models.dcgan import Discriminator
from jaxgan.models.layers import Dense
from jaxgan.models.lstm import Cell, along, glorot
from jaxgan.models.sides import image_shape, linen

EMBEDDED, LEVELS = 16, 20  # numbers of an embedded part; levels of a colour
PLACES = ("end", "control")
COLOURS = ("red", "green", "blue")


class Episode(NamedTuple):
    """The growing canvases of an episode, and the actions.

    actions: {part: [b, strokes] int32}, see the module.
    log_odds: [b, strokes] float32, log probability of the parts that were used.
    entropy: [b, strokes] float32, averaged over the parts.
    value: [b, strokes] float32, expected reward from here on, before the action.
    canvas: [b, strokes + 1, h, w, c] float32 in [-1, 1], the empty one first.
    """

    actions: dict[str, jax.Array]
    log_odds: jax.Array
    entropy: jax.Array
    value: jax.Array
    canvas: jax.Array


def met(logits: jax.Array, place: jax.Array) -> jax.Array:
    """Return the first value at which the cumulative probability of logits [b, n] passes `place`
    [b] in [0, 1): [b] int32.

    >>> met(jnp.log(jnp.array([[0.25, 0.5, 0.25]] * 3)), jnp.array([0.2, 0.3, 0.9]))
    Array([0, 1, 2], dtype=int32)
    """
    passed = jnp.cumsum(jax.nn.softmax(logits), -1) <= place[:, None]
    return jnp.minimum(passed.sum(-1), logits.shape[-1] - 1).astype(jnp.int32)


class Painter(nn.Module):
    """The policy. parts: (name, number of values), in the order in which they are drawn."""

    shape: tuple[int, int, int]
    strokes: int
    parts: tuple[tuple[str, int], ...]
    sizes: tuple[float, ...]
    ground: float
    z_dim: int
    grid: int
    width: int
    blocks: int
    hidden: int

    def setup(self) -> None:
        self.eye = Eye(self.width, self.blocks, self.hidden)
        self.of_noise = Perceptron((64, 32, self.width))
        self.of_action = Perceptron((64, 32, self.width))
        self.cell = Cell(self.hidden)
        self.critic = Dense(1, kernel_init=glorot)
        embed = lambda: {n: Dense(EMBEDDED, kernel_init=glorot) for n, _ in self.parts}
        self.before, self.drawn = embed(), embed()
        self.mixed = {n: Perceptron((16, 32, self.hidden)) for n, _ in self.parts}
        places = lambda: Places(self.width, self.blocks, self.grid)
        self.heads = {
            n: places() if n in PLACES else Dense(count, kernel_init=glorot)
            for n, count in self.parts
        }

    def __call__(self, noise: jax.Array, condition: jax.Array) -> jax.Array:
        return self.act(noise).canvas[:, -1]

    def act(self, noise: jax.Array) -> Episode:
        """Return what the policy does with noise [b, z_dim + strokes * parts]."""
        b = noise.shape[0]
        z, rest = noise[:, : self.z_dim], (noise[:, self.z_dim :] + 1.0) / 2.0
        repeated = lambda x: jnp.broadcast_to(x[None], (b, *x.shape))
        canvases = jax.tree.map(repeated, blank(*self.shape, self.ground))
        nothing = {n: (jnp.zeros(b, jnp.int32), jnp.zeros(b)) for n, _ in self.parts}
        memory = (jnp.zeros((b, self.hidden)),) * 2

        def step(module: Painter, carry, draws: jax.Array):
            canvas, memory, action = carry
            canvas, memory, action, seen = module.stroke(z, canvas, memory, action, draws)
            return (canvas, memory, action), seen

        places = rest.reshape(b, self.strokes, len(self.parts))
        seen = along(step, self, (canvases, memory, nothing), places)[1]
        empty = jnp.full_like(seen.canvas[:, :1], 2.0 * self.ground - 1.0)
        return seen._replace(canvas=jnp.concatenate([empty, seen.canvas], 1))

    def stroke(self, z: jax.Array, canvas: Canvas, memory, action, draws: jax.Array):
        """Take one step; an action is {part: (value [b], whether it was used [b])}."""
        embedded = [
            module(self.as_numbers(name, action[name][0])) * action[name][1][:, None]
            for name, module in self.before.items()
        ]
        added = self.of_action(jnp.concatenate(embedded, -1)) + self.of_noise(z)
        memory, output = self.cell(memory, self.eye(canvas.pixels, added))
        value = self.critic(output)[:, 0]
        found, state = {}, output
        log_odds = entropy = jnp.zeros_like(value)
        for i, (name, _) in enumerate(self.parts):
            logits = self.heads[name](state)
            odds = jax.nn.log_softmax(logits)
            chosen = met(jax.lax.stop_gradient(logits), draws[:, i])
            painting = found["flag"][0].astype(jnp.float32) if found else jnp.ones(z.shape[0])
            used = jnp.ones(z.shape[0]) if name in ("flag", "end") else painting
            found[name] = chosen, used
            log_odds = log_odds + used * jnp.take_along_axis(odds, chosen[:, None], -1)[:, 0]
            entropy = entropy - (jnp.exp(odds) * odds).sum(-1) / len(self.parts)
            mixed = jnp.concatenate([state, self.drawn[name](self.as_numbers(name, chosen))], -1)
            state = nn.relu(state + self.mixed[name](mixed))
        actions = {name: value for name, (value, _) in found.items()}
        canvas = jax.vmap(painted)(canvas, self.as_stroke(actions))
        pixels = 2.0 * canvas.pixels - 1.0
        return canvas, memory, found, Episode(actions, log_odds, entropy, value, pixels)

    def as_numbers(self, name: str, value: jax.Array) -> jax.Array:
        """Return values [b] as inputs of a network: (y, x) in [-1, 1] for places, else one-hot."""
        if name not in PLACES:
            return jax.nn.one_hot(value, dict(self.parts)[name])
        at = jnp.stack([value // self.grid, value % self.grid], -1).astype(jnp.float32)
        return 2.0 * at / (self.grid - 1) - 1.0

    def as_stroke(self, actions: dict[str, jax.Array]) -> Stroke:
        """Return values [b] as strokes; a place is the centre of its cell of the grid."""
        height, width, channels = self.shape
        cell = jnp.array([[height / self.grid, width / self.grid]])

        def place(value: jax.Array) -> jax.Array:
            at = jnp.stack([value // self.grid, value % self.grid], -1).astype(jnp.float32)
            return (at + 0.5) * cell

        flag, levels = actions["flag"], dict(self.parts)
        level = lambda name: actions[name].astype(jnp.float32) / (levels[name] - 1.0)
        ink = [level(name) for name in COLOURS] if channels == 3 else [1.0 - self.ground]
        return Stroke(
            paints=flag.astype(jnp.float32),
            control=place(actions["control"]),
            end=place(actions["end"]),
            radius=jnp.array(self.sizes)[actions.get("size", 0 * flag)],
            pressure=0.1 + 0.9 * level("pressure")
            if "pressure" in actions
            else jnp.ones(flag.shape),
            ink=jnp.stack([jnp.broadcast_to(x, flag.shape) for x in ink], -1),
        )


def parts_of(config: ConfigDict, channels: int) -> tuple[tuple[str, int], ...]:
    """Return the parts of an action and the number of values of each."""
    places = config.grid**2
    found = {"flag": 2, "end": places, "control": places}
    found |= {"size": len(config.sizes), "pressure": config.pressures}
    if channels == 3:
        found |= dict.fromkeys(COLOURS, LEVELS)
    return tuple((name, count) for name, count in found.items() if count > 1)


PRIOR = "uniform"  # its numbers choose the actions by their probabilities
AT_LEAST = {
    "blocks": 0,
    "discriminator_width": 1,
    "grid": 2,
    "memory": 1,
    "pressures": 1,
    "sizes": 0.001,
    "strokes": 1,
    "z_dim": 1,
}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the authors' network for gray images of 32 x 32: one brush, no colour."""
    return ConfigDict(
        {
            "name": "spiral",
            "strokes": 19,
            "latent_dim": 10 + 19 * 4,  # z_dim, and one number for each draw of each stroke
            "z_dim": 10,
            "grid": 32,  # cells per side
            "sizes": (1.0,),  # radii in pixels
            "pressures": 10,  # 1: always full
            "ground": 0.0,  # brightness of an empty canvas; ink on gray ones is 1 - ground
            "width": 32,
            "blocks": 8,
            "memory": 256,  # units of the LSTM
            "discriminator_width": 64,
        }
    )


def channels(config: ConfigDict) -> int:
    """Return 3 if the latents of a model's config have draws for colour, else 1."""
    in_colour = config.z_dim + config.strokes * len(parts_of(config, 3))
    return 3 if config.latent_dim == in_colour else 1


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return the policy and the discriminator for images [height, width, channels]."""
    height, width, channels = shape = image_shape(spec)
    power = lambda n: n & (n - 1) == 0
    if height != width or height < 8 or not power(height) or channels not in (1, 3):
        raise ValueError(
            f"data.size: images of {height} x {width} x {channels}: this network paints squares of "
            "8, 16, 32, ... pixels, gray or RGB"
        )
    if config.grid < 4 or not power(config.grid):
        raise ValueError(f"model.grid = {config.grid}: write 4, 8, 16, ...")
    if config.memory % 16:
        raise ValueError(f"model.memory = {config.memory}: write a multiple of 16")
    parts = parts_of(config, channels)
    wanted = config.z_dim + config.strokes * len(parts)
    if config.latent_dim != wanted:
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: {config.strokes} strokes of {len(parts)} "
            f"draws and model.z_dim = {config.z_dim} take {wanted}: write that"
        )
    sizes = tuple(map(float, config.sizes))
    own = config.ground, config.z_dim, config.grid, config.width, config.blocks, config.memory
    painter = Painter(shape, config.strokes, parts, sizes, *own)
    halvings = (height // 4).bit_length() - 1
    widths = tuple(config.discriminator_width << i for i in range(halvings))
    judge = Discriminator(widths, 1e-5, batch_norm=False)
    return {
        "generator": linen(painter, spec.noise, spec.condition, calls=("act",)),
        "discriminator": linen(judge, spec.sample, spec.condition, features="__call__"),
    }
