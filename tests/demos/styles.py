"""A StyleGAN's styles (arXiv 1812.04948, figures 3 to 5 and 8): a mixing grid, truncation, noise.

    python -m tests.demos.styles runs/stylegan [styles.png]

The first row are samples; below, each takes the styles of the sample at the row's left in some
layers: the coarse ones (4 and 8 pixels), then the fine ones. Then truncation in w,
w' = mean + psi (w - mean), with the mean over 1,000 w, and the first sample with its noise drawn
again and again, and how much each pixel varies then.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jaxgan
from jaxgan.media.pictures import captioned, save_picture
from jaxgan.media.pixels import to_stored
from jaxgan.trained.generator import TrainedGenerator

COLUMNS, SOURCES = 8, 2
PSIS = (1.0, 0.7, 0.4, 0.0)


def networks(g: TrainedGenerator):
    """Return styles(latents) and synthesise(styles, latents) of a trained generator."""
    variables, calls = g.variables(), g.side.calls
    styles = jax.jit(lambda z: calls["styles"](variables, z, None))
    return styles, jax.jit(lambda w, z: calls["synthesise"](variables, w, z))


def rows(g: TrainedGenerator) -> list[tuple[str, np.ndarray]]:
    """Return captions and rows of COLUMNS images [n, h, w, c]."""
    styles, synthesise = networks(g)
    z = jnp.asarray(g.latents(range(COLUMNS)))
    w, layers = styles(z), np.arange(styles(z).shape[1])[None, :, None]
    drawn = [("samples", synthesise(w, z))]
    for i in range(SOURCES):
        source = jnp.asarray(g.latents([COLUMNS + i]))
        other = styles(source)
        drawn.append((f"source {i + 1}", jnp.repeat(synthesise(other, source), COLUMNS, 0)))
        for name, taken in (("its coarse styles", layers < 4), ("its fine styles", layers >= 4)):
            drawn.append((name, synthesise(jnp.where(taken, other, w), z)))
    mean = styles(jnp.asarray(g.latents(range(1000), seed=1))).mean(0, keepdims=True)
    drawn += [(f"truncation psi = {psi:g}", synthesise(mean + psi * (w - mean), z)) for psi in PSIS]
    style_dim = g.config.model.style_dim
    others = jnp.asarray(g.latents(range(COLUMNS), seed=2)).at[:, :style_dim].set(z[0, :style_dim])
    varied = synthesise(jnp.broadcast_to(w[:1], w.shape), others)
    spread = varied.std(0)
    drawn.append(("the first, other noise", varied))
    shade = jnp.broadcast_to(2 * spread / spread.max() - 1, varied.shape)
    drawn.append((f"deviation, up to {float(spread.max()):.2f}", shade))
    return [(name, np.asarray(images)) for name, images in drawn]


def main(run: str, output: str = "styles.png") -> None:
    captions, images = zip(*rows(jaxgan.load(run)), strict=True)
    page = captioned(to_stored(np.concatenate(images)), COLUMNS, captions)
    save_picture(Path(output), page.quantize())  # 256 colours: half the bytes
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
