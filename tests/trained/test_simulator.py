"""A generator of numbers: samples by index and number, sheets and files, what is refused."""

import types

import jax
import numpy as np
import pytest

from jaxgan.config import default_config
from jaxgan.media.showers import Layers, showers
from jaxgan.media.showers import assumed as facts
from jaxgan.models import calogan
from jaxgan.trained.sample.numbers import sample_numbers
from jaxgan.trained.simulator import Simulator, is_simulator
from jaxgan.training.run import with_facts
from tests.models.networks import shapes_of


@pytest.fixture(scope="module")
def simulator():
    config = default_config("calogan", "calogan")
    config.data.update(medium="showers", size=(505,))
    config.model.update(latent_dim=3, unfolded=2, local_widths=(2, 2), judged_widths=(2,) * 4)
    config.sample.update(columns=2, standing_batches=1, standing_batch=8)
    config = with_facts(config, **facts(config, 3, 1))
    assert is_simulator(config)
    spec = showers().spec._replace(noise=jax.ShapeDtypeStruct((3,), np.float32))
    rng = np.random.default_rng(0)
    side = calogan.networks(config.model, spec)["generator"]
    leaf = lambda x: rng.normal(size=x.shape).astype(x.dtype)
    return Simulator(config, jax.tree.map(leaf, shapes_of(side)), step=7)


def test_a_sample_depends_on_its_index_and_its_number_alone(simulator):
    both = simulator.sample([20.0, 90.0], seed=3)
    assert isinstance(both, Layers) and both.layer_1.shape == (2, 12, 12)
    other = simulator.sample([20.0, 20.0], seed=3)
    for a, c in zip(both, other, strict=True):
        np.testing.assert_allclose(a[0], c[0], atol=1e-4)
        assert (a >= 0).all()
    assert any((a[1] != c[1]).any() for a, c in zip(both, other, strict=True))
    many = simulator.sample(np.full(70, 20.0), seed=3)  # in more than one part
    for a, c in zip(many, simulator.sample(np.full(66, 20.0), seed=3), strict=True):
        assert len(a) == 70
        np.testing.assert_allclose(a[:66], c, atol=1e-4)
    assert repr(simulator) == "Simulator(calogan, 1 to 100, step 7)"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([0.5], "numbers: write values from 1 to 100"),
        ([float("nan")], "numbers: write values from 1 to 100"),
        ([], r"numbers are \[0\]: write \[n\] with n above 0"),
        ([[5.0]], r"numbers are \[1, 1\]: write \[n\]"),
    ],
)
def test_what_is_no_number_of_the_training_is_refused(simulator, numbers, words):
    with pytest.raises(ValueError, match=words):
        simulator.sample(numbers)


def options(**fields):
    given = {"kind": "classes", "output": "", "seed": 0, "columns": 0, "count": 2, "seeds": ""}
    given |= {"classes": "", "truncation": "", "truncations": ""}
    return types.SimpleNamespace(**given | fields)


def test_sheets_and_files(simulator, tmp_path, capsys):
    assert sample_numbers(simulator, options(output=str(tmp_path / "a.png"))) == 0
    assert "rows of 1, 25.75, 50.5, 75.25, 100" in capsys.readouterr().out
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert sample_numbers(simulator, options(kind="images", output=str(tmp_path / "out"))) == 0
    lines = (tmp_path / "out" / "numbers.csv").read_text().splitlines()
    assert lines[0] == "name,number" and len(lines) == 3
    name, number = lines[2].split(",")
    with np.load(tmp_path / "out" / name) as file:
        one = simulator.sample([float(lines[1].split(",")[1]), float(number)])
        np.testing.assert_allclose(file["layer_0"], one.layer_0[1], rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="--columns=-3: write 1 or more"):
        sample_numbers(simulator, options(columns=-3))
    with pytest.raises(ValueError, match="--kind=walk: samples are made from numbers"):
        sample_numbers(simulator, options(kind="walk"))
    with pytest.raises(ValueError, match="--classes=3: samples are made from numbers"):
        sample_numbers(simulator, options(classes="3"))
