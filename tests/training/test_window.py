"""The log shows means over the steps since its last line, however the run was interrupted."""

import json

import numpy as np

from jaxgan.training.window import Window

HISTORY = [
    {"d/loss": np.float32(1), "d/bad_leaf": np.int32(-1), "d/penalty": np.float32(6)},
    {"d/loss": np.float32(2), "d/bad_leaf": np.int32(3)},
    {"d/loss": np.float32(6), "d/bad_leaf": np.int32(-1)},
]


def test_means_are_over_the_steps_that_have_the_metric():
    window = Window()
    window.add(HISTORY)
    assert window.close() == {"d/bad_leaf": 3.0, "d/loss": 3.0, "d/penalty": 6.0}
    window.add(HISTORY[1:2])
    assert window.close() == {"d/bad_leaf": 3.0, "d/loss": 2.0}
    assert window.close() == {}


def test_a_bad_leaf_of_any_player_is_not_averaged_away():
    window = Window()
    window.add([{"judge/bad_leaf": -1}, {"judge/bad_leaf": 4}, {"judge/bad_leaf": -1}])
    assert window.close() == {"judge/bad_leaf": 4.0}


def test_an_interrupted_window_is_the_whole_one_bit_for_bit():
    rng = np.random.default_rng(0)
    history = [{"a": x, "b": y} for x, y in rng.normal(size=(99, 2)).astype(np.float32)]
    whole = Window()
    whole.add(history)
    for cut in (1, 50, 98):
        first = Window()
        first.add(history[:cut])
        again = Window(json.loads(json.dumps(first.sums)))  # as in a checkpoint's manifest
        again.add(history[cut:])
        assert json.dumps(again.close()) == json.dumps(means(history))
    assert json.dumps(whole.close()) == json.dumps(means(history))


def means(history):
    found = {}
    for name in ("a", "b"):
        total = 0.0
        for line in history:
            total += float(line[name])
        found[name] = total / len(history)
    return found
