"""CycleGAN's losses against numpy, its pool against a loop, and a toy that needs the identity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.game.game import Batch, Bound, Nets
from jaxgan.game.keys import Keys
from jaxgan.game.objectives import cyclegan
from jaxgan.media.pairs import pairs

RNG = np.random.default_rng(0)
A, B = (jnp.asarray(RNG.uniform(-1, 1, (4, 2, 2, 1)), jnp.float32) for _ in range(2))
TO_B, TO_A = (lambda x: 0.5 * x + 0.1), (lambda x: x - 0.3)
OF_A, OF_B = (lambda x: 2 * x[..., 0]), (lambda x: x[..., 0] - 0.5)


def nets():
    return Nets({
        "generator": Bound({"to_b": TO_B, "to_a": TO_A}),
        "discriminator": Bound({"judge_a": OF_A, "judge_b": OF_B}),
    })  # fmt: skip


def losses_of(player, stats=None, **fields):
    config = cyclegan.default_config()
    config.update(fields)
    objective = cyclegan.objectives(config)[player]
    return objective(None, nets(), stats or {}, Batch(B, A), Keys(jax.random.key(0)))


def test_losses_are_those_of_the_paper():
    a, b = np.float64(A), np.float64(B)
    square = lambda x, target: ((x - target) ** 2).mean()
    found, outcome = losses_of("generator", identity=3.0, cycle=7.0)
    expected = square(OF_B(TO_B(a)), 1) + square(OF_A(TO_A(b)), 1)
    expected += 7 * (np.abs(TO_A(TO_B(a)) - a).mean() + np.abs(TO_B(TO_A(b)) - b).mean())
    expected += 3 * (np.abs(TO_B(b) - b).mean() + np.abs(TO_A(a) - a).mean())
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(outcome.metrics["change"]) == pytest.approx(np.abs(TO_B(a) - a).mean(), rel=1e-5)
    found, _ = losses_of("discriminator", pool=0)
    expected = square(OF_A(a), 1) + square(OF_A(TO_A(b)), 0)
    expected += square(OF_B(b), 1) + square(OF_B(TO_B(a)), 0)
    assert float(found) == pytest.approx(expected / 2, rel=1e-5)


def test_the_squared_cycle_of_discogan():
    a, b = np.float64(A), np.float64(B)
    _, outcome = losses_of("generator", cycle_loss="square")
    expected = ((TO_A(TO_B(a)) - a) ** 2).mean() + ((TO_B(TO_A(b)) - b) ** 2).mean()
    assert float(outcome.metrics["cycle"]) == pytest.approx(expected, rel=1e-5)


def test_the_pool_fills_and_then_swaps_half():
    """Image i is the number i: what is shown is new or was in the pool, and nothing is lost."""
    size, n, steps = 10, 4, 400  # of ten places eight are used
    pool, count, held = jnp.zeros((size, 1)), jnp.int32(0), set()
    step = jax.jit(cyclegan.from_pool)
    old_shown = 0
    for t in range(steps):
        new = np.arange(t * n, (t + 1) * n, dtype=np.float32) + 1
        pool, shown = step(pool, count, jnp.asarray(new)[:, None], jax.random.key(t))
        count = jnp.minimum(count + n, cyclegan.used(size, n))
        shown = np.asarray(shown)[:, 0]
        if t < 2:
            np.testing.assert_array_equal(shown, new)
            held |= set(new)
        else:
            swapped = shown != new
            assert set(shown[swapped]) <= held and len(set(shown)) == n
            held = held - set(shown[swapped]) | set(new[swapped])
            old_shown += swapped.sum()
        assert set(np.asarray(pool)[:, 0]) - {0.0} == held and len(held) == min(8, (t + 1) * n)
    # 1,592 draws of 1/2: a standard deviation of 0.0125.
    assert abs(old_shown / ((steps - 2) * n) - 0.5) < 0.05


def test_the_judges_see_the_pool():
    """A full pool: the loss is of images that are in it or new, and the stats go on."""
    spec = pairs((2, 2, 2), 1).spec
    config = cyclegan.default_config()
    config.pool = 4
    (init,) = cyclegan.init_stats(config, spec)["discriminator"].values()
    stats = {cyclegan.POOL: init()}
    first, outcome = losses_of("discriminator", stats)
    plain, _ = losses_of("discriminator", pool=0)
    assert float(first) == float(plain)  # while it fills
    new = outcome.stats[cyclegan.POOL]
    assert int(new["count"]) == 4
    np.testing.assert_array_equal(new["b"], TO_B(A))
    full = {cyclegan.POOL: {**new, "a": new["a"] + 9, "b": new["b"] + 9}}
    assert float(losses_of("discriminator", full)[0]) > 4 * float(plain)


def test_refusals():
    for field, value in (("cycle", -1.0), ("pool", -1), ("adversarial", -0.5)):
        with pytest.raises(ValueError, match=f"objective.{field} = {value}"):
            losses_of("generator", **{field: value})
    with pytest.raises(ValueError, match=r"objective.cycle_loss = 'l3': write 'absolute'"):
        losses_of("generator", cycle_loss="l3")
    with pytest.raises(ValueError, match=r"objective.pool = 3 with 4 images at once"):
        cyclegan.used(3, 4)
