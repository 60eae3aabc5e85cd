"""ADA, a lazy penalty and fine-tuning in whole runs: which step is taken, what is kept."""

import json

import numpy as np
import pytest

from jaxgan.devices import compiler
from jaxgan.training import train
from tests.test_configs import module
from tests.training.test_train import assert_same_run, final_state


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """What one run has compiled, the next one need not."""
    compiler.enable_persistent_cache(tmp_path_factory.mktemp("cache"))


def config(**fields):
    config = module("mlp_gan").get_config()
    config.data.size = (8, 8)
    config.model.update(latent_dim=4, generator_widths=(8,), discriminator_widths=(8,))
    config.train.update(steps=6, batch=16, log_every=1, sample_every=10, checkpoint_every=3)
    config.watch.every = 0
    config.update_from_flattened_dict(fields)
    return config


def lines_of(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_a_restart_continues_adas_probability(tmp_path):
    # The lowest target: p rises unless D takes every image of a batch for a generated one.
    fields = {"augmentation.name": "ada", "augmentation.images": 1e3, "augmentation.target": -1.0}
    assert train.train(config(**fields), tmp_path / "whole") == 0
    assert train.train(config(**fields, **{"train.steps": 3}), tmp_path / "parts") == 0
    stats = final_state(tmp_path / "parts").players["discriminator"].stats
    assert float(stats["augmentation"]["p"]) == pytest.approx(3 * 16 / 1000, rel=1e-5)
    assert train.train(config(**fields), tmp_path / "parts") == 0
    assert_same_run(tmp_path / "whole", tmp_path / "parts", samples=())
    found = [line["d/augmentation_p"] for line in lines_of(tmp_path / "whole")]
    np.testing.assert_allclose(found, np.arange(1, 7) * 16 / 1000, rtol=1e-5)


def test_a_lazy_penalty_has_its_turn_also_after_a_restart(tmp_path):
    fields = {"penalty.name": "r1", "penalty.weight": 0.5, "penalty.every": 2}
    fields |= {"lecam.weight": 0.1}  # state that every step carries on
    assert train.train(config(**fields), tmp_path / "whole") == 0
    assert train.train(config(**fields, **{"train.steps": 3}), tmp_path / "parts") == 0
    assert train.train(config(**fields), tmp_path / "parts") == 0
    assert_same_run(tmp_path / "whole", tmp_path / "parts", samples=())
    lines = lines_of(tmp_path / "whole")
    assert [line["step"] for line in lines if "d/penalty" in line] == [2, 4, 6]
    assert all("d/lecam" in line for line in lines)


def test_fine_tuning_starts_from_another_run_and_holds_what_is_frozen(tmp_path):
    first = config(**{"train.steps": 2, "train.checkpoint_every": 2})
    assert train.train(first, tmp_path / "first") == 0
    fields = {"train.start_from": str(tmp_path / "first"), "seed": 5, "train.steps": 3}
    fields |= {"discriminator.freeze": ("layer_0",)}
    assert train.train(config(**fields), tmp_path / "tuned") == 0
    before, after = (final_state(tmp_path / name) for name in ("first", "tuned"))
    assert after.step == 3
    old, new = (x.players["discriminator"].params for x in (before, after))
    np.testing.assert_array_equal(old["layer_0"]["kernel"], new["layer_0"]["kernel"])
    moved = np.abs(old["to_logit"]["kernel"] - new["to_logit"]["kernel"])
    # Three steps of Adam, each at most a few learning rates: not another draw.
    most = 10 * first.discriminator.learning_rate
    assert 0 < moved.max() < most < np.abs(old["to_logit"]["kernel"]).max()
    old, new = (x.players["generator"].params for x in (before, after))
    moved = np.abs(old["to_image"]["kernel"] - new["to_image"]["kernel"])
    assert 0 < moved.max() < most < np.abs(old["to_image"]["kernel"]).max()
    other = config(**fields | {"model.discriminator_widths": (9,)})
    with pytest.raises(
        ValueError, match=r"has another network: players/discriminator/params/layer_0/bias"
    ):
        train.train(other, tmp_path / "other")
