"""Fields: defaults, types, ranges; each refusal is one line with path, value and what to write."""

import importlib
import pkgutil

import pytest

from jaxgan import models
from jaxgan.config import check, check_fields, default_config
from jaxgan.config.check import flat, nearest
from jaxgan.config.defaults import COMMON, fields
from jaxgan.config.field import ANY, read_value
from jaxgan.config.files import load, shipped
from jaxgan.config.overrides import override
from jaxgan.config.sections import SECTIONS


def module_of(model):
    return importlib.import_module(f"jaxgan.models.{model}")


PAIRS = [("biggan", "adversarial"), ("bigbigan", "bigbigan"), ("stylegan", "style")]


@pytest.mark.parametrize(("model", "objective"), PAIRS)
def test_every_field_has_its_default_and_takes_it(model, objective):
    config = default_config(model, objective)
    described, given = dict(fields(config)), dict(flat(config))
    assert sorted(described) == sorted(given)
    assert {p: f.default for p, f in described.items()} == given
    check(config, devices=1)


def test_every_field_is_documented():
    for path, field in fields(default_config()):
        assert field.doc or path.startswith(("model.", "objective.")), path
    assert all(field.doc for field in COMMON.values())
    assert all(SECTIONS[name] == {} for name in ("model", "objective"))


MODELS = [m.name for m in pkgutil.iter_modules(models.__path__)]
MODELS = [name for name in MODELS if hasattr(module_of(name), "networks")]


@pytest.mark.parametrize("model", MODELS)
def test_every_whole_number_of_a_model_has_a_smallest_value(model):
    """Zero channels and no layers are refused by name, not by an error inside the network."""
    config = default_config(model)
    for path, field in fields(config):
        if not path.startswith("model.") or field.type not in (int, tuple):
            continue
        assert field.rule is not ANY, path
        low = getattr(module_of(model), "AT_LEAST", {}).get(path.removeprefix("model."))
        if low is not None:
            config = default_config(model)
            wrong = int(low) - 1
            config.update_from_flattened_dict({path: (wrong,) if field.type is tuple else wrong})
            with pytest.raises(ValueError, match=f"^{path} = "):
                check_fields(config)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_config_passes(name):
    load(name)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("train.batch", 0, "train.batch = 0: write a whole number of 1 or more, such as 2048"),
        ("train.batch", None, "train.batch = None: write a whole number of 1 or more, such"),
        ("train.batch", True, "train.batch = True: write a whole number"),
        ("model.width", 0, "model.width = 0: write a whole number of 1 or more, such as 96"),
        ("model.dtype", "float8", "model.dtype = 'float8': write 'float32' or 'bfloat16'"),
        ("model.latent_dim", -3, "model.latent_dim = -3: write a whole number of 1 or more"),
        ("model.generator_widths", (64, 0), r"model.generator_widths = \(64, 0\): write a tuple"),
        ("data.size", (64,), r"data.size = \(64,\): write \(height, width\), such as \(64, 64\)"),
        ("data.random_crop", 1.5, r"data.random_crop = 1.5: write a share in \(0, 1\]"),
        ("generator.learning_rate", float("nan"), "generator.learning_rate = nan: write a number"),
        ("discriminator.eps", 0.0, "discriminator.eps = 0.0: write a number above 0"),
        ("generator.freeze", (1,), r"generator.freeze = \(1,\): write a tuple of strings"),
        ("generator.b1", 1.0, r"generator.b1 = 1.0: write a number in \[0, 1\)"),
        ("seed", 2**32, "seed = 4294967296: write a number from 0 to 4294967295"),
        ("prior", "gaussian", "prior = 'gaussian': write 'normal' or 'uniform'"),
        ("watch.policy", "stop", "watch.policy = 'stop': write 'warn' or 'roll_back'"),
        ("train.best", "x" * 99, r"train.best = 'xxx.*x\.\.\.: write 'highest' or 'lowest'"),
        ("evaluate.metrics", (1,), r"evaluate.metrics = \(1,\): write a tuple of strings, such as"),
        ("data", None, "data = None: this is a section: write its fields, such as data.name"),
        ("model", None, "model = None names no module: begin with default_config"),
    ],
)
def test_a_value_out_of_range_is_refused(path, value, line):
    config = default_config()
    section, _, name = path.rpartition(".")
    (config[section] if section else config)[name] = value
    with pytest.raises(ValueError, match=f"^{line}") as error:
        check(config, devices=1)
    assert "\n" not in str(error.value)


def test_fields_that_are_not_there_and_fields_that_are_missing():
    config = default_config()
    with config.unlocked():
        config.train.btach = 3
    with pytest.raises(ValueError, match=r"^train.btach = 3: .* did you mean train.batch\?"):
        check(config, 1)
    config = default_config()
    with config.unlocked():
        del config.train.batch
    with pytest.raises(ValueError, match=r"^train.batch is missing: begin with default_config"):
        check(config, 1)
    config = default_config()
    config.model.name = "dcgan"
    with pytest.raises(ValueError, match=r"^model.name = 'dcgan' is without .*_config\('dcgan', "):
        check(config, 1)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("train.btach", "train.batch"),
        ("model.attention", "model.generator_attention"),  # not model.latent_dim
        ("tarin.batch", "train.batch"),
        ("batch", "train.batch"),
        ("penalty.wieght", "penalty.weight"),
        ("avarage.decay", "average.decay"),
    ],
)
def test_the_field_that_was_meant(path, meant):
    known = [name for name, _ in fields(default_config())]
    assert nearest(path, known) == meant


def test_a_default_config_takes_no_new_field_and_no_other_type():
    config = default_config()
    with pytest.raises(AttributeError, match="btach"):
        config.train.btach = 3
    with pytest.raises(KeyError, match="sise"):
        config.data.update(sise=(3, 3))
    with pytest.raises(TypeError, match="batch"):
        config.train.batch = "64"


def test_a_batch_that_does_not_divide():
    config = default_config()
    config.train.batch = 12
    with pytest.raises(ValueError, match=r"train.batch = 12 .* 8 devices: .* multiple of 8, such"):
        check(config, devices=8)
    check(config, devices=4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("train.batch=64", 64),
        ("data.size=(64, 48)", (64, 48)),
        ("data.size=64,48", (64, 48)),
        ("evaluate.metrics=fd,is", ("fd", "is")),
        ("evaluate.metrics=('fd','is')", ("fd", "is")),
        ("evaluate.metrics=fd", ("fd",)),
        ("discriminator.freeze=", ()),
        ("data.flip=true", True),
        ("generator.learning_rate=1", 1.0),
        ("model.generator_attention=None", None),
        ("model.generator_attention=16", 16),
        ("data.name=None", "None"),
        ("seed=7", 7),
    ],
)
def test_overrides(text, value):
    config, (path, _, written) = default_config(), text.partition("=")
    override(config, [(path, written)])
    section, _, name = path.rpartition(".")
    found = (config[section] if section else config)[name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("train.batch=many", "train.batch = 'many': write a whole number of 1 or more, such as"),
        ("train.batch=1e3", "train.batch = '1e3': write a whole number"),
        ("data.flip=yes", "data.flip = 'yes': write True or False"),
        ("data.size=64x64", r"data.size = \('64x64',\): write \(height, width\)"),
        ("model.widht=8", r"--config.model.widht=8: .* no such field; did you mean model.width\?"),
        ("btach=8", r"--config.btach=8: .*did you mean train.batch\?"),
        ("train=8", "--config.train=8: this is a section: write its fields, such as train.steps"),
        ("zzz=8", "--config.zzz=8: the config has no such field$"),
        ("train.steps=" + "9" * 9999, r"train.steps = '999.*\.\.\.: write a whole number"),
    ],
)
def test_overrides_that_are_refused(text, line):
    path, _, written = text.partition("=")
    with pytest.raises(ValueError, match=f"^{line}"):
        override(default_config(), [(path, written)])


def test_the_last_override_counts():
    config = default_config()
    override(config, [("train.batch", "8"), ("train.batch", "16")])
    assert config.train.batch == 16


def test_text_of_any_kind_is_read_or_refused():
    for path, field in fields(default_config()):
        for text in ("", "((((", "{", "1" * 50, "\0", "None", "-1"):
            try:
                read_value(path, field, text)
            except ValueError as error:
                assert str(error).startswith(path) and "\n" not in str(error)
