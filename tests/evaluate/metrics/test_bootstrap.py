import numpy as np
import pytest

from jaxgan.evaluate.metrics.bootstrap import standard_error


def test_of_the_mean_is_the_textbook_value():
    values = np.random.default_rng(0).normal(size=500)
    found = standard_error(lambda rows: values[rows].mean(), 500, rounds=2000)
    assert found == pytest.approx(values.std() / np.sqrt(500), rel=0.06)  # 2000 rounds: 1.6%


def test_seed_and_rounds():
    values = np.random.default_rng(0).normal(size=50)

    def mean(rows):
        return values[rows].mean()

    assert standard_error(mean, 50, 10, seed=1) == standard_error(mean, 50, 10, seed=1)
    assert standard_error(mean, 50, 10, seed=1) != standard_error(mean, 50, 10, seed=2)
    with pytest.raises(ValueError, match="1 bootstrap rounds"):
        standard_error(mean, 50, 1)
