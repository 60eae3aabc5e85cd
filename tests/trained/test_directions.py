"""Directions: the measured first layers are the weights; the strongest move them most."""

import numpy as np
import pytest

from jaxgan.trained import directions
from tests.tiny import tiny_generator, tiny_tabulated


def test_the_measured_matrix_is_made_of_the_kernels():
    """BigGAN: the first chunk feeds `linear`, the second both batch norms of the block."""
    g = tiny_tabulated()
    first = np.asarray(g.weights["linear"]["kernel"]).T  # [outputs, 6]
    block = g.weights["block_0"]
    second = [
        np.asarray(block[norm][name]["kernel"])[8:].T  # after the class embedding
        for norm in ("norm_0", "norm_1")
        for name in ("gain", "bias")
    ]
    expected = np.zeros((2, 12, 12))
    expected[0, :6, :6] = first.T @ first
    expected[1, 6:, 6:] = sum(m.T @ m for m in second)
    for layer, product in zip(("", "block_0"), expected, strict=True):
        matrix = directions.first_layer(g, layer)
        np.testing.assert_allclose(matrix.T @ matrix, product, atol=1e-4)  # float32 differences
    with pytest.raises(ValueError, match=r"--layer=blok: write one of linear, block_0"):
        directions.first_layer(g, "blok")


def test_factorised_directions_are_the_singular_vectors():
    g = tiny_tabulated()
    found = directions.factorised(g, 6)
    _, values, vectors = np.linalg.svd(directions.first_layer(g), full_matrices=False)
    values, vectors = values[:6], vectors[:6]  # of the first chunk: there are no others
    np.testing.assert_allclose(found.strengths, values**2 / (values**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(np.abs((found.vectors * vectors).sum(1)), 1, atol=1e-3)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-5)
    assert np.abs(found.vectors[:, 6:]).max() < 1e-3


@pytest.mark.slow
def test_components_of_the_first_layer_are_its_factorisation():
    """For normal latents the covariance of A z + b is A A^T: the same directions."""
    g = tiny_tabulated()
    kernel = np.asarray(g.weights["linear"]["kernel"])
    _, _, vectors = np.linalg.svd(kernel.T, full_matrices=False)
    found = directions.principal(g, 1, layer="linear", samples=4096)
    # 4096 samples: covariances to 2 percent, and the other chunk's noise in the regression.
    assert abs(found.vectors[0, :6] @ vectors[0]) > 0.97
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1, abs=1e-6)


def test_principal_components_of_a_block_explain_the_most():
    found = directions.principal(tiny_tabulated(), 4, samples=128)
    assert found.vectors.shape == (4, 12) and (np.diff(found.strengths) <= 0).all()
    assert 0 < found.strengths.sum() <= 1
    with pytest.raises(ValueError, match=r"--layer=blok: write one of linear, block_0"):
        directions.principal(tiny_tabulated(), 1, layer="blok", samples=128)


def test_strips_move_one_latent_along_each_direction():
    g = tiny_tabulated()
    found = directions.factorised(g, 2)
    rows = directions.strips(g, found, label=3, seed=5, truncation=0.5, reach=4.0, columns=5)
    z = g.latents([0], 5, 0.5)[0]
    np.testing.assert_allclose(rows[1].latents[0], z - 4 * found.vectors[1], atol=1e-6)
    np.testing.assert_allclose(rows[1].latents[2], z, atol=1e-6)
    assert rows[1].labels.tolist() == [3] * 5 and rows[1].caption.startswith("Bag 1 (")


def test_a_network_that_is_not_affine_is_refused(monkeypatch):
    def outputs(function):
        return lambda g, z, wanted: {("linear",): function(z)}

    monkeypatch.setattr(directions, "_activations", outputs(np.tanh))
    with pytest.raises(ValueError, match=r"not affine in the latents; write --method=principal"):
        directions.factorised(tiny_generator(), 2)
    monkeypatch.setattr(directions, "_activations", outputs(np.ones_like))
    with pytest.raises(ValueError, match=r"no linear layer there sees the latents; write"):
        directions.factorised(tiny_generator(), 2)
