"""Speed of training: our steps against the same networks, losses and optimiser in PyTorch.

    pip install torch==2.13.0
    python -m tests.peers.benchmark_step --net="32 px, width 16" --rounds=5

All sides train BigGAN (reference.py: parameter counts are asserted to be equal), hinge loss, Adam,
orthogonal regularisation, average, one discriminator and one generator step, float32, latents drawn
inside the step, the same number of threads, each in a process of its own, as its users run it. They
take turns, one timed call each a round, after a first call that is shown apart (compilation).
PyTorch runs eager, with channels_last, compiled, and both: the best of them is the opponent.
`LOGAN` is the same step with the natural-gradient latent step in both players; PyTorch compiles no
second derivatives, so it takes part as it is and with channels_last.
"""

import argparse
import multiprocessing
import time
from functools import partial

import jax
import numpy as np
import torch

from jaxgan.build import build
from jaxgan.config import default_config
from jaxgan.devices import compiler
from jaxgan.game import steps
from jaxgan.game.game import Batch, bind, init_state
from jaxgan.game.keys import Keys
from tests.peers import reference
from tests.tiny import spec_of

CLASSES, RATES, BETAS, EPS = 10, (1e-4, 4e-4), (0.0, 0.999), 1e-8
ORTHOGONAL, DECAY = 1e-4, 0.999
LOGAN = {"alpha": 0.9, "beta": 5.0}
# size, multiples of the width (generator, discriminator), halvings, attention after block (g, d),
# width, latents, batch
SMALL = (32, (4, 4, 4, 4), (4, 4, 4, 4), 2, (None, None))
NETS = {
    "32 px, width 16": (*SMALL, 16, 128, 50),
    "32 px, width 64": (*SMALL, 64, 128, 50),
    "128 px, width 16": (
        *(128, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5, (3, 0)),
        *(16, 120, 8),
    ),
}


class Logan(reference.Trainer):
    """The reference step on latents after one natural-gradient step, with its second order."""

    def improved(self, z, labels):
        z = z.requires_grad_()
        (slope,) = torch.autograd.grad(
            self.d(self.g(z, labels), labels).sum(), z, create_graph=True
        )
        return z + LOGAN["alpha"] * slope / (LOGAN["beta"] + slope.square().sum(1, keepdim=True))

    def d_step(self, images, labels, z, fake_labels):
        self.phase(self.d, self.g)
        fakes = self.g(self.improved(z, fake_labels), fake_labels)
        both = self.d(torch.cat([fakes, images]), torch.cat([fake_labels, labels]))
        fake, real = both.split([len(fakes), len(images)])
        ((1 - real).relu().mean() + (1 + fake).relu().mean()).backward()
        self.d_adam.step()

    def g_step(self, z, labels):
        super().g_step(self.improved(z, labels), labels)


def pytorch(net, variant, logan):
    """Return {part: function} of one PyTorch variant, and its parameter counts."""
    size, g_widths, d_widths, halvings, (g_at, d_at), width, latent_dim, batch = net
    torch.manual_seed(0)
    g = reference.Generator([m * width for m in g_widths], latent_dim, CLASSES, 128, g_at)
    d = reference.Discriminator([m * width for m in d_widths], halvings, CLASSES, d_at)
    images, labels = torch.rand(batch, 3, size, size) * 2 - 1, torch.randint(0, CLASSES, (batch,))
    if "channels_last" in variant:
        g, d = (m.to(memory_format=torch.channels_last) for m in (g, d))
        images = images.to(memory_format=torch.channels_last)
    if "compile" in variant:
        g.compile()
        d.compile()
    kind = Logan if logan else reference.Trainer
    trainer = kind(g, d, RATES, BETAS, EPS, 4 * ORTHOGONAL, DECAY, False)

    def d_step():
        trainer.d_step(
            images, labels, torch.randn(batch, latent_dim), torch.randint(0, CLASSES, (batch,))
        )

    def g_step():
        trainer.g_step(torch.randn(batch, latent_dim), torch.randint(0, CLASSES, (batch,)))

    def whole():
        d_step()
        g_step()

    @torch.no_grad()
    def sample():
        g(torch.randn(batch, latent_dim), labels)

    count = [sum(p.numel() for p in m.parameters()) for m in (g, d)]
    return {"step": whole, "D step": d_step, "G step": g_step, "sampling": sample}, count


def ours(net, logan):
    """Return {part: function} of jaxgan, and its parameter counts."""
    size, g_widths, d_widths, halvings, (g_at, d_at), width, latent_dim, batch = net
    config = default_config()
    config.data.size = (size, size)
    config.model.update(width=width, latent_dim=latent_dim, discriminator_downsamples=halvings)
    config.model.update(generator_widths=g_widths, discriminator_widths=d_widths)
    config.model.update(generator_attention=0 if g_at is None else 8 << g_at)
    config.model.update(discriminator_attention=0 if d_at is None else size >> (d_at + 1))
    for side, rate in zip((config.generator, config.discriminator), RATES, strict=True):
        side.learning_rate = rate
    config.generator.orthogonal, config.average.decay = ORTHOGONAL, DECAY
    if logan:
        config.latent_step.update(name="natural_gradient", fraction=1.0, cost=0.0, **LOGAN)
    config.train.num_d_steps = 1
    game = build(config, spec_of((size, size, 3), CLASSES))
    state = jax.jit(partial(init_state, game, 0))()
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (1, 1, batch, size, size, 3)).astype(np.float32)
    labels = rng.integers(0, CLASSES, (1, 1, batch)).astype(np.int32)
    batches = jax.device_put(Batch(images, labels))
    one = jax.tree.map(lambda x: x[0], batches)  # what a player's step takes, [1, batch, ...]
    jit = partial(
        jax.jit, donate_argnums=0, compiler_options=compiler.compiler_options(jax.devices()[0])
    )
    whole = jit(lambda state: steps.train_step(game, state, batches)[0])
    d_step, g_step = (
        jit(
            lambda state, step=step: step(game, state, one, state.key)[0].replace(
                step=state.step + 1
            )
        )
        for step in (steps.d_step, steps.g_step)
    )

    def sampled(state):
        weights, _ = game.players["generator"].transform.apply(
            state.averages["generator"], state.players["generator"].transform_state
        )
        generator = bind(game.players["generator"].side, weights)
        examples = jax.tree.map(lambda x: x[0], one)
        return generator.call(*game.source(Keys(state.key)["samples"], examples))

    sample = jax.jit(sampled, compiler_options=compiler.compiler_options(jax.devices()[0]))
    held = {"state": state}

    def run(step):
        held["state"] = jax.block_until_ready(step(held["state"]))

    count = [
        sum(x.size for x in jax.tree.leaves(s.params))
        for s in (state.players["generator"], state.players["discriminator"])
    ]
    return {
        "step": partial(run, whole),
        "D step": partial(run, d_step),
        "G step": partial(run, g_step),
        "sampling": lambda: jax.block_until_ready(sample(held["state"])),
    }, count


def serve(connection, name, net, logan):
    """Be one side: send the parameter counts, then run and time what is asked for."""
    parts, count = ours(net, logan) if name == "jaxgan" else pytorch(net, name, logan)
    connection.send(count)
    while part := connection.recv():
        began, used = time.perf_counter(), time.process_time()
        parts[part]()
        connection.send((time.perf_counter() - began, time.process_time() - used))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=NETS, default="32 px, width 16")
    parser.add_argument("--parts", default="step,D step,G step,sampling")
    parser.add_argument("--variants", default="eager,channels_last,compile,compile channels_last")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--logan", action="store_true")
    args = parser.parse_args()
    processes, sides = multiprocessing.get_context("spawn"), {}
    for name in ("jaxgan", *args.variants.split(",")):
        sides[name], theirs = processes.Pipe()
        arguments = (theirs, name, NETS[args.net], args.logan)
        processes.Process(target=serve, args=arguments, daemon=True).start()
    counts = {name: side.recv() for name, side in sides.items()}
    assert len({tuple(c) for c in counts.values()}) == 1, counts
    generator, discriminator = counts["jaxgan"]
    print(f"{args.net}{', LOGAN' if args.logan else ''}: G {generator:,}, D {discriminator:,}; ")
    print(f"{torch.get_num_threads()} threads, {args.rounds} rounds, medians\n")
    print("| part | side | first call s | wall s | of the best PyTorch | processor s |")
    print("|---|---|---|---|---|---|")
    for part in args.parts.split(","):
        times = {name: [] for name in sides}
        for _ in range(args.rounds + 1):
            for name, side in sides.items():
                side.send(part)
                times[name].append(side.recv())
        medians = {name: np.median(t[1:], axis=0) for name, t in times.items()}
        best = min(wall for name, (wall, _) in medians.items() if name != "jaxgan")
        for name, (wall, used) in medians.items():
            first = times[name][0][0]
            print(
                f"| {part} | {name} | {first:.1f} | {wall:.3f} | {wall / best:.2f} | {used:.2f} |"
            )
    for side in sides.values():
        side.send("")  # the end


if __name__ == "__main__":
    main()
