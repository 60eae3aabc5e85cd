"""Sampling in three pure functions, used everywhere: for sheets, files, scores and encoders.

    draw        (prior, seed, indices) -> noise and labels; draw i depends on (seed, i) alone
    variables   weights with standing statistics, for a network with batch norm
    generate    (side, variables, noise, condition) -> samples

Standing statistics (arXiv 1809.11096): the mean over N batches of each batch norm's batch mean and
batch variance, with the weights and the truncation that are used for sampling; for an encoder
(BigBiGAN, arXiv 1907.02544), over batches of images. A network without batch norm has none, and
nothing is computed.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.game.game import Side, Spec
from jaxgan.game.keys import Keys

PyTree = Any
Prior = Callable[[jax.Array, int], tuple[PyTree, PyTree]]  # (key, n) -> noise, labels


def draw(prior: Prior, seed: Any, indices: Any) -> tuple[PyTree, PyTree]:
    """Draw noise and labels, leaves [n, ...], of the samples with these indices [n] under a seed.

    Draw i depends on (seed, i) alone, whatever the batch, the devices and the processes.

    >>> prior = lambda key, n: (jax.random.normal(key, (n, 2)), jnp.zeros(n))
    >>> noise, _ = draw(prior, seed=0, indices=[3, 5])
    >>> bool((draw(prior, seed=0, indices=[5])[0][0] == noise[1]).all())
    True
    """
    root = Keys(jax.random.key(seed))["samples"]
    drawn = jax.vmap(lambda i: prior(jax.random.fold_in(root, i), 1))(jnp.asarray(indices))
    return jax.tree.map(lambda x: x[:, 0], drawn)


def variables(
    side: Side,
    weights: PyTree,
    inputs: Callable[[jax.Array], tuple[PyTree, ...]],
    num_batches: int,
    seed: Any = 0,
    call: str = "call",
) -> dict[str, PyTree]:
    """Return {"params": weights} and, for a network with batch norm, its standing statistics.

    Args:
      inputs: key -> one batch of the call's inputs, such as noise and labels.
      num_batches: number of batches to average over.
      seed: of these batches.
      call: the call whose batch norms are averaged.
    """
    root = Keys(jax.random.key(seed))["standing statistics"]

    def moments(key: jax.Array) -> PyTree:
        return side.moments(call, {"params": weights}, *inputs(key))

    if not has_moments(moments, root):
        return {"params": weights}
    return {"params": weights, "batch_stats": mean(moments, jax.random.split(root, num_batches))}


def has_moments(moments: Callable[[Any], PyTree], example: Any) -> bool:
    """Return whether a network has any batch norm; nothing is computed."""
    return bool(jax.tree.leaves(jax.eval_shape(moments, example)))


def mean(moments: Callable[[Any], PyTree], inputs: PyTree) -> PyTree:
    """Return the mean of moments(input) over the inputs' first axis, computed one after the
    other."""
    count = len(jax.tree.leaves(inputs)[0])

    def add(total: PyTree, row: PyTree) -> tuple[PyTree, None]:
        return jax.tree.map(jnp.add, total, moments(row)), None

    row = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), inputs)
    shapes = jax.eval_shape(moments, row)
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    total, _ = jax.lax.scan(add, zeros, inputs)
    return jax.tree.map(lambda t: t / count, total)


def generate(side: Side, variables: PyTree, noise: PyTree, condition: PyTree) -> PyTree:
    """Return samples in the networks' range, [n, ...]; an image is [n, h, w, c] in [-1, 1]."""
    return side.calls["call"](variables, noise, condition)


def makes_samples(side: Side) -> bool:
    """Return whether a player makes samples; a policy, which acts, does not."""
    return "call" in side.calls


def takes_condition(side: Side, spec: Spec) -> bool:
    """Return whether a generator's output depends on its condition; nothing is computed."""
    batch = lambda tree: jax.tree.map(lambda x: jax.ShapeDtypeStruct((2, *x.shape), x.dtype), tree)
    params = jax.eval_shape(side.init, jax.ShapeDtypeStruct((), jax.random.key(0).dtype))

    def made(condition: PyTree, noise: PyTree, weights: PyTree) -> PyTree:
        return generate(side, {"params": weights}, noise, condition)

    inputs = batch(spec.condition), batch(spec.noise), params
    program = jax.make_jaxpr(made)(*inputs).jaxpr
    count = len(jax.tree.leaves(inputs[0]))
    read = {id(v) for equation in program.eqns for v in equation.invars}
    return any(id(v) in read for v in program.invars[:count])
