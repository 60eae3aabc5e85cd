"""jaxgan's side of benchmark_gpu.py: a step and a sampling call, timed where they run."""

import time
from functools import partial

import jax
import numpy as np

from jaxgan.config.files import load
from jaxgan.devices import compiler
from jaxgan.game.game import init_state
from jaxgan.game.keys import Keys
from jaxgan.planning import compile_report, cost
from jaxgan.planning.hlo import Program
from jaxgan.training.run import abstract_state
from jaxgan.training.step import abstract_batch, training_step


def config_of(name: str, batch: int, tiny: bool):
    """Return a row's config: one discriminator and one generator step on one batch."""
    config = load(name)
    config.train.update(batch=batch, num_d_steps=1, microbatches=1)
    if tiny:
        config.data.size = (32, 32)
        config.model.update(width=8, embedding_dim=8, latent_dim=16)
        config.model.update(generator_attention=16, discriminator_attention=16)
    return config


def planned(config, classes: int):
    """Return a run on the first device, whose data set need not be there."""
    return compile_report.planned_run(config, [jax.devices()[0]], 3, classes)


def state_and_batch(run):
    """Return a first state and images at random, on the device."""
    rng = np.random.default_rng(0)
    shardings = jax.tree.map(lambda x: x.sharding, abstract_state(run))
    state = jax.jit(partial(init_state, run.game, 0), out_shardings=shardings)()
    classes = len(run.config.data.class_names)

    def drawn(x):
        values = rng.integers(0, 256 if x.dtype == np.uint8 else classes, x.shape, x.dtype)
        return jax.device_put(values, x.sharding)

    return state, jax.tree.map(drawn, abstract_batch(run))


class Jaxgan:
    """One side: `run` times parts of the step, `facts` says what it took."""

    def __init__(self, config, batch: int, classes: int, variant: str, device: str):
        run = planned(config, classes)
        self.compiled = training_step(run).lower(abstract_state(run), abstract_batch(run)).compile()
        self.state, self.batch = state_and_batch(run)
        player, mine = run.game.players["generator"], self.state.players["generator"]
        self.counts = [
            sum(x.size for x in jax.tree.leaves(self.state.players[name].params))
            for name in ("generator", "discriminator")
        ]
        weights, _ = jax.jit(player.transform.apply)(
            self.state.averages["generator"], mine.transform_state
        )
        one = jax.tree.map(lambda x: x[0, 0], self.batch)
        side = player.side

        @jax.jit
        def moments(weights):
            drawn = run.game.source(Keys(jax.random.key(1))["moments"], one)
            return side.moments("call", {"params": weights}, *drawn)

        @compiler.jit
        def sample(variables, number):
            key = Keys(jax.random.fold_in(jax.random.key(2), number))["samples"]
            return side.calls["call"](variables, *run.game.source(key, one))

        self.variables = {"params": weights, "batch_stats": moments(weights)}
        self.sample, self.number = sample, 0

    def run(self, part: str, count: int) -> tuple[float, bool]:
        """Return the seconds of `count` calls, and whether what came out is finite."""
        began, found = time.perf_counter(), None
        for _ in range(count):
            if part == "step":
                self.state, found = self.compiled(self.state, self.batch)
            else:
                self.number += 1
                found = self.sample(self.variables, np.int32(self.number))
        jax.block_until_ready((self.state, found))
        took = time.perf_counter() - began
        return took, all(np.isfinite(x).all() for x in map(np.asarray, jax.tree.leaves(found)))

    def facts(self) -> dict:
        """Return the card, bytes at the peak of a step, and launches of a step."""
        device = jax.devices()[0]
        in_use = (device.memory_stats() or {}).get("peak_bytes_in_use")
        return {
            "version": f"jaxgan, jax {jax.__version__}",
            "card": device.device_kind,
            "memory": compile_report.memory(self.compiled)["peak"],
            "memory_in_use": in_use,
            "launches": cost.launches(Program(self.compiled.as_text())),
        }
