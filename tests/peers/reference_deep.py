"""BigGAN-deep in PyTorch, written from the formulas of its paper (arXiv 1809.11096, appendix B).

With a slope of 0.2 these are LOGAN's networks. Names of parameters are nobody's.
"""

import itertools
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from tests.peers.reference import Attention, ConditionalNorm, Embedding, Linear, PlainNorm, conv


def activation(slope):
    return partial(F.leaky_relu, negative_slope=slope) if slope else F.relu


class GBlock(nn.Module):
    def __init__(self, a, b, condition, up, slope, eps):
        super().__init__()
        inner, self.up, self.kept, self.act = a // 4, up, b, activation(slope)
        channels = (a, inner, inner, inner)
        self.norms = nn.ModuleList(ConditionalNorm(n, condition, eps) for n in channels)
        sizes = ((a, inner, 1), (inner, inner, 3), (inner, inner, 3), (inner, b, 1))
        self.convs = nn.ModuleList(conv(*size) for size in sizes)

    def forward(self, x, condition):
        up = (lambda a: F.interpolate(a, scale_factor=2)) if self.up else (lambda a: a)
        h = x
        for i, (norm, convolution) in enumerate(zip(self.norms, self.convs, strict=True)):
            h = self.act(norm(h, condition))
            h = convolution(up(h) if i == 1 else h)
        return h + up(x[:, : self.kept])


class Generator(nn.Module):
    """widths: channels of each resolution from 4 x 4 on. attention: after which resolution."""

    def __init__(
        self,
        widths,
        latent_dim,
        classes,
        embedding_dim,
        attention=None,
        made=3,
        slope=0.0,
        eps=1e-4,
    ):
        super().__init__()
        condition = embedding_dim + latent_dim
        self.shared = nn.Embedding(classes, embedding_dim)
        self.linear = Linear(condition, 16 * widths[0]).with_vector()
        blocks = []
        for i, (a, b) in enumerate(itertools.pairwise(widths)):
            make = partial(GBlock, condition=condition, slope=slope, eps=eps)
            blocks += [make(a, a, up=False), make(a, b, up=True)]
            blocks += [Attention(b)] * (i == attention)
        self.blocks = nn.ModuleList(blocks)
        self.norm, self.act = PlainNorm(widths[-1], eps), activation(slope)
        self.to_image = conv(widths[-1], made)

    def forward(self, z, labels):
        condition = torch.cat([self.shared(labels), z], 1)
        h = self.linear(condition).unflatten(1, (-1, 4, 4))
        for block in self.blocks:
            h = block(h, condition)
        return self.to_image(self.act(self.norm(h)))[:, :3].tanh()


class DBlock(nn.Module):
    def __init__(self, a, b, down, slope):
        super().__init__()
        inner, self.act = b // 4, activation(slope)
        self.pool = (lambda x: F.avg_pool2d(x, 2)) if down else (lambda x: x)
        sizes = ((a, inner, 1), (inner, inner, 3), (inner, inner, 3))
        self.convs = nn.ModuleList(conv(*size) for size in sizes)
        self.last = conv(inner, b, 1)
        self.missing = conv(a, b - a, 1) if b > a else None

    def forward(self, x):
        h = x
        for convolution in self.convs:
            h = convolution(self.act(h))
        h, skip = self.last(self.pool(self.act(h))), self.pool(x)
        if self.missing is not None:
            skip = torch.cat([skip, self.missing(skip)], 1)
        return h + skip


class Discriminator(nn.Module):
    def __init__(self, widths, downsamples, classes, attention=None, slope=0.0):
        super().__init__()
        blocks = []
        for i, (a, b) in enumerate(itertools.pairwise(widths)):
            blocks += [DBlock(a, b, i < downsamples, slope), DBlock(b, b, False, slope)]
            blocks += [Attention(b)] * (i == attention)
        self.stem, self.blocks = conv(3, widths[0]), nn.ModuleList(blocks)
        self.act = activation(slope)
        self.linear = Linear(widths[-1], 1).with_vector()
        self.embed = Embedding(classes, widths[-1]).with_vector()

    def forward(self, x, labels):
        h = self.stem(x)
        for block in self.blocks:
            h = block(h)
        features = self.act(h).sum((2, 3))
        return self.linear(features)[:, 0] + (self.embed(labels) * features).sum(1)
