"""The comparison at equal time: what each row trains, and its table."""

import pytest

from jaxgan.game import schedules
from tests.demos import equal_time
from tests.test_configs import module, resolved


@pytest.mark.parametrize("data", equal_time.SETS)
@pytest.mark.parametrize("row", equal_time.ROWS)
def test_rows_train_on_their_images(row, data):
    config = resolved(equal_time.config_of(row, data, 7))
    images = equal_time.ROWS[row][-1]
    assert config.seed == 7
    assert abs(config.train.steps * config.train.batch - images) < config.train.batch
    assert config.data.channels == (1 if data == "fashion" else 3)


def test_the_schedules_end_with_the_training_and_the_constants_are_their_means():
    moving, constant = (
        equal_time.config_of(row, "fashion", 0) for row in ("r3gan", "r3gan constant")
    )
    images = equal_time.ROWS["r3gan"][-1]
    for field in ("penalty.weight", "generator.learning_rate", "discriminator.b2"):
        section, name = field.split(".")
        at = schedules.parse(moving[section][name])
        mean = (at(0) + at(images)) / 2
        assert mean == pytest.approx(constant[section][name])
        assert at(images) == at(2 * images)


@pytest.mark.parametrize("images", ["0", "many", "-5", "1.5"])
def test_a_wrong_number_of_images_is_refused(images):
    with pytest.raises(ValueError, match="images"):
        module("r3gan_fashion").get_config(images)


def test_the_table_has_means_and_deviations_best_first():
    scores = dict.fromkeys(equal_time.SCORES, 1.0) | {"minutes": 4.0, "images": 64.0}
    found = {
        f"fashion/{row}/{seed}": scores | {"fd_lite0": distance + seed}
        for row, distance in (("biggan", 50.0), ("r3gan", 40.0))
        for seed in range(3)
    }
    lines = equal_time.markdown(found, "lineage").splitlines()[2:]
    assert [line.split(" | ")[1] for line in lines] == ["r3gan", "biggan"]
    assert "| 41 ± 1 |" in lines[0] and "| 51 ± 1 |" in lines[1]
