"""What is known to go wrong with a config, each with its source: for `train` and for `doctor`."""

import math
from collections.abc import Iterator

from ml_collections import ConfigDict

from jaxgan.config.intervals import images_a_step
from jaxgan.config.noun import noun
from jaxgan.game.schedules import ends

# Media that read data.flip.
MIRRORED = ("images", "pairs", "domains", "couples", "maps", "captions", "low_resolution")
MIRRORED += ("volumes", "clips")


def largest(value: float | str) -> float:
    """Return a number itself, or the larger of a schedule's first and last value."""
    return max(ends(value)) if isinstance(value, str) else value


def advice(config: ConfigDict, examples: int) -> Iterator[str]:
    """Yield what is known to fail in games that make images, one line each.

    config: resolved. examples: number of training examples.
    """
    if config.data.medium == "transitions":
        return  # all of it is about images
    train, average, word = config.train, config.average, noun(config.data.medium)
    for name in ("generator", "discriminator"):
        player = config[name]
        if largest(player.learning_rate) > 2e-3:
            yield (
                f"{name}.learning_rate = {player.learning_rate}: far above what is published "
                "for this family (BigGAN 5e-5 and 2e-4, arXiv 1809.11096)"
            )
        if player.b1 > 0.5:
            yield (
                f"{name}.b1 = {player.b1}: momentum makes the game oscillate (arXiv 1807.04740); "
                "this family uses 0"
            )
    penalty = config.penalty.weight if config.penalty.name != "none" else 0.0
    if not (config.discriminator.spectral_norm or config.discriminator.clip_weights or penalty):
        yield (
            "discriminator.spectral_norm = False: needs a gradient penalty, else the logits grow "
            "without bound (arXiv 1802.05957)"
        )
    objective = config.objective
    if objective.name == "srgan" and objective.adversarial and not train.start_from:
        yield (
            "train.start_from is empty: SRGAN's game begins where squared differences alone end "
            "(arXiv 1609.04802); train with objective.adversarial = 0 first, and start from that"
        )
    if examples < 10_000 and config.data.medium in MIRRORED and not config.data.flip:
        yield (
            f"{examples:,} {word} and no augmentation: the discriminator will memorise them "
            "(arXiv 2006.06676); write data.flip = True where mirrored ones are as good, and give "
            "data.held_out to see it"
        )
    if not config.data.held_out:
        yield (
            "data.held_out is empty: memorisation cannot be seen; write data.split='train[:95%]' "
            "and data.held_out='train[95%:]'"
        )
    group = train.batch // train.microbatches // config.model.get("batch_norm_groups", 1)
    if group < 16:
        yield (
            f"batch norm, where there is any, sees {group} {word} at a time (train.batch / "
            "train.microbatches / model.batch_norm_groups): its moments are noise below some 16 "
            "(arXiv 1803.08494)"
        )
    decay = average.decay
    if average.half_life:
        decay = 0.5 ** (images_a_step(config) / max(largest(average.half_life), 1e-9))
    left = decay ** max(train.steps - average.start_step, 0)
    # A half-life that grows from 0 warms up by itself.
    warms_up = average.warm_up or isinstance(average.half_life, str)
    if 0.05 < left < 1.0 and 0.0 < decay < 1.0 and not warms_up:
        steps = math.ceil(math.log(0.05) / math.log(decay))
        yield (
            f"average.decay = {decay:.6g}: after {train.steps} steps {left:.0%} of the average "
            f"is still the start; it takes {steps:,} steps, or a decay of "
            f"{0.05 ** (1 / max(train.steps - average.start_step, 1)):.4f}, or "
            "average.warm_up = True"
        )
