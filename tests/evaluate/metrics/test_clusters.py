import math

import numpy as np
import pytest
from scipy import stats

from jaxgan.evaluate.metrics.clusters import normalised_mutual_information, purity


def test_of_partitions_that_determine_each_other():
    a = np.random.default_rng(0).integers(0, 5, 100)
    assert normalised_mutual_information(a, 7 - a) == pytest.approx(1.0)
    assert normalised_mutual_information(np.zeros(4, int), np.ones(4, int)) == 1.0


def test_of_independent_partitions():
    a, b = (x.ravel() for x in np.meshgrid(np.arange(3), np.arange(4)))
    assert normalised_mutual_information(a, b) == pytest.approx(0.0, abs=1e-12)


def test_by_hand():
    """Halves against quarters: I = log 2, entropies log 2 and log 4, so 2 / 3."""
    quarters = np.arange(8) // 2
    assert normalised_mutual_information(quarters // 2, quarters) == pytest.approx(2 / 3)


def test_against_scipy():
    """I as the divergence of the joint from the product, and as half of the G statistic."""
    rng = np.random.default_rng(1)
    a = rng.integers(0, 6, 300)
    b = np.where(rng.random(300) < 0.6, a // 2, rng.integers(0, 4, 300))
    counts = stats.contingency.crosstab(a, b).count
    joint = counts / 300
    rows, columns = joint.sum(1), joint.sum(0)
    information = stats.entropy(joint.ravel(), np.outer(rows, columns).ravel())
    expected = information / ((stats.entropy(rows) + stats.entropy(columns)) / 2)
    found = normalised_mutual_information(a, b)
    assert found == pytest.approx(expected) == normalised_mutual_information(b, a)
    g = stats.chi2_contingency(counts, correction=False, lambda_="log-likelihood").statistic
    assert math.isclose(information, g / 600, rel_tol=1e-9)


def test_purity_and_refusal():
    assert purity(np.array([0, 0, 0, 1, 1]), np.array([2, 2, 1, 0, 0])) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="3 labels and 2: give as many of both"):
        normalised_mutual_information(np.zeros(3, int), np.zeros(2, int))
