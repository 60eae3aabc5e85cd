"""Classes by name or number; the nearest names when there is none."""

import numpy as np
import pytest

from jaxgan.trained.class_names import class_id

NAMES = ("T-shirt/top", "Trouser", "Sneaker", "crane", "Ankle boot", "crane", "7")


def test_names_and_numbers():
    assert class_id("Sneaker", NAMES) == class_id(" sneaker", NAMES) == class_id("2", NAMES) == 2
    assert class_id(6, NAMES) == class_id(np.int64(6), NAMES) == 6
    assert class_id("7", NAMES) == 6  # a class that is called 7
    assert class_id(0, ()) == 0  # without classes there is one
    assert class_id(np.int32(2), NAMES) == 2
    assert class_id("Crane", ("crane", "Crane")) == 1  # as it is written, before another case


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("Sneker", ["'Sneker'", "write 'Sneaker'", "0 to 6"]),
        ("boot", ["'Ankle boot'"]),
        ("xyzzy", ["one of T-shirt/top, Trouser"]),
        ("", ["one of"]),
        ("crane", ["number 3 and 5"]),
        (7, ["class 7", "0 to 6"]),
        (2.0, ["class 2.0", "0 to 6"]),
        (-1, ["class -1", "0 to 6"]),
        (True, ["class True", "0 to 6"]),
        ("17", ["class 17", "0 to 6"]),
        (2.7, ["class 2.7", "whole number from 0 to 6"]),
        (2.0, ["class 2.0", "whole number from 0 to 6"]),
        (None, ["class None", "whole number from 0 to 6"]),
        ("²", ["no class '²'"]),
    ],
)
def test_the_nearest_names_are_shown(wrong, words):
    with pytest.raises(ValueError) as error:
        class_id(wrong, NAMES)
    for word in words:
        assert word in str(error.value), error.value
