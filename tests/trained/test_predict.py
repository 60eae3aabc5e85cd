"""`jaxgan translate` of a run that predicts frames: films go on, scores, refusals by name."""

from pathlib import Path

import numpy as np
import pytest

import jaxgan
from jaxgan.config import default_config
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.reader import Reader
from jaxgan.data.records import open_records
from jaxgan.evaluate.metrics.paired import psnr
from jaxgan.evaluate.translations import guesses, pair_images
from jaxgan.media import image_files
from jaxgan.media.image_files import count_frames, read_picture
from jaxgan.trained.predict import first_frames, predict_films
from jaxgan.training.run import resolve
from tests.data.made_media import moving
from tests.tiny import run_of


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("next")
    moving(folder / "films", 1, frames=6, side=8)
    prepare(folder / "films", folder / "data", frames=6)
    config = default_config("next_frame", "next_frame")
    config.data.update(name=str(folder / "data"), medium="next_frames", size=(6, 8, 8), context=4)
    config.data.update(channels=3, bits=8, class_names=("down", "left", "right", "up"))
    config.condition = "data"
    config.model.width = 2
    config.train.batch = 8
    run_of(folder / "run", config)
    return folder, jaxgan.load(folder / "run")


def test_films_go_on(opened, tmp_path):
    folder, translator = opened
    assert translator.predicts and translator.source_shape == (4, 8, 8, 3)
    said = predict_films(translator, folder / "films", tmp_path / "out", columns=3)
    assert "4 films" in said and "the first 3" in said
    name = Path("left") / "0000.gif"
    frames = np.stack(list(image_files.frames(folder / "films" / name, range(4), 3)))
    made = translator.translate(frames[None])
    assert made.shape == (1, 2, 8, 8, 3) and made.dtype == np.uint8
    assert count_frames(tmp_path / "out" / name) == 6
    found = np.stack(list(image_files.frames(tmp_path / "out" / name, range(6), 3)))
    found = found[:, ::8, ::8].astype(int)  # small frames are enlarged
    assert np.abs(found - [*frames, *made[0]]).mean() < 8  # a GIF's palette
    assert read_picture(tmp_path / "out.png", 3, 8).shape[1] > 3 * 2 * 8


def test_given_frames_are_as_far_apart_as_in_training(tmp_path):
    """A square that moves one pixel a frame, trained on every second frame."""
    moving(tmp_path / "films", 1, frames=14, side=16)
    prepare(tmp_path / "films", tmp_path / "data", frames=6, stride=2)
    records = open_records(tmp_path / "data")
    config = default_config("next_frame", "next_frame")
    config.data.update(name=str(tmp_path / "data"), medium="next_frames", size=(6, 16, 16))
    config.condition, config.model.width, config.train.batch = "data", 2, 8
    run_of(tmp_path / "run", resolve(config, records))
    translator = jaxgan.load(tmp_path / "run")
    assert translator.config.data.stride == 2
    with Reader(records, translator.medium) as reader:
        trained_on = reader.read(np.arange(len(records))).condition
    for film in sorted((tmp_path / "films").rglob("*.gif")):
        given = first_frames(film, 4, translator.config.data.stride, 3)
        assert any((given == clip).all() for clip in trained_on)


def test_scores_are_set_beside_the_last_given_frame(opened):
    folder, translator = opened
    sources, true = pair_images(folder / "data", "train", translator.medium)
    copies = guesses(sources, translator.medium)
    assert copies.shape == true.shape == (2, 8, 8, 3)
    found, _ = copies.read(np.arange(4))
    given, _ = sources.read(np.arange(4))
    np.testing.assert_array_equal(found, np.stack([given[:, 3]] * 2, 1))
    floats = [x.reshape(-1, 8, 8, 3) / 127.5 for x in (found, true.read(np.arange(4))[0])]
    assert 5 < psnr(*floats) < 40


def test_films_that_are_short_or_damaged_are_left_out(opened, tmp_path):
    _, translator = opened
    moving(tmp_path / "films", 2, frames=6, side=8)
    moving(tmp_path / "films", 1, frames=3, side=8)  # number 0 of each class is short
    (tmp_path / "films" / "down" / "0000.gif").write_bytes(b"GIF89a, cut short")
    said = predict_films(translator, tmp_path / "films", tmp_path / "out")
    assert "4 films" in said and "; 4 files left out, such as '0000.gif' (not an image" in said
    assert "needed" not in said
    assert {path.name for path in (tmp_path / "out").rglob("*.gif")} == {"0001.gif"}


def test_refusals(opened, tmp_path):
    _, translator = opened
    moving(tmp_path / "brief", 1, frames=3, side=8)
    reason = r"none of 4 films .*0000\.gif' \(only 3 of the 4 frames needed can be read\)"
    with pytest.raises(ValueError, match=reason):
        predict_films(translator, tmp_path / "brief", tmp_path / "out")
    moving(tmp_path / "odd", 1, frames=5, side=9)
    with pytest.raises(ValueError, match=r"cannot halve 9 x 9"):
        predict_films(translator, tmp_path / "odd", tmp_path / "out")
    with pytest.raises(ValueError, match=r"\[n, frames, height, width, 3\]"):
        translator.translate(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"sources are \[5, 8, 8, 3\]: write \[4, 8, 8, 3\]"):
        translator.translate(np.zeros((1, 5, 8, 8, 3), np.uint8))
    with pytest.raises(AttributeError, match="no 'sample': its clips are made from clips"):
        translator.sample()
    assert not (tmp_path / "out").exists()
