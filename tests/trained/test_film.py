"""`jaxgan translate` of a film of poses: in pieces as in one, in order, refused by name."""

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import main
from jaxgan.config import default_config
from jaxgan.media.pictures import save_picture
from jaxgan.trained import film
from jaxgan.trained.translator import Translator
from tests.data.image_kinds import random_images
from tests.tiny import run_of

POSES = random_images((11, 8, 8, 3))


def tiny_dance_config():
    config = default_config("dance", "dance")
    config.data.update(medium="posed_clips", size=(2, 8, 16), channels=3, bits=8)
    config.data.class_names = ("clips",)
    config.condition = "data"
    config.model.update(width=2, blocks=1, halvings=1, patch_layers=1, scales=1)
    config.train.batch = 8
    return config


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film") / "run"
    run_of(folder, tiny_dance_config())
    return folder


def write(folder, poses):
    for number, pose in enumerate(poses):
        save_picture(folder / f"{number}.png", pose)  # 10.png sorts before 2.png, as a text
    return folder


def test_a_folder_is_a_film(workdir, tmp_path, monkeypatch, capsys):
    """Made two frames at a time, it is the film that the network makes at once."""
    monkeypatch.setattr(film, "CHUNK", 2)
    folder, out = write(tmp_path / "poses", POSES), tmp_path / "out" / "made"
    argv = ["translate", str(workdir), str(folder), f"--out={out}", "--columns=4"]
    assert main.main(argv) == 0
    said = capsys.readouterr().out
    assert "made: 11 frames; " in said and "made.png: 4 of its frames" in said
    translator = jaxgan.load(workdir)
    assert isinstance(translator, Translator)
    expected = translator.translate(POSES[None])[0].astype(int)
    assert expected.shape == (11, 8, 8, 3) and np.ptp(expected) > 20
    found = np.stack([np.asarray(Image.open(out / f"{i}.png")) for i in range(11)])
    assert np.abs(found - expected).max() <= 1  # a rounding that falls to the other side
    with Image.open(f"{out}.gif") as played:
        assert played.n_frames == 11 and played.size == (128, 64)
    assert main.main(argv) == 0
    assert "(13 replace files that were there)" in capsys.readouterr().out


def test_films_with_gaps_are_refused_before_anything_is_written(workdir, tmp_path):
    folder = write(tmp_path / "poses", POSES[:3])
    run = lambda: film.translate_film(jaxgan.load(workdir), folder, tmp_path / "made")
    save_picture(folder / "2.png", random_images((1, 16, 8, 3))[0])
    with pytest.raises(ValueError, match=r"2.png is 16 x 8, .*0.png 8 x 8: write one size"):
        run()
    (folder / "2.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"a film has no gaps; repair or remove '2.png'"):
        run()
    write(folder, random_images((3, 9, 8, 3)))
    with pytest.raises(ValueError, match=r"0.png: images of 9 x 8: .* 2 divides"):
        run()
    with pytest.raises(FileNotFoundError, match="no such folder"):
        film.translate_film(jaxgan.load(workdir), tmp_path / "none", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_clips_of_another_shape_are_refused(workdir):
    with pytest.raises(ValueError, match=r"write uint8 \[n, frames, height, width, 3\]"):
        jaxgan.load(workdir).translate(POSES)
