"""BigGAN, its losses and one training step in PyTorch, written from the formulas for these tests.

Nothing here is taken from another project but the names of the parameters, which are those of the
authors' PyTorch code: so that a state dict of these networks is a file of theirs.

The two places where jaxgan and that code differ are switches of `Trainer`.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional as F


def unit(x, eps):
    return x / x.norm().clamp_min(eps)


class Normalised:
    """Spectral norm by one power iteration from u; `moves` says whether the new u is kept."""

    moves = True
    eps = 1e-4

    def with_vector(self):
        self.register_buffer("u0", torch.randn(1, len(self.weight)))
        return self

    def weights(self):
        matrix = self.weight.flatten(1)
        with torch.no_grad():
            v = unit(matrix.T @ self.u0[0], self.eps)
            u = unit(matrix @ v, self.eps)
            if self.moves:
                self.u0[0] = u
        return self.weight / (u @ matrix @ v)


class Conv(Normalised, nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weights(), self.bias, padding=self.kernel_size[0] // 2)


class Linear(Normalised, nn.Linear):
    def forward(self, x):
        return F.linear(x, self.weights(), self.bias)


class Embedding(Normalised, nn.Embedding):
    def forward(self, labels):
        return self.weights()[labels]


def conv(a, b, size=3, bias=True):
    return Conv(a, b, size, bias=bias).with_vector()


class BatchNorm(nn.Module):
    """Batch moments in training, with running averages beside; those at evaluation."""

    def __init__(self, channels, eps):
        super().__init__()
        self.eps = eps
        self.register_buffer("stored_mean", torch.zeros(channels))
        self.register_buffer("stored_var", torch.ones(channels))

    def normal(self, x):
        mean, var = self.stored_mean, self.stored_var
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            with torch.no_grad():
                self.stored_mean.lerp_(mean, 0.1)
                self.stored_var.lerp_(var, 0.1)
        shape = (1, -1, 1, 1)
        return (x - mean.view(shape)) / (var.view(shape) + self.eps).sqrt()


class PlainNorm(BatchNorm):
    def __init__(self, channels, eps):
        super().__init__(channels, eps)
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return self.normal(x) * self.gain.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class ConditionalNorm(BatchNorm):
    def __init__(self, channels, condition, eps):
        super().__init__(channels, eps)
        self.gain = Linear(condition, channels, bias=False).with_vector()
        self.bias = Linear(condition, channels, bias=False).with_vector()

    def forward(self, x, condition):
        gain, bias = 1 + self.gain(condition), self.bias(condition)
        return self.normal(x) * gain[..., None, None] + bias[..., None, None]


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.theta = conv(channels, channels // 8, 1, bias=False)
        self.phi = conv(channels, channels // 8, 1, bias=False)
        self.g = conv(channels, channels // 2, 1, bias=False)
        self.o = conv(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x, *_):
        queries = self.theta(x).flatten(2)  # [b, c / 8, h w]
        keys, values = (F.max_pool2d(p(x), 2).flatten(2) for p in (self.phi, self.g))
        weights = torch.softmax(torch.einsum("bcq,bck->bqk", queries, keys), -1)
        mixed = torch.einsum("bqk,bck->bcq", weights, values)
        return x + self.gamma * self.o(mixed.unflatten(2, x.shape[2:]))


class GBlock(nn.Module):
    def __init__(self, a, b, condition, eps):
        super().__init__()
        self.bn1, self.bn2 = ConditionalNorm(a, condition, eps), ConditionalNorm(b, condition, eps)
        self.conv1, self.conv2, self.conv_sc = conv(a, b), conv(b, b), conv(a, b, 1)

    def forward(self, x, condition):
        up = lambda a: F.interpolate(a, scale_factor=2, mode="nearest")
        h = self.conv1(up(self.bn1(x, condition).relu()))
        h = self.conv2(self.bn2(h, condition).relu())
        return h + self.conv_sc(up(x))


class Generator(nn.Module):
    """widths: channels of each resolution from 4 x 4 on. attention: after which block."""

    def __init__(self, widths, latent_dim, classes, embedding_dim, attention=None, eps=1e-4):
        super().__init__()
        self.chunk = latent_dim // len(widths)
        condition = embedding_dim + self.chunk
        self.shared = nn.Embedding(classes, embedding_dim)
        self.linear = Linear(self.chunk, 16 * widths[0]).with_vector()
        blocks = []
        for i, (a, b) in enumerate(itertools.pairwise(widths)):
            blocks.append([GBlock(a, b, condition, eps)] + [Attention(b)] * (i == attention))
        self.blocks = nn.ModuleList([nn.ModuleList(b) for b in blocks])
        self.output_layer = nn.Sequential(
            PlainNorm(widths[-1], eps), nn.ReLU(), conv(widths[-1], 3)
        )

    def forward(self, z, labels):
        first, *rest = z.split(self.chunk, 1)
        h = self.linear(first).unflatten(1, (-1, 4, 4))
        for block, chunk in zip(self.blocks, rest, strict=True):
            condition = torch.cat([self.shared(labels), chunk], 1)
            for part in block:
                h = part(h, condition)
        return self.output_layer(h).tanh()


class DBlock(nn.Module):
    def __init__(self, a, b, down, first):
        super().__init__()
        self.conv1, self.conv2 = conv(a, b), conv(b, b)
        self.conv_sc = conv(a, b, 1) if down or a != b else None
        self.down, self.first = down, first

    def forward(self, x):
        h = self.conv1(x if self.first else x.relu())
        h = self.conv2(h.relu())
        pool = (lambda a: F.avg_pool2d(a, 2)) if self.down else (lambda a: a)
        if self.conv_sc is None:
            return pool(h) + x
        return pool(h) + (self.conv_sc(pool(x)) if self.first else pool(self.conv_sc(x)))


class Discriminator(nn.Module):
    def __init__(self, widths, downsamples, classes, attention=None):
        super().__init__()
        blocks = []
        for i, (a, b) in enumerate(zip((3, *widths[:-1]), widths, strict=True)):
            parts = [DBlock(a, b, i < downsamples, i == 0)] + [Attention(b)] * (i == attention)
            blocks.append(nn.ModuleList(parts))
        self.blocks = nn.ModuleList(blocks)
        self.linear = Linear(widths[-1], 1).with_vector()
        self.embed = Embedding(classes, widths[-1]).with_vector()

    def forward(self, x, labels):
        for block in self.blocks:
            for part in block:
                x = part(x)
        features = x.relu().sum((2, 3))
        return self.linear(features)[:, 0] + (self.embed(labels) * features).sum(1)


def moves(network, yes):
    """Say whether a network keeps the vectors of its power iterations."""
    for module in network.modules():
        if isinstance(module, Normalised):
            module.moves = yes


class Trainer:
    """One step: the discriminator on hinge, the generator, the average of its parameters.

    both_move: both networks keep their vectors in both phases (the authors' code), or each in its
      own (jaxgan).
    orthogonal: the factor of (W W^T * (1 - I)) W: 4 times the strength for the gradient of the
      stated penalty, 2 in the authors' code.
    """

    def __init__(
        self, generator, discriminator, rates, betas, eps, orthogonal, decay, both_move, fused=None
    ):
        self.g, self.d = generator, discriminator
        self.orthogonal, self.decay, self.both_move = orthogonal, decay, both_move
        self.g_adam, self.d_adam = (
            torch.optim.Adam(net.parameters(), rate, betas, eps, fused=fused)
            for net, rate in zip((generator, discriminator), rates, strict=True)
        )
        self.average = {n: p.detach().clone() for n, p in generator.named_parameters()}

    def phase(self, mine, theirs):
        moves(mine, True)
        moves(theirs, self.both_move)
        mine.requires_grad_(True)
        theirs.requires_grad_(False)  # of the other network no gradient is wanted
        mine.zero_grad()

    def d_step(self, images, labels, z, fake_labels):
        self.phase(self.d, self.g)
        with torch.no_grad():
            fakes = self.g(z, fake_labels)
        both = self.d(torch.cat([fakes, images]), torch.cat([fake_labels, labels]))
        fake, real = both.split([len(fakes), len(images)])
        loss = (1 - real).relu().mean() + (1 + fake).relu().mean()
        loss.backward()
        self.d_adam.step()
        return loss.detach()

    def g_step(self, z, labels):
        self.phase(self.g, self.d)
        loss = -self.d(self.g(z, labels), labels).mean()
        loss.backward()
        self.regularise()
        self.g_adam.step()
        self.move_average()
        return loss.detach()

    @torch.no_grad()
    def regularise(self):
        for name, p in self.g.named_parameters():
            if p.ndim >= 2 and not name.startswith("shared"):
                rows = p.flatten(1)
                gram = rows @ rows.T
                extra = (gram - gram.diag().diag()) @ rows
                p.grad += self.orthogonal * extra.view_as(p)

    @torch.no_grad()
    def move_average(self):
        for name, p in self.g.named_parameters():
            self.average[name].mul_(self.decay).add_(p, alpha=1 - self.decay)
