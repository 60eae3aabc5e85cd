"""C-RNN-GAN (arXiv 1611.09904): an LSTM generates a tune note by note, and another one judges it.

    G   at each step [noise, the note before] to a layer with ReLU, a stack of LSTM cells, and a
        linear map to the numbers of a note; zeros come before the first note
    D   a stack that reads forwards and one that reads backwards. Both outputs at each step give one
        logit l_t, and the tune's probability is the mean of the steps' probabilities: with s the
        logistic function its logit is log mean s(l_t) - log mean s(-l_t)

`latent_dim` is the noise of a whole tune, the same number for every note; the paper's is U(0, 1),
here (z + 1) / 2 for the prior U(-1, 1).

    generator       predict    (noise, events) -> each note, given the true one before (pretraining)
    discriminator   features   events -> both outputs at each step

`note_scales` are factors by which both networks see the numbers of a note: with 12 for the pitch,
which is in octaves, they see semitones. Without them they see the numbers unchanged, as in the
authors' code.

Deviations: the first "note before" is 0, which the authors draw; kernels are Glorot's; no dropout
and no weight decay. The authors' data hold Hz and ticks; media/events.py has octaves and beats.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from jaxgan.game.game import Side, Spec
from jaxgan.models.layers import Dense
from jaxgan.models.lstm import Stack, along, glorot, start
from jaxgan.models.sides import linen, sample_shape


class Generator(nn.Module):
    """Map noise [b, steps * k] to events [b, steps, numbers]."""

    steps: int
    numbers: int
    width: int
    layers: int
    scales: tuple[float, ...]

    def setup(self) -> None:
        self.enter = Dense(self.width, kernel_init=glorot)
        self.stack = Stack(self.width, self.layers)
        self.leave = Dense(self.numbers, kernel_init=glorot)

    def __call__(self, noise: jax.Array, condition: jax.Array) -> jax.Array:
        first = (
            start(noise.shape[0], self.width, self.layers),
            jnp.zeros((noise.shape[0], self.numbers)),
        )

        def step(module: Generator, carry, drawn: jax.Array):
            states, note = carry
            states, note = module.note(states, drawn, note)
            return (states, note), note

        return along(step, self, first, self.by_step(noise))[1]

    def predict(self, noise: jax.Array, events: jax.Array) -> jax.Array:
        """Return each note as it is predicted from the true ones before it, [b, steps, numbers]."""
        before = jnp.pad(events, ((0, 0), (1, 0), (0, 0)))[:, :-1]

        def step(module: Generator, states, inputs: tuple[jax.Array, jax.Array]):
            return module.note(states, *inputs)

        states = start(noise.shape[0], self.width, self.layers)
        return along(step, self, states, (self.by_step(noise), before))[1]

    def note(self, states, drawn: jax.Array, before: jax.Array):
        scales = jnp.array([self.scales])
        entered = nn.relu(self.enter(jnp.concatenate([drawn, scales * before], -1)))
        states, found = self.stack(states, entered)
        return states, self.leave(found) / scales

    def by_step(self, noise: jax.Array) -> jax.Array:
        return ((noise + 1.0) / 2.0).reshape(noise.shape[0], self.steps, -1)


class Discriminator(nn.Module):
    """Map events [b, steps, numbers] to logits [b]."""

    width: int
    layers: int
    scales: tuple[float, ...]

    def setup(self) -> None:
        self.forwards = Stack(self.width, self.layers)
        self.backwards = Stack(self.width, self.layers)
        self.decide = Dense(1, kernel_init=glorot)

    def __call__(self, events: jax.Array, condition: jax.Array) -> jax.Array:
        found = self.outputs(events)
        self.sow("intermediates", "features", found)
        logits = self.decide(found.reshape(-1, found.shape[-1])).reshape(found.shape[:2])
        return mean_logit(logits)

    def outputs(self, events: jax.Array) -> jax.Array:
        """Return both stacks' outputs at each step, [b, steps, 2 width]."""
        events = events * jnp.array([[self.scales]])
        states = start(events.shape[0], self.width, self.layers)
        step = lambda stack, states, x: stack(states, x)
        _, there = along(step, self.forwards, states, events)
        _, back = along(step, self.backwards, states, events[:, ::-1])
        return jnp.concatenate([there, back[:, ::-1]], -1)


def mean_logit(logits: jax.Array) -> jax.Array:
    """Return the logit of the mean probability of logits [b, t]: [b].

    >>> from jax.nn import sigmoid
    >>> bool(jnp.allclose(sigmoid(mean_logit(jnp.array([[0.0, 2.0]]))), (0.5 + sigmoid(2.0)) / 2))
    True
    """
    likely = jax.nn.logsumexp(nn.log_sigmoid(logits), -1)
    return likely - jax.nn.logsumexp(nn.log_sigmoid(-logits), -1)


PRIOR = "uniform"  # as in the paper, scaled to [0, 1]
AT_LEAST = {"layers": 1, "note_scales": 0.001}  # the smallest values of fields


def default_config() -> ConfigDict:
    """Return the paper's network for 32 notes: 350 units, two layers."""
    return ConfigDict(
        {"name": "crnngan", "latent_dim": 4 * 32, "hidden": 350, "layers": 2, "note_scales": ()}
    )


def networks(config: ConfigDict, spec: Spec) -> dict[str, Side]:
    """Return generator and discriminator for events [notes, numbers]."""
    steps, numbers = sample_shape(spec, "events [notes, numbers]", 2)
    if config.latent_dim % steps:
        near = max(round(config.latent_dim / steps), 1) * steps
        raise ValueError(
            f"model.latent_dim = {config.latent_dim}: noise for each of {steps} notes; write a "
            f"multiple, such as {near}"
        )
    scales = tuple(map(float, config.note_scales)) or (1.0,) * numbers
    if len(scales) != numbers or min(scales) <= 0:
        raise ValueError(
            f"model.note_scales = {config.note_scales}: write a factor above 0 for each of the "
            f"{numbers} numbers of a note, or ()"
        )
    generator = Generator(steps, numbers, config.hidden, config.layers, scales)
    discriminator = Discriminator(config.hidden, config.layers, scales)
    side = linen(generator, spec.noise, spec.condition, calls=("predict",))
    judge = linen(discriminator, spec.sample, spec.condition, features="__call__")
    return {"generator": side, "discriminator": judge}
