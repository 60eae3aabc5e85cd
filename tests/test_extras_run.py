"""ADA and a lazy penalty in a whole run: which step is taken when, and what survives a restart."""

import json

import numpy as np
import pytest

from jaxgan import train
from tests.test_configs import module
from tests.test_train import assert_same_run, final_state


def config(**fields):
    config = module("mlp_gan").get_config()
    config.data.size = (8, 8)
    config.model.update(latent_dim=4, generator_widths=(8,), discriminator_widths=(8,))
    config.penalty.update(name="r1", weight=0.5, every=3)
    # A target below all signs: p rises whatever D says.
    config.augmentation.update(name="ada", images=1000.0, target=-2.0)
    config.train.update(steps=8, batch=16, log_every=1, sample_every=10, checkpoint_every=4)
    config.watch.every = 0
    config.update_from_flattened_dict(fields)
    return config


def test_a_restart_continues_the_probability_and_the_penaltys_turn(tmp_path):
    assert train.train(config(), tmp_path / "whole") == 0
    assert train.train(config(**{"train.steps": 4}), tmp_path / "parts") == 0
    stats = final_state(tmp_path / "parts").discriminator.stats
    assert float(stats["augmentation"]["p"]) == pytest.approx(4 * 16 / 1000, rel=1e-5)
    assert train.train(config(), tmp_path / "parts") == 0
    assert_same_run(tmp_path / "whole", tmp_path / "parts", samples=())
    lines = (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in lines]
    assert [line["step"] for line in lines if "d/penalty" in line] == [3, 6]
    found = [line["d/augmentation_p"] for line in lines]
    np.testing.assert_allclose(found, np.arange(1, 9) * 16 / 1000, rtol=1e-5)
