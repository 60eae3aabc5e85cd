"""The games of the lineage, tiny: a config's name, maybe with a variant, and the fields changed."""

import importlib.util
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"
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
    # With width 2 this draw's gradients jump by 2.4e-5 when sums are taken in another order, where
    # other draws agree to 1e-6: as they do where an argument of a ReLU is 0 but for rounding.
    "vgan": ("vgan", TINY | {"model.width": 3, "data.size": (8, 16, 16)}),
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


def config_of(name):
    file, fields = GAMES[name]
    file, _, variant = file.partition(":")
    spec = importlib.util.spec_from_file_location(file, CONFIGS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config(variant) if variant else module.get_config()
    config.update_from_flattened_dict({**SMOOTH, **fields})
    return config
