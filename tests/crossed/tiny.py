"""Each shipped config, as small as its networks can be."""

from pathlib import Path

from ml_collections import ConfigDict

from jaxgan.config import files

# Where a config has these fields. 12: latents divide into the chunks of any pyramid this small.
TINY = {"width": 4, "latent_dim": 12, "embedding_dim": 8, "hidden": 8, "to_image_channels": 4}
TINY |= {"generator_widths": (2, 2), "discriminator_widths": (2, 2), "discriminator_downsamples": 1}
TINY |= {"encoder_width": 4, "encoder_depths": (1, 1), "encoder_hidden": 8}
TINY |= {"group_width": 4, "blocks": 1, "patch_layers": 2, "text": 4, "augmented": 4}
TINY |= {"levels": 3, "scales": 1, "halvings": 1, "frames": 2}
TINY |= {"discriminator_width": 4, "grid": 4, "memory": 16}
TINY |= {"unfolded": 2, "local_widths": (2, 2), "judged_widths": (2, 2, 2, 2)}
TINY |= {"factors": (2, 2), "layers": 1, "folds": (1, 2), "steps": 8}
TINY |= {"attention": 0, "generator_attention": (), "discriminator_attention": ()}
# Networks that cannot be as small. Latents that hold noise for every pixel, or its key, are the
# config's.
SIZES = {
    "adda": (16, 16),
    "bigbigan": (16, 16),
    "cogan": (16, 16),
    "calogan": (505,),
    "crnngan": (4,),
    "cyclegan": (16, 16),
    "dance": (2, 16, 32),
    "gan3d": (8, 8, 8),
    "gantts": (64,),
    "domains": (16, 16),
    "dvdgan": (4, 16, 16),
    "lapgan": (32, 32),
    "melgan": (64,),
    "mcnet": (6, 16, 16),
    "next_frame": (6, 16, 16),
    "pix2pix": (16, 16),
    "spade": (16, 16),
    "srgan": (16, 16),
    "stackgan": (16, 16),
    "stylegan": (32, 32),
    "text_dcgan": (16, 16),
    "vgan": (4, 8, 8),
    "wavegan": (64,),
}
NOISE_IN_LATENTS = ("lapgan", "pix2pix", "spiral", "stylegan")


def tiny(name: str) -> ConfigDict:
    """Return a shipped config with networks of a few thousand parameters, two steps long."""
    config = files.load(name)
    config.data.update(name="fashion_mnist", split="train", held_out="")
    if config.data.medium != "transitions":
        config.data.size = SIZES.get(config.model.name, (8, 8))
    if config.data.medium == "log_spectrograms":
        config.data.size = (64,)  # of which networks see 8 x 8
    config.data.update(hop=4, mel_bins=3, rate=None)
    for field, value in TINY.items():
        is_fixed = field == "latent_dim" and config.model.name in NOISE_IN_LATENTS
        if config.model.get(field) and not is_fixed:
            config.model[field] = value
    config.data.context = 4
    if config.data.medium == "domains":
        config.objective.identity = 0.0  # of gray images and of RGB ones
    if config.data.medium == "transitions":
        config.objective.rollouts = 8
    config.in_images.update(train=0, log=0, sample=0, checkpoint=0, watch=0)
    config.train.update(steps=2, batch=16, num_d_steps=1, microbatches=1)
    config.train.update(log_every=1, sample_every=2, checkpoint_every=1)
    config.average.lengths = (0.05, 0.1)
    config.watch.every = int(config.data.medium not in ("transitions", "adaptation"))
    config.watch.update(images=8, classes=2)
    config.sample.update(columns=2, standing_batches=1, standing_batch=16)
    return config


def write_config(name: str, bits: int, folder: Path) -> Path:
    """Write the tiny config and its data set into a folder; return the config's file."""
    from tests.crossed.walk import (
        caption_set,
        dance_set,
        data_set,
        domain_set,
        map_set,
        media_set,
        pair_set,
        small_images,
        transition_set,
    )

    config = tiny(name)
    if config.data.categories:
        config.data.categories = 5
    if config.model.name == "spiral" and bits == 8:  # RGB: a stroke draws its colour too
        config.model.latent_dim = config.model.z_dim + 7 * config.model.strokes
    size = tuple(config.data.size)
    if config.data.medium == "transitions":
        data = transition_set(folder, config.objective.environment)
    elif config.data.medium in ("pairs", "domains"):
        data = pair_set(folder, bits, size, config.data.medium)
    elif config.data.medium == "maps":
        data = map_set(folder, size)
    elif config.data.medium == "posed_clips":
        data = dance_set(folder, size)
    elif config.data.medium in ("adaptation", "couples"):
        data = domain_set(folder, bits, size)
    elif config.data.medium == "captions":
        data = caption_set(folder, bits, size)
    elif config.data.medium in ("images", "low_resolution", "holes"):
        data = data_set(folder, bits, size)
    else:
        data = media_set(folder, config.data.medium, size)
    if config.data.medium == "low_resolution":
        small_images(folder, bits, tuple(side // config.data.scale for side in size))
    if config.data.medium == "holes":
        small_images(folder, bits, size)
    lines = [
        "from ml_collections import ConfigDict",
        "",
        "from jaxgan.config import default_config",
        "",
        "",
        "def get_config():",
        f"    config = default_config({config.model.name!r}, {config.objective.name!r})",
    ]
    config.data.name = str(data)
    config.sample.update(standing_batch=9)
    config.evaluate.update(samples=13, batch=5)
    fields = {k: v for k, v in config.to_dict().items() if isinstance(v, dict)}
    single = {k: v for k, v in config.to_dict().items() if not isinstance(v, dict)}
    lines += [f"    config.{name}.update({values!r})" for name, values in fields.items()]
    lines += [f"    config.{name} = {value!r}" for name, value in single.items()]
    path = folder / "tiny.py"
    path.write_text("\n".join([*lines[2:], "    return config", ""]), encoding="utf-8")
    return path


def families() -> dict[str, ConfigDict]:
    """Return the first config of each family, without what differs in amount only."""
    found = {}
    for name in files.shipped():
        config = tiny(name)
        facts = config.to_dict()
        for player in (facts["generator"], facts["discriminator"]):
            player |= {"learning_rate": 0.1, "orthogonal": player["orthogonal"] > 0}
        facts["average"] = facts["evaluate"] = {}
        if "batch_norm_eps" in facts["model"]:
            facts["model"]["batch_norm_eps"] = 0.1
        found.setdefault(repr(facts), (name, config))
    return dict(found.values())
