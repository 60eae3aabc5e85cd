"""A LAPGAN from coarse to fine (arXiv 1506.05751, figure 3), and one level beyond its data.

    python -m tests.demos.pyramid runs/lapgan [pyramid.png]

A column is one sample: the coarsest image, then with the detail of each level, brought to one size;
in the last row the finest level is applied once more, to an image twice as large as the data's.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import jaxgan
from jaxgan.media.pictures import captioned, save_picture
from jaxgan.media.pixels import to_stored


def main(run: str, output: str = "pyramid.png", columns: int = 10) -> None:
    g = jaxgan.load(run)
    height, width, _ = g.image_shape
    z, labels = jnp.asarray(g.latents(range(columns))), jnp.zeros(columns, jnp.int32)
    noise = jax.random.normal(jax.random.key(0), (columns, 2 * height, 2 * width))
    variables, calls = g.variables(), g.side.calls
    images = jax.jit(calls["stages"])(variables, z, labels)
    images = [*images, jax.jit(calls["beyond"])(variables, z, labels, noise)]
    rows = [np.asarray(x).repeat(len(images[-1][0]) // len(x[0]), 1) for x in images]
    rows = [x.repeat(2 * width // x.shape[2], 2) for x in rows]
    names = [f"{x.shape[1]} x {x.shape[2]}" for x in images]
    save_picture(Path(output), captioned(to_stored(np.concatenate(rows)), columns, names))
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
