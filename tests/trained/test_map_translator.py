"""A folder of label maps becomes pictures; anything else is refused by name."""

import jax
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import main
from jaxgan.config import default_config
from jaxgan.game.game import Batch
from tests.data.prepare.test_pairs import write
from tests.models.test_pix2pix import FAST
from tests.tiny import run_of

CLASSES = 3


def config_of():
    config = default_config("spade", "spade")
    config.data.update(medium="maps", size=(8, 8), channels=4, source_channels=1, bits=8)
    config.data.update(map_classes=CLASSES, class_names=("pairs",))
    config.condition = "data"
    config.model.update(width=2, hidden=4, patch_layers=1, scales=1, latent_dim=3)
    config.generator.spectral_norm = False
    config.train.batch = 8
    return config


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps") / "run"
    run_of(folder, config_of())
    return folder


@pytest.fixture(scope="module")
def translator(workdir):
    return jaxgan.load(workdir)


MAPS = np.random.default_rng(0).integers(0, CLASSES, (3, 8, 8, 1)).astype(np.uint8)


def test_arrays_gray_images_and_palettes_are_one(translator):
    made = translator.translate(MAPS)
    assert made.shape == (3, 8, 8, 3) and made.dtype == np.uint8 and np.ptp(made) > 20
    shares = translator.medium.to_float(Batch((), MAPS)).condition
    call = jax.jit(translator.side.calls["call"], compiler_options=FAST)
    plain = call({"params": translator.weights}, np.zeros((3, 3), np.float32), shares)
    assert np.abs(made - np.round((np.asarray(plain) + 1) * 127.5)).max() <= 1
    pictures = [Image.fromarray(x[..., 0]) for x in MAPS]
    np.testing.assert_array_equal(translator.translate(pictures), made)
    for picture in pictures:
        picture.putpalette(list(range(256)) * 3)
        assert picture.mode == "P"
    np.testing.assert_array_equal(translator.translate(pictures), made)


def test_refusals(translator):
    with pytest.raises(ValueError, match=r"the map has class 7, and there are 3, from 0 to 2"):
        translator.translate(np.full((1, 8, 8, 1), 7, np.uint8))
    with pytest.raises(ValueError, match=r"images of 9 x 8: .* sides that 2 divides"):
        translator.translate(np.zeros((1, 9, 8, 1), np.uint8))


def test_a_folder(workdir, translator, tmp_path, capsys):
    """One picture for each map, what Python makes; a sheet that shows the maps in colours."""
    write(tmp_path / "maps", MAPS[..., 0])
    argv = ["translate", str(workdir), str(tmp_path / "maps"), f"--out={tmp_path / 'made'}"]
    assert main.main(argv) == 0
    assert "3 images" in capsys.readouterr().out
    made = translator.translate(MAPS)
    for number in range(3):
        with Image.open(tmp_path / "made" / f"{number}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), made[number])
    with Image.open(tmp_path / "made.png") as sheet:
        colours = {tuple(c) for c in np.asarray(sheet.convert("RGB")).reshape(-1, 3)[::7]}
    shown = translator.medium.show_condition(np.arange(CLASSES, dtype=np.uint8).reshape(1, 1, 3, 1))
    assert {tuple(c) for c in shown.reshape(-1, 3)} <= colours
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "maps" / "colour.png")
    with pytest.raises(
        ValueError, match=r"maps/colour.png: mode RGB is not a map: write a gray PNG"
    ):
        main.main(argv)
