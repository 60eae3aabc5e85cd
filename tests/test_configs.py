"""Every file in configs/ builds a game whose training step has shapes that fit (nothing runs)."""

import importlib.util
from functools import partial
from pathlib import Path

import jax
import pytest

from jaxgan.build import build, medium_of
from jaxgan.config import default_config
from jaxgan.data.records import open_records
from jaxgan.evaluate.evaluation import needs_extractor
from jaxgan.evaluate.metrics.table import METRICS
from jaxgan.evaluate.session import INSTEAD
from jaxgan.game import steps
from jaxgan.game.game import Batch, init_state
from jaxgan.training import facts, run
from jaxgan.training.sheets import row_names
from jaxgan.training.train import made_by
from tests.rotating import rotating
from tests.tiny import spec_of

FOLDER = Path(__file__).parent.parent / "configs"
# Traced in the second stage: larger, and little else, than others.
LARGE = ("biggan_deep_imagenet256", "biggan_deep_imagenet512", "biggan_imagenet256")
LARGE += ("biggan_imagenet512", "bigbigan_imagenet128", "dvdgan", "trivdgan")
STEMS = sorted(path.stem for path in FOLDER.glob("*.py"))
NAMES = [pytest.param(name, marks=pytest.mark.slow) for name in LARGE]
NAMES += rotating([name for name in STEMS if name not in LARGE], 24)


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


R3GAN = module("r3gan")


def resolved(config):
    """Return a config with the facts of its data set; of those that are not here by heart."""
    name = config.data.name
    if not name.startswith("data/"):
        return run.resolve(config, open_records(name, config.data.split))
    channels = 1 if name == "data/mnist" else 3
    known = {"data/cifar10": 10, "data/mnist": 10, "data/emoji": 9, "data/emoji64": 27}
    classes = known.get(name, 1000)
    return run.with_facts(config, **facts.assumed(config, channels, classes))


def check(config):
    config = resolved(config)
    medium = medium_of(config)
    game = build(config, medium.spec)
    state = jax.eval_shape(partial(init_state, game, config.seed))
    train = config.train
    axes = (game.num_batches, train.microbatches, train.batch // train.microbatches)
    batch = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((*axes, *x.shape), x.dtype),
        Batch(medium.spec.sample, medium.spec.condition),
    )
    after, metrics = jax.eval_shape(partial(steps.train_step, game), state, batch)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(
        lambda x: (x.shape, x.dtype), state
    )
    assert {"g/loss", "d/loss"} <= metrics.keys()


@pytest.mark.parametrize("name", NAMES)
def test_config_builds_a_step(name):
    check(module(name).get_config())


@pytest.mark.slow
@pytest.mark.parametrize("name", R3GAN.RECIPES)
def test_recipes_of_r3gan(name):
    check(R3GAN.get_config(name))


MAKES = {"debug": "samples", "calogan": "samples of numbers", "pix2pix": "translations"}
MAKES |= {"gan_cls": "drawings", "gantts": "speech", "gail_cartpole": "episodes", "dann": ""}


def built(name):
    config = resolved(module(name).get_config())
    medium = medium_of(config)
    return run.Run(Path(), config, None, medium, build(config, medium.spec))


@pytest.mark.parametrize(("name", "makes"), MAKES.items())
def test_what_comes_next_fits_what_a_run_makes(name, makes):
    assert made_by(built(name)) == makes


# Media besides those of INSTEAD that image networks do not see.
OTHERS = ("clips", "mels", "posed_clips", "speech", "transitions", "volumes")


@pytest.mark.parametrize("name", STEMS)
def test_what_a_config_evaluates_fits_its_medium(name):
    """As the end of a training proposes: scores of images for images alone."""
    config = module(name).get_config()
    if config.data.medium not in (*INSTEAD, *OTHERS):
        return
    assert config.evaluate.metrics != default_config().evaluate.metrics
    if METRICS.keys() >= set(config.evaluate.metrics) and needs_extractor(config.evaluate):
        assert config.evaluate.extractor in ("discriminator", "classifier")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("quickstart_colour", "0 1 2 3 4 5 6 7 8"),
        ("biggan_emoji64", "0 3 6 9 12 14 17 20 23 26"),  # of 27 classes
        ("dcgan_fashion", ""),  # has classes, and takes none
        ("calogan", "1 25.75 50.5 75.25 100"),
        ("pix2pix", ""),
        ("dann", ""),  # makes no samples
        ("gail_pendulum", ""),
    ],
)
def test_rows_of_a_sheet_are_what_it_shows(name, rows):
    assert row_names(built(name)) == tuple(rows.split())


def test_sngan_as_a_san():
    check(module("sngan_fashion").get_config("san"))
    with pytest.raises(ValueError, match="variant 'SAN': write adversarial or san"):
        module("sngan_fashion").get_config("SAN")


@pytest.mark.parametrize("name", ["srgan", "srgan_emoji"])
def test_srgan_starts_with_squared_differences_and_plays_then(name):
    """The same networks in both, so that the second training can start from the first."""
    first, game = (module(name).get_config(variant) for variant in ("resnet", "game"))
    assert first.objective.adversarial == 0 < game.objective.adversarial
    for section in ("model", "data"):
        assert first[section].to_dict() == game[section].to_dict()
    check(game)
    with pytest.raises(ValueError, match="variant 'gan': write resnet or game"):
        module(name).get_config("gan")


def test_dvdgan_of_either_size():
    get_config = module("dvdgan").get_config
    assert get_config("48x64").data.size == (48, 64, 64)
    with pytest.raises(ValueError, match="size '64': write one of 12x128, 48x64"):
        get_config("64")


@pytest.mark.parametrize("name", ["progan_emoji", "stylegan_emoji"])
def test_emoji_of_either_side(name):
    get_config = module(name).get_config
    check(get_config("64"))
    with pytest.raises(ValueError, match="side '16': write one of 32, 64"):
        get_config("16")


def test_stackgans_second_stage():
    get_config = module("stackgan").get_config
    check(get_config("2"))
    with pytest.raises(ValueError, match="stage '3': write one of 1, 2"):
        get_config("3")


def test_addas_second_stage():
    get_config = module("adda").get_config
    check(get_config("2"))
    with pytest.raises(ValueError, match="stage '3': write one of 1, 2"):
        get_config("3")


ABLATION = module("biggan_ablation")


@pytest.mark.parametrize("variant", ABLATION.VARIANTS)
def test_ablation_variants_are_those_of_the_table(variant):
    rows = (line.split() for line in ABLATION.__doc__.splitlines())
    row = next(row for row in rows if row and row[0] == variant)
    config = ABLATION.get_config(variant)
    marks = config.model.shared_embedding, config.model.split_latents, config.generator.orthogonal
    assert [int(n) for n in row[1:3]] == [config.train.batch, config.model.width]
    assert row.count("x") == sum(map(bool, marks))
    assert f"{config.train.steps // 1000:,}k" in row
    game = build(config, spec_of((128, 128, 3), 1000))
    state = jax.eval_shape(partial(init_state, game, 0))
    players = state.players["generator"].params, state.players["discriminator"].params
    assert f"{sum(leaf.size for leaf in jax.tree.leaves(players)):,}" in row


def test_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="variant 'batch1': write one of batch256, batch512"):
        ABLATION.get_config("batch1")
