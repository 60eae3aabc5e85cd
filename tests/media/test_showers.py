"""Showers: a pytree with a number through records, pictures and files; what is refused."""

import numpy as np
import pytest

from jaxgan.data.prepare.command import command
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.media.showers import Layers, showers, to_stored
from tests.data import made_showers


def test_the_bytes_of_every_number_come_back(tmp_path, capsys):
    layers, energies = made_showers.showers(7)
    made_showers.save(tmp_path / "in.npz", 7)
    argv = [str(tmp_path / "in.npz"), str(tmp_path / "out"), "--showers", "--order=source"]
    assert command(argv) == 0
    assert "Train with data.medium = 'showers', data.size = (505,)." in capsys.readouterr().out
    records, medium = open_records(tmp_path / "out"), showers()
    with Reader(records, medium) as reader:
        batch = reader.read(np.array([3, 0]))
    for name in Layers._fields:
        found, true = getattr(batch.sample, name), getattr(layers, name)
        np.testing.assert_array_equal(found, true[[3, 0]])
        assert found.shape[1:] == getattr(medium.stored.sample, name).shape
        assert found.dtype == np.float32
    np.testing.assert_array_equal(batch.condition, energies[[3, 0]])


def test_made_showers_hold_nearly_their_energy():
    layers, energies = made_showers.showers(200)
    held = sum(layer.sum((1, 2)) for layer in layers) / energies
    assert (held > 0.96).all() and (held < 1.0001).all()
    low, high = (layers.layer_2[m].sum((1, 2)) / energies[m] for m in (energies < 5, energies > 80))
    assert high.mean() > 1.5 * low.mean()


def test_pictures_and_files(tmp_path):
    first, second, third = np.zeros((1, 3, 96)), np.zeros((1, 12, 12)), np.zeros((1, 12, 6))
    first[0, 1, 95], second[0, 0, 0], third[0, 11, 5] = 100.0, 1e-4, 0.1
    layers = Layers(*(x.astype(np.float32) for x in (first, second, third)))
    (view,) = showers().pictures(layers)
    assert view.shape == (48, 96 + 2 + 48 + 2 + 48, 1)
    assert (view[16:32, 95] == 255).all() and not view[:16, :96].any()
    assert (view[:4, 98:102] == 16).all() and (view[44:, -8:] == 16 + 239 / 2 + 0.5).all()
    assert showers().sheet(layers, 1).size == (196, 48)
    one = Layers(*(x[0] for x in layers))
    showers().write(tmp_path / "a.npz", one)
    with np.load(tmp_path / "a.npz") as file:
        for name in Layers._fields:
            np.testing.assert_array_equal(file[name], getattr(one, name))
    below = to_stored(Layers(*(x - 1 for x in layers)))
    assert min(x.min() for x in below) == 0
    with pytest.raises(ValueError, match="layer_1 of generated showers is not finite"):
        to_stored(layers._replace(layer_1=np.full((1, 12, 12), np.nan)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layer_1": None}, "has no array 'layer_1'; write layer_0, layer_1, layer_2, energy"),
        ({"layer_2": np.zeros((4, 6, 12))}, r"layer_2 is float64 \[4, 6, 12\] for 4 energies"),
        ({"layer_0": np.full((4, 3, 96), -1.0)}, "layer_0 has energies below 0"),
        ({"energy": np.full(4, 500.0)}, "energy is not all from 1 to 100 GeV"),
        ({"energy": np.zeros(0)}, "for 0 energies"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tmp_path, change, words):
    layers, energies = made_showers.showers(4)
    arrays = {**layers._asdict(), "energy": energies} | change
    np.savez(tmp_path / "in.npz", **{n: x for n, x in arrays.items() if x is not None})
    with pytest.raises(ValueError, match=words) as error:
        prepare(tmp_path / "in.npz", tmp_path / "out", showers=True)
    assert "\n" not in str(error.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ValueError, match=r"showers are read from an .npz with layer_0, layer_1"):
        prepare(tmp_path / "in", tmp_path / "out", showers=True)
    (tmp_path / "bad.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="cannot be read as npz"):
        prepare(tmp_path / "bad.npz", tmp_path / "out", showers=True)
