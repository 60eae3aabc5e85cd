"""Signs of trouble: each threshold, since when, what is said, and calm otherwise."""

import re

import pytest
from ml_collections import ConfigDict

from jaxgan.report import signs
from jaxgan.training.collapse import CollapseError, refuse_collapse

HEALTHY = {
    "diversity": 0.8,
    "class_diversity": [0.7, 0.9],
    "duplicates": 0.02,
    "real": 0.8,
    "fake": -0.9,
    "logit_gap": 1.7,
    "held_out": 0.7,
    "real_accuracy": 0.9,
    "held_out_accuracy": 0.85,
    "overfit": 0.06,
    "sigmas": {"g/linear/kernel": [1.2, 1.1, 1.0]},
    "g/grad_norm": 0.5,
    "d/grad_norm": 2.0,
}
BAD = {
    "low_diversity": ({"diversity": 0.2}, "differ 0.20 times as much"),
    "many_duplicates": ({"duplicates": 0.5}, "50% of the samples"),
    "low_class_diversity": ({"class_diversity": [0.05, 0.9]}, "1 of 2 classes"),
    "overfit": ({"overfit": 0.8, "held_out_accuracy": 0.3}, "90% .* but 30% of held-out ones"),
    "wide_gap": ({"logit_gap": 12.0}, "12.0 apart"),
    "large_gradient": ({"d/grad_norm": 500.0}, "d/grad_norm is 500, usually 2"),
}


def lines(*changes):
    return [{"step": 10 * i, **HEALTHY, **change} for i, change in enumerate(changes, 1)]


def test_a_healthy_run_raises_no_alarm():
    assert signs.signs(lines(*[{}] * 9), 1) == {}
    without = [{k: v for k, v in line.items() if "held" not in k} for line in lines({}, {})]
    assert signs.signs(without, 1) == {}  # there need not be a held-out split


@pytest.mark.parametrize("name", BAD)
def test_each_sign_says_what_since_when_and_what_helps(name):
    change, words = BAD[name]
    history = lines({}, {}, {}, {}, change, change, change)
    found = signs.signs(history, 3)
    assert found == {name: 50}
    (warning,) = signs.warnings(history, found)
    assert warning.startswith("WATCH, step 70: ") and "since step 50" in warning
    assert signs.RULES[name].helps in warning
    assert re.search(words, warning) and "\n" not in warning, warning
    assert signs.signs(history, 4) == {}  # not often enough in a row
    assert signs.signs([*history, *lines({})], 1) == {}  # it has passed


def test_a_singular_value_that_jumps():
    def sigma(*values):
        return lines(*({"sigmas": {"g/linear/kernel": [v, 1.0, 1.0]}} for v in values))

    assert signs.signs(sigma(1.0, 2.5, 6.0), 1) == {"jump_of_sigma": 30}
    assert signs.signs(sigma(1.0, 2.5, 6.0, 13.0), 2) == {"jump_of_sigma": 30}
    assert signs.signs(sigma(1.0, 2.5), 1) == {}  # a small start is no blow-up
    assert signs.signs(sigma(1.0, 1.9, 3.7, 7.2, 14.0), 1) == {}  # slow growth neither
    (warning,) = signs.warnings(sigma(1.0, 2.5, 6.0), {"jump_of_sigma": 30})
    assert "g/linear/kernel rose from 2.5 to 6" in warning


def test_only_a_collapse_with_the_policy_to_go_back_stops():
    history = lines({}, BAD["low_diversity"][0], BAD["low_diversity"][0])
    found = signs.signs(history, 2)
    refuse_collapse(history, found, ConfigDict({"policy": "warn"}))
    roll_back = ConfigDict({"policy": "roll_back"})
    with pytest.raises(CollapseError, match="since step 20") as failure:
        refuse_collapse(history, found, roll_back)
    assert (failure.value.step, failure.value.before) == (30, 20)
    history = lines({}, BAD["overfit"][0], BAD["overfit"][0])
    refuse_collapse(history, signs.signs(history, 2), roll_back)  # D's, not a collapse
