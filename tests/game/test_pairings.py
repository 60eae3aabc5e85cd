"""Every model with every objective and every term: built and traced, or refused by name.

Nothing is compiled: a step that has shapes is one that fits together.
"""

import importlib
import pkgutil
from functools import cache, partial

import jax
import jax.numpy as jnp
import pytest

from jaxgan import build, models
from jaxgan.config import default_config
from jaxgan.game import objectives
from jaxgan.game.game import Batch, Label, Nets, Spec, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.steps import train_step
from jaxgan.media.adaptation import Domains
from jaxgan.media.captions import captions
from jaxgan.media.low_resolution import low_resolution
from jaxgan.media.next_frames import next_frames
from jaxgan.media.pairs import pairs
from jaxgan.media.posed_clips import posed_clips
from jaxgan.media.showers import showers
from jaxgan.media.transitions import transitions
from tests.rotating import rotating
from tests.tiny import spec_of

KEY = jax.eval_shape(lambda: jax.random.key(0))
SIZES = {"lapgan": (32, 32), "bigbigan": (16, 16), "domains": (16, 16)}  # others (8, 8)
SIZES |= {"adda": (16, 16), "cogan": (16, 32)}
SIZES |= {
    "dance": (2, 8, 8),
    "wavegan": (64,),
    "melgan": (64,),
    "gantts": (64,),
    "gan3d": (8, 8, 8),
    "vgan": (4, 8, 8),
}
SIZES |= {"dvdgan": (4, 16, 16), "mcnet": (4, 16, 16), "next_frame": (5, 8, 8)}
SIZES["crnngan"] = (4,)
# Fields of a model's section that make it tiny, where it has them.
TINY = {"width": 4, "latent_dim": 12, "embedding_dim": 4, "hidden": 4, "hidden_pairs": 4}
TINY |= {"code_dim": 3, "kernels": 2, "style_dim": 4, "depth": 1, "most": 8}
TINY |= {"coarse_width": 2, "coarse_dim": 4, "group_width": 4}
TINY |= {"text": 3, "augmented": 2}
TINY |= {"encoder_width": 2, "encoder_depths": (1, 1), "encoder_hidden": 4}
OWN = {
    "policy": {"generator_widths": (4,), "discriminator_widths": (4,)},
    "mlp": {"generator_widths": (4,), "discriminator_widths": (4,)},
    "stylegan": {"latent_dim": 4 + 160},
    "calogan": {"unfolded": 2, "local_widths": (2, 2), "judged_widths": (2, 2, 2, 2)},
    "pix2pix": {"latent_dim": 2, "patch_layers": 1},
    "cyclegan": {"patch_layers": 1, "blocks": 1},
    "dance": {"patch_layers": 1, "scales": 1, "blocks": 1, "halvings": 1},
    "spade": {"patch_layers": 1, "scales": 1},
    "spiral": {"latent_dim": 2 + 2 * 3, "z_dim": 2, "strokes": 2, "grid": 4, "pressures": 1}
    | {"width": 2, "blocks": 1, "memory": 16, "discriminator_width": 2},
    "srgan": {"blocks": 1},
    "lapgan": {"latent_dim": 4 + 1280},
    "dvdgan": {"frames": 2},
    "melgan": {"factors": (2, 2), "scales": 2, "layers": 1, "discriminator_width": 4},
    "gantts": {"factors": (2, 2), "generator_widths": (4, 2), "folds": (1, 2), "steps": 8},
}
# Which objective trains a model, and which models have what an objective needs.
NATURAL = {
    "adda": "adda",
    "autoencoder": "mmd",
    "auxiliary": "acgan",
    "bigan": "bigan",
    "bigbigan": "bigbigan",
    "biggan": "adversarial",
    "biggan_categorical": "infogan",
    "biggan_deep": "adversarial",
    "cogan": "adversarial",
    "calogan": "calogan",
    "crnngan": "crnngan",
    "cyclegan": "cyclegan",
    "dance": "dance",
    "dcgan": "adversarial",
    "gan3d": "adversarial",
    "gantts": "adversarial",
    "domains": "domains",
    "dvdgan": "adversarial",
    "improved": "semi_supervised",
    "infogan": "infogan",
    "lapgan": "lapgan",
    "mcnet": "next_frame",
    "melgan": "melgan",
    "mlp": "adversarial",
    "next_frame": "next_frame",
    "pix2pix": "pix2pix",
    "policy": "gail",
    "progan": "adversarial",
    "r3gan": "relativistic",
    "sngan": "relativistic",
    "spade": "spade",
    "spiral": "spiral",
    "srgan": "srgan",
    "stackgan": "stackgan",
    "stylegan": "style",
    "text_dcgan": "gan_cls",
    "vgan": "adversarial",
    "wavegan": "adversarial",
}
CLASSIFIERS = {"adda", "domains"}  # of images of two domains
RECOGNISING = {"auxiliary", "biggan_categorical", "infogan"}
WITH_FEATURES = {"autoencoder", "biggan", "biggan_deep", "dcgan", "improved", "mlp", "progan"}
WITH_FEATURES |= {"r3gan", "sngan", "stylegan"} | RECOGNISING
WITH_FEATURES |= {"crnngan", "dvdgan", "gan3d", "spiral", "vgan", "wavegan"}
FITTING = {
    "acgan": RECOGNISING,
    "adda": {"adda"},
    "adversarial": set(NATURAL) - {"bigbigan", "policy", *CLASSIFIERS},
    "bigan": {"bigan"},
    "bigbigan": {"bigbigan"},
    "calogan": {"calogan"},
    "crnngan": {"crnngan"},
    "cyclegan": {"cyclegan"},
    "dance": {"dance", "spade"},
    "domains": {"domains"},
    "feature_matching": WITH_FEATURES,
    "gail": {"policy"},
    "gan_cls": {"cyclegan", "pix2pix", "srgan", "stackgan", "text_dcgan"},
    "infogan": RECOGNISING,
    "lapgan": {"lapgan"},
    "melgan": {"melgan"},
    "mmd": {"autoencoder"},
    "next_frame": {"mcnet", "next_frame"},
    "pix2pix": {"cyclegan", "pix2pix", "srgan", "stackgan", "text_dcgan"},
    "relativistic": set(NATURAL) - {"bigbigan", "policy", *CLASSIFIERS},
    "san": {"biggan", "biggan_deep", "dcgan", "sngan"},
    "semi_supervised": {"improved"},
    "spade": {"dance", "spade"},
    "spiral": {"spiral"},
    "srgan": {"cyclegan", "pix2pix", "srgan", "stackgan", "text_dcgan"},
    "stackgan": {"stackgan"},
    "style": {"stylegan"},
}


def modules(package, function):
    """Return the names of the modules of a package that have a function."""
    names = (m.name for m in pkgutil.iter_modules(package.__path__))
    load = lambda name: importlib.import_module(f"{package.__name__}.{name}")
    return {name for name in names if hasattr(load(name), function)}


TRANSLATORS = {"cyclegan", "pix2pix", "spade", "srgan"}
TEXT = {"stackgan", "text_dcgan"}
OF_FRAMES = {"melgan", "gantts"}
PREDICTORS = {"mcnet", "next_frame"}


def spec_for(model):
    """Return the spec of the data that a model takes."""
    if model == "policy":
        return transitions(3, 3).spec
    if model == "calogan":
        return showers().spec
    if model == "srgan":
        return low_resolution(shape_of(model)).spec
    if model in PREDICTORS:
        return next_frames(shape_of(model), shape_of(model)[0] - 2).spec
    if model in TEXT:
        return captions((*shape_of(model)[:2], 1), 6).spec
    if model in TRANSLATORS:
        return pairs((*shape_of(model)[:2], 2), 1).spec
    if model == "dance":
        return posed_clips(shape_of(model)).spec
    if len(shape_of(model)) != 3:
        frames = jax.ShapeDtypeStruct((16, 3), jnp.float32)
        sample = jax.ShapeDtypeStruct(shape_of(model), jnp.float32)
        return Spec(sample, frames if model in OF_FRAMES else Label(3))
    spec = spec_of(shape_of(model), 3)
    return spec._replace(sample=Domains(*2 * [spec.sample])) if model in CLASSIFIERS else spec


def shape_of(model):
    return (*SIZES.get(model, (8, 8)), 1)


def config_of(model, objective, **fields):
    config = default_config(model, objective)
    config.data.size = shape_of(model)[:-1]
    small = {name: value for name, value in TINY.items() if name in config.model}
    config.model.update(small | OWN.get(model, {}))
    config.train.update(batch=4, num_d_steps=1)
    of_data = {"dance", "policy", *OF_FRAMES, *TEXT, *TRANSLATORS, *PREDICTORS}
    config.condition = "data" if model in of_data else "prior"
    config.prior = "uniform" if model in ("crnngan", "spiral") else "normal"
    config.update_from_flattened_dict(fields)
    return config


def built(config):
    return build.build(config, spec_for(config.model.name))


def batch_of(config, *leading):
    """Return the shapes of a batch of 4 examples with leading axes."""
    spec = spec_for(config.model.name)
    leaf = lambda x: jax.ShapeDtypeStruct((*leading, 4, *x.shape), x.dtype)
    return Batch(*jax.tree.map(leaf, (spec.sample, spec.condition)))


def trace_step(config):
    """Trace a training step: all that it gives back has the shapes of what it was given."""
    game = built(config)
    state = jax.eval_shape(partial(init_state, game, 0))
    after, metrics = jax.eval_shape(partial(train_step, game), state, batch_of(config, 1, 1))
    same = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype), tree)
    assert same(after) == same(state)
    assert all(m.shape == () for m in metrics.values())


@cache
def weights_of(model):
    sides = build.sides(config_of(model, NATURAL[model]), spec_for(model))
    return {name: jax.eval_shape(side.init, KEY) for name, side in sides.items()}


def trace_gradient(config, name):
    """Trace the gradient of a player's loss, terms and all: less than a step, so sooner done."""
    game = built(config)
    weights = weights_of(config.model.name)
    stats = {n: jax.eval_shape(p.init_stats) for n, p in game.players.items()}

    def loss(mine, others, stats, batch, key):
        own = {**others, name: mine}
        bound = {n: bind(p.side, own[n], stats[n]) for n, p in game.players.items()}
        found = game.players[name].objective(game, Nets(bound), stats[name], batch, Keys(key))
        return found[0], found[1].stats

    slope = jax.grad(loss, has_aux=True)
    gradient, new = jax.eval_shape(slope, weights[name], weights, stats, batch_of(config), KEY)
    assert jax.tree.structure(gradient) == jax.tree.structure(weights[name])
    assert jax.tree.structure(new) == jax.tree.structure(stats[name])


def test_the_tables_name_all_there_is():
    assert modules(models, "networks") == set(NATURAL)
    assert modules(objectives, "objectives") == set(FITTING)
    assert all(model in FITTING[objective] for model, objective in NATURAL.items())


def calls_of(networks):
    return {f"{player}.{call}" for player, side in networks.items() for call in side.calls}


@pytest.mark.parametrize("model", rotating(tuple(NATURAL), 8))
def test_every_objective_trains_a_model_or_is_refused_by_name(model):
    sides = build.sides(config_of(model, "adversarial"), spec_for(model))
    for objective, fitting in FITTING.items():
        config = config_of(model, objective)
        if model in fitting:
            trace_step(config)
            continue
        with pytest.raises(ValueError, match=f"objective '{objective}' .*model '{model}'") as found:
            built(config)
        message, known = str(found.value), calls_of(sides)
        if (model, objective) in {("bigbigan", "adversarial"), ("bigbigan", "relativistic")}:
            assert "[16, 16, 1]" in message and "[8, 8, 1]" in message
            continue
        missing = message.split(" needs ")[1].split(";")[0]
        needed = importlib.import_module(f"{objectives.__name__}.{objective}").NEEDS
        assert missing in {f"{player}.{call}" for player, own in needed.items() for call in own}
        assert missing not in known


def test_a_bigbigan_without_pooling_plays_the_plain_game():
    """Real and generated images are of one size then."""
    trace_step(config_of("bigbigan", "adversarial", **{"model.encoder_scale": 1}))


G, D = "generator", "discriminator"
# Terms -> fields, and whose losses see them. Terms that share all of their code share a line.
TERMS = {
    "r1, r2, consistency, lecam": (
        {"penalty.name": "r1_r2", "penalty.weight": 1.0, "lecam.weight": 1.0}
        | {f"consistency.{name}": 1.0 for name in ("real", "fake", "latents")},
        (D,),
    ),
    "gradient penalty": ({"penalty.name": "gradient_penalty", "penalty.weight": 1.0}, (D,)),
    "zero-centred penalty": ({"penalty.name": "zero_centred", "penalty.weight": 1.0}, (D,)),
    "finite difference": ({"penalty.name": "finite_difference", "penalty.weight": 1.0}, (D,)),
    "spread": ({"consistency.spread": 1.0}, (G,)),
    "path_length": ({"path_length.weight": 1.0}, (G,)),
    "ada": ({"augmentation.name": "ada"}, (D, G)),
    "diff_augment": ({"augmentation.name": "diff_augment"}, (D, G)),
    "instance_noise": ({"augmentation.name": "instance_noise"}, (D, G)),
    "latent step gradient": ({"latent_step.name": "gradient"}, (D, G)),
    "latent step natural_gradient": ({"latent_step.name": "natural_gradient"}, (D, G)),
}


OF_NOISE = ("consistency.latents", "consistency.spread")
# Without noise, or with noise that only seeds random draws (pix2pix).
WITHOUT_LATENTS = ("adda", "cyclegan", "dance", "domains", "mcnet", "melgan", "next_frame")
WITHOUT_LATENTS += ("pix2pix", "policy", "srgan")


def refusal(model, term):
    """Return what a refusal of a term says, None for one that works."""
    objective = NATURAL[model]
    is_image = len(shape_of(model)) == 3 and model not in ("calogan", "policy", *CLASSIFIERS)
    if not is_image and {"consistency.real", "augmentation.name"} & TERMS[term][0].keys():
        return r"(consistency\.real|augmentation\.name) = .* is not single images"
    if term == "path_length" and model != "stylegan":
        return rf"path_length'? needs generator\.styles; model '{model}'"
    is_of_noise, latent_step = any(map(TERMS[term][0].get, OF_NOISE)), term.startswith("latent")
    if model in WITHOUT_LATENTS and (is_of_noise or latent_step):
        return rf"(consistency\.|latent_step).* = .*: model '{model}' has no latent space; write"
    takes = ("adversarial", "relativistic", "style")
    augments = "augmentation.name" in TERMS[term][0]
    if (
        (latent_step and objective not in takes)
        or (augments and objective in ("lapgan", "mmd"))
        or (is_of_noise and objective == "style")
    ):
        return rf" = .*: objective '{objective}' does not take it; write"
    return None


@pytest.mark.parametrize("model", rotating(tuple(NATURAL), 8))
def test_every_term_goes_with_a_model_or_is_refused_by_name(model):
    for term, (fields, players) in TERMS.items():
        config, message = config_of(model, NATURAL[model], **fields), refusal(model, term)
        if message is None:
            for player in players:
                trace_gradient(config, player)
        else:
            with pytest.raises(ValueError, match=message):
                built(config)


@pytest.mark.parametrize(
    ("model", "objective", "fields", "message"),
    [
        ("improved", "semi_supervised", {"data.flip": True}, r"data\.flip = True: objective"),
        ("improved", "semi_supervised", {"data.random_crop": 0.9}, r"data\.random_crop = 0\.9"),
        ("srgan", "adversarial", {"latent_step.name": "gradient"}, "model 'srgan' has no latent"),
        ("pix2pix", "adversarial", {"latent_step.name": "gradient"}, "'pix2pix' has no latent"),
        (
            "srgan",
            "srgan",
            {"objective.adversarial": 0.0, "lecam.weight": 1.0},
            "lecam is on: with",
        ),
        (
            "srgan",
            "srgan",
            {"objective.adversarial": 0.0, "augmentation.name": "diff_augment"},
            r"augmentation\.name = 'diff_augment': with objective\.adversarial = 0",
        ),
        (
            "spiral",
            "spiral",
            {"prior": "normal"},
            "prior = 'normal': model 'spiral' needs 'uniform'",
        ),
        ("bigan", "bigan", {"objective.loss": "kl"}, r"objective\.loss = 'kl': write one of hinge"),
    ],
)
def test_other_misfits_are_refused_by_name(model, objective, fields, message):
    with pytest.raises(ValueError, match=message):
        built(config_of(model, objective, **fields))
