"""What the numbers of docs/editing.md are taken from."""

import numpy as np

from jaxgan.data.records import open_records
from tests.demos import editing


def test_a_fifth_of_a_mirrored_photograph_is_painted():
    data, _ = open_records("fashion_mnist").read([0])[0]
    painted = editing.painted(data)
    assert painted.mask.mean() == np.float32(210 / 1024) and painted.colours.shape == (32, 32, 1)
    whole = np.asarray(editing.read_picture(data, 1), float)[:, ::-1] / 127.5 - 1
    shared = abs(painted.colours.mean() - whole.mean())
    assert shared < 0.01  # 28 x 28 pixels, enlarged
    halves = lambda x: x[:, : x.shape[1] // 2].mean() - x[:, x.shape[1] // 2 :].mean()
    assert abs(halves(painted.colours) - halves(whole)) < 0.01


def test_the_table():
    text = editing.table(np.array([[1.0, 0.1], [1.0, 0.5], [1.0, 0.2]]))
    assert "error 1.000 at the start, 0.267 at the end: 3.8 times smaller" in text
    assert "2.0, 3.5, 5.0, 7.5, 10.0" in text and text.endswith("or more: 2")
