"""The reference networks and their training step as an expert writes them in PyTorch for a card.

    channels_last, bfloat16 by autocast, batch norm and attention by PyTorch's own kernels (cuDNN,
    flash attention), spectral norm in float32 on a view of the kernel, the smaller Gram matrix in
    orthogonal regularisation, no gradients for the opponent's weights, fused Adam, the average in
    one call, nothing that waits for the card; for sampling the normalised weights are kept in
    bfloat16.

`install` puts the forms in place of the reference's, with equal results up to rounding. Fused
attention has no second derivative, so LOGAN's is the reference's; nor does torch.compile.
"""

import copy
import time

import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from jaxgan.models.biggan import ATTENTION, DISCRIMINATOR_WIDTHS, GENERATOR_WIDTHS
from jaxgan.models.halvings import doublings
from tests.peers import reference, reference_deep


def weights(self):
    with torch.autocast(self.weight.device.type, enabled=False):
        w = self.weight
        matrix = w.permute(0, 2, 3, 1).flatten(1) if w.ndim == 4 else w  # a view if channels_last
        with torch.no_grad():
            v = reference.unit(self.u0[0] @ matrix, self.eps)
            u = reference.unit(matrix @ v, self.eps)
            if self.moves:
                self.u0[0] = u
        return w / torch.dot(u, matrix @ v)


def normal(self, x, gain=None, bias=None):
    kept = (None, None) if self.training else (self.stored_mean, self.stored_var)
    return F.batch_norm(x, *kept, gain, bias, training=self.training, eps=self.eps)


def plain_norm(self, x):
    return normal(self, x, self.gain, self.bias)


def conditional_norm(self, x, condition):
    gain, bias = 1 + self.gain(condition), self.bias(condition)
    return torch.addcmul(bias[..., None, None], normal(self, x), gain[..., None, None])


def attention(self, x, *_):
    queries = self.theta(x).flatten(2).mT
    keys, values = (F.max_pool2d(p(x), 2).flatten(2).mT for p in (self.phi, self.g))
    missing = values.shape[2] - queries.shape[2]  # the kernels want one size
    queries, keys = (F.pad(t, (0, missing))[:, None] for t in (queries, keys))
    mixed = F.scaled_dot_product_attention(queries, keys, values[:, None], scale=1.0)[:, 0]
    return x + self.gamma * self.o(mixed.mT.unflatten(2, x.shape[2:]))


FORMS = [
    (reference.Normalised, "weights", weights),
    (reference.PlainNorm, "forward", plain_norm),
    (reference.ConditionalNorm, "forward", conditional_norm),
    (reference.Attention, "forward", attention),
]


def install(second_order):
    for owner, name, form in FORMS:
        if owner is not reference.Attention or not second_order:
            setattr(owner, name, form)


class Trainer(reference.Trainer):
    def phase(self, mine, theirs):
        super().phase(mine, theirs)
        mine.requires_grad_(True)
        theirs.requires_grad_(False)  # no gradients of weights that stay

    @torch.no_grad()
    def regularise(self):
        """The same gradient by the smaller Gram matrix: W W^T W - diag(|w_i|^2) W."""
        for name, p in self.g.named_parameters():
            if p.ndim < 2 or name.startswith("shared") or not self.orthogonal:
                continue
            rows = p.permute(0, 2, 3, 1).flatten(1) if p.ndim == 4 else p
            is_tall = len(rows) > rows.shape[1]
            extra = rows @ (rows.T @ rows) if is_tall else rows @ rows.T @ rows
            extra -= rows.square().sum(1, keepdim=True) * rows
            if p.ndim == 4:
                kernel = p.permute(0, 2, 3, 1).shape
                extra = extra.view(kernel).permute(0, 3, 1, 2)
            p.grad.add_(extra, alpha=self.orthogonal)

    @torch.no_grad()
    def move_average(self):
        params = [p for _, p in self.g.named_parameters()]
        torch._foreach_lerp_(list(self.average.values()), params, 1 - self.decay)


class Logan(Trainer):
    """With the natural-gradient step of arXiv 1912.00953 on a share of the latents."""

    step: dict  # the config's section latent_step

    def improved(self, z, labels):
        """Return the latents after the step, and their squared change [b]."""
        z = z.requires_grad_().clone()  # no leaf: FlopCounterMode refuses a gradient by one
        slope = torch.autograd.grad(self.d(self.g(z, labels), labels).sum(), z, create_graph=True)[
            0
        ].float()
        slope = torch.cat([slope[:, : self.chosen(z)], 0 * slope[:, self.chosen(z) :]], 1)
        size = self.step["beta"] + slope.square().sum(1, keepdim=True)
        change = self.step["alpha"] * slope / size
        return (z + change).clamp(-1, 1), change.square().sum(1)

    def chosen(self, z):
        return round(self.step["fraction"] * z.shape[1])

    def d_step(self, images, labels, z, fake_labels):
        self.phase(self.d, self.g)
        fakes = self.g(self.improved(z, fake_labels)[0], fake_labels)
        both = self.d(torch.cat([fakes, images]), torch.cat([fake_labels, labels]))
        fake, real = both.split([len(fakes), len(images)])
        loss = (1 - real).relu().mean() + (1 + fake).relu().mean()
        loss.backward()
        self.d_adam.step()
        return loss.detach()

    def g_step(self, z, labels):
        self.phase(self.g, self.d)
        z, cost = self.improved(z, labels)
        loss = -self.d(self.g(z, labels), labels).mean() + self.step["cost"] * cost.mean()
        loss.backward()
        self.regularise()
        self.g_adam.step()
        self.move_average()
        return loss.detach()


def networks(config, classes):
    """Return generator and discriminator of a config of models `biggan` or `biggan_deep`."""
    model, size = config.model, config.data.size[0]
    n = doublings(size, size)
    places = ATTENTION.get(size, (0, 0))
    given = [model.generator_attention, model.discriminator_attention]
    g_at, d_at = (p if g is None else g for g, p in zip(given, places, strict=True))
    g_at = [8 << i for i in range(n)].index(g_at) if g_at else None
    d_at = [size >> (i + 1) for i in range(n)].index(d_at) if d_at else None
    g_widths = [m * model.width for m in GENERATOR_WIDTHS[n]]
    d_widths = [m * model.width for m in DISCRIMINATOR_WIDTHS[n]]
    inputs = (model.latent_dim, classes, model.embedding_dim, g_at)
    if model.name == "biggan":
        return (
            reference.Generator(g_widths, *inputs, model.batch_norm_eps),
            reference.Discriminator(d_widths, len(d_widths) - 1, classes, d_at),
        )
    made, slope = model.to_image_channels or 3, model.leaky_slope
    return (
        reference_deep.Generator(g_widths, *inputs, made, slope, model.batch_norm_eps),
        reference_deep.Discriminator(d_widths, len(d_widths) - 1, classes, d_at, slope),
    )


def trainer_of(config, g, d, orthogonal, fused):
    """Return the trainer that a config asks for; orthogonal: the strength of the penalty."""
    second_order = config.latent_step.name != "none"
    sides = (config.generator, config.discriminator)
    trainer = (Logan if second_order else Trainer)(
        *(g, d, [side.learning_rate for side in sides]),
        *((sides[0].b1, sides[0].b2), sides[0].eps, 4 * orthogonal),
        *(config.average.decay, False, fused),
    )
    trainer.step = config.latent_step.to_dict()
    return trainer


def steps_of(config, trainer, batch, classes, device):
    """Return a function that takes one step on images that stay where they are."""
    size, latent_dim = config.data.size[0], config.model.latent_dim
    images = torch.rand(batch, 3, size, size, device=device).mul(2).sub(1)
    images = images.to(memory_format=torch.channels_last)

    def latents():
        shape = (batch, latent_dim)
        if config.prior == "uniform":
            return torch.rand(shape, device=device).mul(2).sub(1)
        return torch.randn(shape, device=device)

    labels = lambda: torch.randint(0, classes, (batch,), device=device)
    real = labels()

    def step():
        d_loss = trainer.d_step(images, real, latents(), labels())
        return d_loss + trainer.g_step(latents(), labels())

    return step, latents, labels


def plain_operations(config, classes):
    """Return {"step", "sampling"}: operations an image of the network as it is written down.

    2 x the multiplications of products and convolutions, forward and backward, counted by PyTorch
    without computing: no spectral norm's, no regulariser's.
    """
    with torch.device("meta"):
        g, d = networks(config, classes)
        trainer = trainer_of(config, g, d, 0.0, False)
        step, latents, labels = steps_of(config, trainer, 2, classes, "meta")
        found = {}
        with FlopCounterMode(display=False) as counter:
            step()
        found["step"] = counter.get_total_flops() // 2
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            g(latents(), labels())
        found["sampling"] = counter.get_total_flops() // 2
    return found


def baked(g):
    """Return a copy for sampling, in bfloat16, with normalised weights and kept moments."""
    g = copy.deepcopy(g).eval()
    reference.moves(g, False)
    found = {m: m.weights() for m in g.modules() if isinstance(m, reference.Normalised)}
    g = g.bfloat16()
    for module, w in found.items():
        w = w.detach().bfloat16()
        module.weights = lambda w=w: w
    return g


class PyTorch:
    """One side of benchmark_gpu.py: `run` times parts of the step, `facts` says what it took.

    variant: eager, compiled, or another mode of torch.compile such as reduce-overhead.
    """

    def __init__(self, config, batch, classes, variant, device):
        if device == "cuda" and not torch.cuda.is_available():
            raise RuntimeError("this PyTorch has no CUDA")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        torch.manual_seed(0)
        self.device, self.wait = device, torch.cuda.synchronize if device == "cuda" else lambda: 0
        second_order = config.latent_step.name != "none"
        install(second_order)
        layout = {"memory_format": torch.channels_last}
        g, d = (net.to(device, **layout) for net in networks(config, classes))
        sampler = baked(g)
        if variant != "eager":
            mode = None if variant == "compiled" else variant
            for net in (g, d, sampler):
                net.compile(mode=mode)
        trainer = trainer_of(config, g, d, config.generator.orthogonal, True)
        step, latents, labels = steps_of(config, trainer, batch, classes, device)
        self.counts = [sum(p.numel() for p in net.parameters()) for net in (g, d)]

        def cast_step():
            with torch.autocast(device, torch.bfloat16):
                return step()

        def sample():
            with torch.no_grad():
                return sampler(latents().bfloat16(), labels())

        self.parts = {"step": cast_step, "sampling": sample}

    def run(self, part, count):
        """Return the seconds of `count` calls, and whether what came out is finite."""
        self.wait()
        began = time.perf_counter()
        for _ in range(count):
            found = self.parts[part]()
        self.wait()
        return time.perf_counter() - began, bool(found.isfinite().all())

    def facts(self):
        """Return the card, bytes at the peak of a step, and kernels of a step."""
        found = {"version": f"PyTorch {torch.__version__}", "memory": None, "launches": None}
        if self.device != "cuda":
            return found
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        self.run("step", 1)
        found |= {"card": torch.cuda.get_device_name(), "memory": torch.cuda.max_memory_allocated()}
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            self.run("step", 1)
        kernels = [e for e in profile.events() if e.device_type == torch.autograd.DeviceType.CUDA]
        return found | {"launches": len(kernels)}
