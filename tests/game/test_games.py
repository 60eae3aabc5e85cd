"""What every game of the lineage has to keep, one config after the other, tiny."""

import importlib.util
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.build import build
from jaxgan.devices import sharding
from jaxgan.game.game import Batch, Label, Nets, Spec, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.game.steps import d_step, g_step, train_step
from jaxgan.media.adaptation import Domains
from jaxgan.media.captions import captions
from jaxgan.media.holes import holes
from jaxgan.media.low_resolution import low_resolution
from jaxgan.media.maps import maps
from jaxgan.media.next_frames import next_frames
from jaxgan.media.pairs import pairs
from jaxgan.media.posed_clips import posed_clips
from jaxgan.media.showers import SHAPES, Layers, showers
from jaxgan.media.transitions import transitions
from jaxgan.planning import chips
from jaxgan.planning.hlo import Program
from jaxgan.training.checkpoints import Checkpoints
from tests.rotating import rotating
from tests.tiny import spec_of

CONFIGS = Path(__file__).parents[2] / "configs"
ROLES = ("generator", "discriminator")
TINY = {"model.latent_dim": 6}
MLP = TINY | {"data.size": (8, 8)}
MLP |= {"model.generator_widths": (8,), "model.discriminator_widths": (8,)}
CONV = TINY | {"model.width": 2, "data.size": (16, 16)}  # two stages: norm in DCGAN's second
SMALL = CONV | {"data.size": (8, 8)}
BIG = CONV | {"model.latent_dim": 6, "model.embedding_dim": 4, "model.hidden": 8}
BIG |= {"model.encoder_width": 2, "model.encoder_depths": (1, 1), "model.encoder_hidden": 8}
BIG |= {"train.num_d_steps": 1}
PAIRS = {"data.size": (8, 8), "data.source_channels": 1, "model.width": 2}
PAIRS |= {"model.patch_layers": 1, "train.batch": 8}
VOLUMES = TINY | {"model.width": 2, "model.first_size": 2, "data.size": (8, 8, 8)}
CLIPS = TINY | {"model.width": 2, "model.embedding_dim": 4, "model.frames": 2}
CLIPS |= {"data.size": (4, 16, 16), "train.num_d_steps": 1, "train.batch": 8}
CLIPS |= {"model.remat": False, "model.dtype": "float32"}
POLICY = {"model.generator_widths": (4,), "model.discriminator_widths": (4,)}
POLICY |= {"objective.rollouts": 8}
MAPS = {"data.size": (16, 16), "data.map_classes": 3, "model.width": 2, "model.hidden": 4}
MAPS |= {"model.patch_layers": 1, "model.latent_dim": 5, "train.batch": 8}
DOMAINS = {"data.size": (16, 16), "model.width": 2, "model.hidden": 4}
DANCE = {"data.size": (2, 8, 16), "model.width": 2, "model.blocks": 1, "model.halvings": 1}
DANCE |= {"model.patch_layers": 1, "model.scales": 1, "train.batch": 8}
TEXT = {"data.size": (8, 8), "data.text_dim": 6, "model.width": 4, "model.text": 3}
TEXT |= {"model.latent_dim": 6, "train.batch": 8}
GAMES = {
    "mlp": ("mlp_gan", MLP),
    "conditional": ("mlp_gan", MLP | {"model.conditional": True}),
    "minimax": ("mlp_gan", MLP | {"objective.loss": "minimax"}),
    "f-gan": ("mlp_gan", MLP | {"objective.loss": "squared_hellinger"}),
    "least_squares": ("mlp_gan", MLP | {"objective.loss": "least_squares"}),
    "wgan": (
        "mlp_gan",
        MLP | {"objective.loss": "wasserstein", "discriminator.clip_weights": 0.1},
    ),
    "r1": ("mlp_gan", MLP | {"penalty.name": "r1", "penalty.weight": 1.0}),
    "all on top": (
        "mlp_gan",
        MLP
        | {"penalty.name": "r1_r2", "penalty.weight": 1.0, "penalty.every": 4}
        | {"consistency.real": 1.0, "consistency.fake": 1.0, "consistency.latents": 1.0}
        | {"consistency.spread": 1.0, "lecam.weight": 0.1, "augmentation.name": "diff_augment"}
        | {"objective.top_k": 0.5},
    ),
    "ada": ("mlp_gan", MLP | {"augmentation.name": "ada", "augmentation.images": 100.0}),
    "instance noise": ("mlp_gan", MLP | {"augmentation.name": "instance_noise"}),
    "schedules": (
        "mlp_gan",
        MLP
        | {"generator.learning_rate": "linear(0.02, 0.01, images=64)"}
        | {"discriminator.b2": "linear(0.9, 0.99, images=64)"}
        | {"penalty.name": "r1", "penalty.weight": "cosine(1, 0.1, images=64)"}
        | {"augmentation.name": "ada", "augmentation.probability": "ramp_up(0.5, images=64)"}
        | {"average.half_life": "ramp_up(100, images=64)", "average.lengths": (0.05, 0.1)},
    ),
    "dcgan": ("dcgan_fashion", CONV),
    "wgan_gp": ("wgan_gp_fashion", SMALL | {"train.num_d_steps": 2}),
    "sngan": ("sngan_fashion", SMALL | {"train.num_d_steps": 1}),
    "san": ("sngan_fashion:san", SMALL | {"train.num_d_steps": 1}),
    # A shorter step than SMOOTH's, after which this discriminator's ReLUs would all be off.
    "sagan": (
        "sagan_fashion",
        CONV | {"model.attention": 8, "discriminator.learning_rate": 0.02},
    ),
    "relativistic": ("relativistic_fashion", CONV | {"objective.comparison": "average"}),
    "r3gan": ("r3gan_fashion", SMALL | {"model.most": 4, "model.group_width": 4}),
    "acgan": ("acgan_fashion", SMALL),
    "infogan": ("infogan_fashion", CONV | {"model.hidden": 8}),
    "energy": ("ebgan_fashion", CONV),
    "mmd": ("mmd_gan_fashion", CONV),
    "semi_supervised": ("improved_fashion", CONV | {"objective.labelled": 0.5}),
    "minibatch": ("improved_fashion:minibatch", CONV | {"model.kernels": 2}),
    "progan": ("progan_fashion", SMALL | {"growth.stage_images": 0.0}),
    "stylegan": (
        "stylegan_fashion",
        SMALL | {"model.style_dim": 6, "model.depth": 1, "model.latent_dim": 6 + 160},
    ),
    "lapgan": (
        "lapgan_fashion",
        {"model.width": 2, "model.coarse_width": 2}
        | {"model.coarse_dim": 6, "model.latent_dim": 6 + 1280},
    ),
    "bigan": ("bigan_fashion", SMALL | {"model.hidden": 8}),
    "categorical": ("biggan_categorical_fashion", SMALL | {"model.embedding_dim": 4}),
    "bigbigan": ("bigbigan_fashion", BIG),
    "bigbigan_revnet": ("bigbigan_fashion", BIG | {"model.encoder": "revnet"}),
    "gail": ("gail_pendulum", POLICY | {"penalty.name": "r1", "penalty.weight": 1.0}),
    "pix2pix": ("pix2pix", PAIRS),
    "cogan": ("cogan", CONV | {"data.size": (16, 32)}),  # the size of a couple
    # Instance norm of 2 x 2 maps would bend the loss too much for a slope.
    "cyclegan": (
        "cyclegan",
        PAIRS | {"data.size": (16, 16), "model.blocks": 1, "objective.pool": 8},
    ),
    "gan_cls": ("gan_cls", TEXT),
    "stackgan": ("stackgan", TEXT | {"model.augmented": 2}),
    "stackgan's second stage": (
        "stackgan:2",
        TEXT | {"data.size": (32, 32), "model.augmented": 2} | {"train.start_from": ""},
    ),
    "spade": ("spade_emoji", MAPS),
    "spade with style": (
        "spade",
        MAPS | {"data.size": (8, 8), "model.style": True, "objective.kl": 0.05, "model.scales": 1},
    ),
    "context encoder": ("context_encoder", PAIRS | {"data.size": (16, 16)}),
    "dance": ("dance_puppet", DANCE),
    "dance frame by frame": ("dance", DANCE | {"model.temporal": False}),
    "dann": ("dann", DOMAINS),
    "dann flipped": (
        "dann",
        DOMAINS
        | {"objective.variant": "flipped", "objective.ramp_steps": 0, "model.norm": "none"}
        | {"penalty.name": "r1", "penalty.weight": 1.0, "lecam.weight": 0.1},
    ),
    "adda": ("adda:2", DOMAINS | {"train.start_from": ""}),
    "discogan": ("discogan", PAIRS | {"model.levels": 2}),
    "srgan": (
        "srgan:game",
        {"data.size": (16, 16), "model.width": 2, "model.blocks": 1, "model.hidden": 4}
        | {"train.batch": 8},
    ),
    "pix2pix all on top": (
        "pix2pix",
        PAIRS
        | {"consistency.real": 1.0, "consistency.fake": 1.0, "augmentation.name": "diff_augment"}
        | {"lecam.weight": 0.1, "penalty.name": "r1", "penalty.weight": 1.0},
    ),
    "wavegan": (
        "wavegan",
        TINY | {"model.width": 2, "data.size": (256,), "train.num_d_steps": 2},
    ),
    "wavegan_digits": ("wavegan_digits", TINY | {"model.width": 2, "data.size": (128,)}),
    "specgan": ("specgan", CONV | {"train.num_d_steps": 1}),
    "crnngan": (
        "crnngan_tunes",
        {"model.latent_dim": 8, "model.hidden": 3, "model.layers": 1, "data.size": (4,)}
        | {"objective.pretraining": 0, "model.note_scales": (2.0,)},
    ),
    "calogan": (
        "calogan",
        TINY
        | {"model.unfolded": 2, "model.local_widths": (2, 2), "model.judged_widths": (2, 2, 2, 2)},
    ),
    "spiral": (
        "spiral_digits",
        {"model.latent_dim": 2 + 2 * 3, "model.z_dim": 2, "model.strokes": 2, "model.grid": 4}
        | {"model.width": 2, "model.memory": 16, "model.discriminator_width": 2}
        | {"data.size": (8, 8)},
    ),
    "gan3d": ("gan3d", VOLUMES),
    "gan3d_furniture": ("gan3d_furniture", VOLUMES),
    "vgan": ("vgan", TINY | {"model.width": 2, "data.size": (8, 16, 16)}),
    "dvdgan": ("dvdgan_moving", CLIPS),
    "trivdgan": ("trivdgan", CLIPS | {"model.unit": "tsru_s", "model.heads": "trivd"}),
    "next_frame": ("next_frame", {"data.size": (6, 8, 8), "model.width": 2, "train.batch": 8}),
    "mcnet": (
        "mcnet",
        {"data.size": (5, 16, 16), "data.context": 3, "model.width": 2, "train.batch": 8},
    ),
    "melgan": (
        "melgan",
        {"data.size": (64,), "data.hop": 2, "data.mel_bins": 3, "train.batch": 8}
        | {"model.width": 2, "model.factors": (2,), "model.scales": 2, "model.layers": 1}
        | {"model.discriminator_width": 4},
    ),
    "gantts": (
        "gantts",
        {"data.size": (64,), "data.hop": 2, "train.batch": 8, "model.latent_dim": 4}
        | {"model.generator_widths": (4,), "model.factors": (2,), "model.width": 2}
        | {"model.folds": (1, 2), "model.steps": 8},
    ),
}
# Adam's first step is the gradient's sign: where a gradient is 0 but for rounding (a bias before
# batch norm) it would be rounding's. With a large eps it is the gradient itself.
SMOOTH = {"generator.eps": 1.0, "generator.learning_rate": 0.1}
SMOOTH |= {"discriminator.eps": 1.0, "discriminator.learning_rate": 0.1}
BATCH, CLASSES = 8, 4
# Compiled in a third of the time, and slow to run, which a single step can bear.
FAST = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def config_of(name):
    file, fields = GAMES[name]
    file, _, variant = file.partition(":")
    spec = importlib.util.spec_from_file_location(file, CONFIGS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config(variant) if variant else module.get_config()
    config.update_from_flattened_dict({**SMOOTH, **fields})
    return config


def built(config, mesh=None):
    return build(config, spec_of_game(config), mesh)


def spec_of_game(config):
    if config.data.medium == "transitions":
        return transitions(3, 3).spec
    if config.data.medium == "showers":
        return showers().spec
    if config.data.medium == "low_resolution":
        return low_resolution((*config.data.size, 1), config.data.scale).spec
    if config.data.medium == "holes":
        return holes((*config.data.size, 1)).spec
    if config.data.medium in ("pairs", "domains"):
        return pairs((*config.data.size, 2), config.data.source_channels).spec
    if config.data.medium == "next_frames":
        return next_frames((*config.data.size, 1), config.data.context).spec
    if config.data.medium == "captions":
        return captions((*config.data.size, 1), config.data.text_dim).spec
    if config.data.medium == "maps":
        return maps((*config.data.size, 1), config.data.map_classes).spec
    if config.data.medium == "posed_clips":
        frames, height, width = config.data.size
        return posed_clips((frames, height, width // 2, 1)).spec
    if config.data.medium == "adaptation":
        image = jax.ShapeDtypeStruct((*config.data.size, 1), jnp.float32)
        return Spec(Domains(image, image), Label(CLASSES))
    if len(config.data.size) == 2:
        return spec_of((*config.data.size, 1), CLASSES)
    sample = jax.ShapeDtypeStruct((*config.data.size, 1), jnp.float32)
    if config.data.medium in ("mels", "speech"):
        return Spec(sample, jax.ShapeDtypeStruct((32, 3), jnp.float32))
    return Spec(sample, Label(CLASSES))


def batch_of(config):
    rng = np.random.default_rng(0)
    leading = (config.train.num_d_steps + config.train.fresh_batches, 1, BATCH)
    if config.data.medium == "transitions":
        seen = rng.normal(size=(*leading, 3))
        return Batch((jnp.float32(seen), jnp.eye(3)[rng.integers(0, 3, leading)]))
    if config.data.medium == "showers":
        leaf = lambda shape: jnp.asarray(rng.exponential(0.1, (*leading, *shape)), jnp.float32)
        energies = jnp.asarray(rng.uniform(1, 100, leading), jnp.float32)
        return Batch(Layers(*map(leaf, SHAPES)), energies)
    images = rng.uniform(-1, 1, (*leading, *config.data.size, 1))
    if config.data.medium == "posed_clips":
        poses, frames = np.split(images, 2, -2)
        return Batch(jnp.asarray(frames, jnp.float32), jnp.asarray(poses, jnp.float32))
    if config.data.medium in ("pairs", "domains", "holes"):
        sources = rng.uniform(-1, 1, images.shape)
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(sources, jnp.float32))
    if config.data.medium in ("mels", "speech"):
        frames = rng.normal(size=(*leading, 32, 3))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(frames, jnp.float32))
    if config.data.medium == "next_frames":
        context, images = config.data.context, jnp.asarray(images, jnp.float32)
        return Batch(images[..., context:, :, :, :], images[..., :context, :, :, :])
    if config.data.medium == "maps":
        classes = config.data.map_classes
        labels = rng.integers(0, classes, images.shape[:-1])
        return Batch(jnp.asarray(images, jnp.float32), jax.nn.one_hot(labels, classes))
    if config.data.medium == "captions":
        texts = rng.normal(size=(*leading, config.data.text_dim))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(texts, jnp.float32))
    if config.data.medium == "low_resolution":
        small = [side // config.data.scale for side in config.data.size]
        sources = rng.uniform(-1, 1, (*leading, *small, 1))
        return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(sources, jnp.float32))
    labels = rng.integers(0, CLASSES, leading)
    if config.data.medium == "adaptation":
        both = (images, rng.uniform(-1, 1, images.shape))
        images = Domains(*(jnp.asarray(x, jnp.float32) for x in both))
        return Batch(images, jnp.asarray(labels, jnp.int32))
    return Batch(jnp.asarray(images, jnp.float32), jnp.asarray(labels, jnp.int32))


def arrays(tree):
    """Return a tree's leaves as numpy arrays, keys as their data."""
    is_key = lambda x: jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return [np.asarray(jax.random.key_data(x) if is_key(x) else x) for x in jax.tree.leaves(tree)]


def state_of(game):
    """Return a state with random parameters: to draw the real ones costs a compilation."""
    rng = np.random.default_rng(1)

    def fill(path, leaf):
        name = jax.tree_util.keystr(path)
        if name == ".key":
            return jax.random.key(0)
        if name.endswith("['progress']"):
            return jnp.float32(0.5)  # a ProGAN whose second resolution is fading in
        if ".opt_state" in name or name == ".step":
            return jnp.zeros(leaf.shape, leaf.dtype)
        return jnp.asarray(0.2 * rng.normal(size=leaf.shape), leaf.dtype)

    shapes = jax.eval_shape(partial(init_state, game, 0))
    return jax.tree_util.tree_map_with_path(fill, shapes)


@pytest.fixture(scope="module", params=rotating(tuple(GAMES), 6))
def game(request):
    config = config_of(request.param)
    game = built(config)
    return config, game, state_of(game), batch_of(config)


def test_one_step(game, tmp_path):
    """One trace; the same bits again, and from a checkpoint; finite; every part learns; 1 = 8."""
    config, game, state, batch = game
    traces = []

    def step(state, batch):
        traces.append(1)
        return train_step(game, state, batch)

    step = jax.jit(step, compiler_options=FAST)
    first, metrics = step(state, batch)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, first)
        checkpoints.wait()
        structure = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding)
        restored = checkpoints.restore(jax.tree.map(structure, first), 1)
    pairs = (first, step(state, batch)[0]), (step(first, batch)[0], step(restored, batch)[0])
    assert len(traces) == 1
    for a, b in zip(*map(arrays, zip(*pairs, strict=True)), strict=True):
        np.testing.assert_array_equal(a, b)

    assert all(np.isfinite(x).all() for x in arrays((first, metrics)))
    for role in ROLES:
        assert metrics[f"{role[0]}/bad_leaf"] == -1 and metrics[f"{role[0]}/grad_norm"] > 0
        old, new = (s.players[role].params for s in (state, first))
        # ProGAN's progress and the first stages of StackGAN and ADDA are learned by nobody, nor
        # what SPIRAL's last part of an action would tell the next one.
        unused = {"progress", "stage_1", "source", "drawn_control", "mixed_control"}
        for part in old.keys() - unused:
            moved = zip(arrays(old[part]), arrays(new[part]), strict=True)
            assert any((a != b).any() for a, b in moved), f"{role}: {part} does not learn"

    mesh = sharding.create_mesh()
    assert mesh.size == 8
    split = built(config, mesh)
    shapes = jax.eval_shape(partial(init_state, split, 0))
    state = jax.device_put(state, sharding.tree_shardings(mesh, shapes))
    batch = jax.device_put(batch, sharding.rows(mesh, leading=2))
    eight, eight_metrics = jax.jit(partial(train_step, split), compiler_options=FAST)(state, batch)
    # 2e-5: sums over the batch in another order, through up to ten layers and a power iteration.
    for a, b in zip(arrays((first, metrics)), arrays((eight, eight_metrics)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_the_opponent_is_not_touched(game):
    """In a player's step all other state goes out as the very variables that came in."""
    _, game, state, batch = game
    one = jax.tree.map(lambda x: x[0], batch)
    for step, mine in ((d_step, "discriminator"), (g_step, "generator")):
        run = lambda state, step=step: step(game, state, one, jax.random.key(1))[0]
        program = jax.make_jaxpr(run)(state).jaxpr
        names = [jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_flatten_with_path(state)[0]]
        for name, before, after in zip(names, program.invars, program.outvars, strict=True):
            if not name.startswith(f".players['{mine}']"):
                assert before is after, name
            elif ".params" in name:
                assert before is not after, name


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_gradients_are_slopes(game, role, request):
    """The gradient of a player's loss along a direction is the loss's central difference there."""
    if (request.node.callspec.params["game"], role) == ("san", "discriminator"):
        pytest.skip("two losses, each for a part of the network: test_san.py")
    policies = (("gail", "generator"), ("spiral", "generator"))
    if (request.node.callspec.params["game"], role) in policies:
        pytest.skip(
            "what is drawn changes with the weights: exact gradients in test_gail.py, test_spiral"
        )
    _, game, state, batch = game
    one = jax.tree.map(lambda x: x[0, 0], batch)
    weights = {}
    for name in ROLES:
        player, own = game.players[name], state.players[name]
        weights[name], _ = player.transform.apply(own.params, own.transform_state)

    def loss(mine):
        own = {**weights, role: mine}
        bound = {n: bind(game.players[n].side, own[n], state.players[n].stats) for n in ROLES}
        keys, stats = Keys(jax.random.key(1)), state.players[role].stats
        return game.players[role].objective(game, Nets(bound), stats, one, keys)[0]

    compiled = jax.jit(jax.value_and_grad(loss), compiler_options=FAST)
    _, gradient = compiled(weights[role])
    # Along the gradient itself, where a slope is largest and rounding the least of it. A wrong
    # gradient is wrong at every step; a long step meets kinks and curvature, a short one rounding.
    norm, ratios = optax.tree.norm(gradient), []
    move = lambda t: jax.tree.map(lambda w, g: w + t / norm * g, weights[role], gradient)
    for length in (3e-3, 1e-3, 3e-4, 1e-4, 3e-5):
        step = length * optax.tree.norm(weights[role])
        slope = (compiled(move(step))[0] - compiled(move(-step))[0]) / (2 * step)
        ratios.append(float(slope / norm))
    assert min(abs(r - 1) for r in ratios) < 0.02, ratios


@pytest.mark.slow
def test_compiles_for_a_topology(game, request):
    """The step of a slice of eight TPU chips, batch split over them, has only all-reduces."""
    name = request.node.callspec.params["game"]
    pytest.importorskip("libtpu")
    config, _, _, batch = game
    mesh = sharding.create_mesh(1, chips.slice_devices("v5e:2x4"))
    game = built(config, mesh)
    shapes = jax.eval_shape(partial(init_state, game, 0))
    abstract = lambda x, s: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=s)
    state = jax.tree.map(abstract, shapes, sharding.tree_shardings(mesh, shapes))
    batch = jax.tree.map(lambda x: abstract(x, sharding.rows(mesh, leading=2)), batch)
    with chips.quiet():
        compiled = jax.jit(partial(train_step, game)).lower(state, batch).compile()
    # These compare every image of the batch with every other; every device holds the whole pool, or
    # the newest texts.
    of_texts = name == "gan_cls" or name.startswith("stackgan")
    gathers = of_texts or name in ("mmd", "minibatch", "cyclegan", "calogan")
    needed = {"all-gather"} if gathers else set()
    if name == "calogan":  # the gradient of what was gathered goes back
        needed |= {"reduce-scatter"}
    if of_texts:
        # A text goes to the next image of the batch, and to those that are kept: no image does.
        needed |= {"collective-permute", "all-to-all"}
    assert set(Program(compiled.as_text()).collectives()) == {"all-reduce"} | needed
