"""What the watch's numbers mean: thresholds with their reasons, and what helps.

A sign counts once it was seen `patience` times in a row. Everything is a function of the lines of
watch.jsonl, so that a run that was interrupted and continued judges like one that was not.
"""

import statistics
from collections.abc import Callable
from typing import Any, NamedTuple

Line = dict[str, Any]


class Rule(NamedTuple):
    """seen: (line, earlier lines) -> a description of what is seen; "" if nothing is."""

    seen: Callable[[Line, list[Line]], str]
    helps: str
    is_collapse: bool = False


def low_diversity(line: Line, earlier: list[Line]) -> str:
    # In pixels an untrained generator is near 1, trained ones are between 0.6 and 1.1, and one
    # mode per class, with noise, is below 0.1: a quarter leaves room on both sides.
    value = line["diversity"]
    return f"samples of a class differ {value:.2f} times as much as real ones" * (value < 0.25)


def many_duplicates(line: Line, earlier: list[Line]) -> str:
    # Among a few samples of a class no two should be alike; a quarter means only a few modes.
    value = line["duplicates"]
    return f"{value:.0%} of the samples have a near copy in their class" * (value > 0.25)


def low_class_diversity(line: Line, earlier: list[Line]) -> str:
    # Conditional collapse: single classes collapse first, which the mean does not show.
    bad = sum(value < 0.1 for value in line["class_diversity"])
    return f"{bad} of {len(line['class_diversity'])} classes show one sample each" * bool(bad)


def overfit(line: Line, earlier: list[Line]) -> str:
    # One half: held-out images look more like fakes to D than like the images it is trained on.
    if line.get("overfit", 0.0) <= 0.5:
        return ""
    return (
        f"the discriminator calls {line['real_accuracy']:.0%} of its training examples real, but "
        f"{line['held_out_accuracy']:.0%} of held-out ones (overfit {line['overfit']:.2f})"
    )


def wide_gap(line: Line, earlier: list[Line]) -> str:
    # The hinge loss asks for a gap of 2; 10 is odds of 150 to 1 on either side for a logistic D.
    value = line["logit_gap"]
    return f"the discriminator's logits of real and fake samples are {value:.1f} apart" * (
        value > 10
    )


def jump_of_sigma(line: Line, earlier: list[Line]) -> str:
    # Raw kernels grow slowly under spectral norm, whose gradient is orthogonal to them. Twice in
    # one interval, and four times the first value, is the blow-up that precedes a collapse.
    if not earlier:
        return ""
    first, before = earlier[0]["sigmas"], earlier[-1]["sigmas"]
    for layer, (sigma, *_) in line["sigmas"].items():
        if sigma > 2 * before[layer][0] and sigma > 4 * first[layer][0]:
            change = f"from {before[layer][0]:.3g} to {sigma:.3g}"
            return f"the largest singular value of {layer} rose {change}"
    return ""


def large_gradient(line: Line, earlier: list[Line]) -> str:
    for name in ("g/grad_norm", "d/grad_norm"):
        if len(earlier) >= 3:
            usual = statistics.median(e[name] for e in earlier)
            if line[name] > 100 * usual:  # batches vary by a small factor, not by a hundred
                return f"{name} is {line[name]:.3g}, usually {usual:.3g}"
    return ""


SLOWER = "lower learning rates, more discriminator steps, a larger batch"
RULES = {
    "low_diversity": Rule(
        low_diversity, f"go back to an earlier checkpoint; {SLOWER}, LOGAN's latent step", True
    ),
    "many_duplicates": Rule(
        many_duplicates, f"go back to an earlier checkpoint; {SLOWER}, LOGAN's latent step", True
    ),
    "low_class_diversity": Rule(
        low_class_diversity, "balance the classes (data.class_balanced); more examples of them"
    ),
    "overfit": Rule(
        overfit,
        "more or augmented data (data.flip), a narrower discriminator, stopping earlier; common "
        "on small data sets",
    ),
    "wide_gap": Rule(wide_gap, "a lower discriminator learning rate, fewer discriminator steps"),
    "jump_of_sigma": Rule(jump_of_sigma, f"samples of the next thousand steps; {SLOWER}"),
    "large_gradient": Rule(large_gradient, SLOWER),
}


def signs(lines: list[Line], patience: int) -> dict[str, int]:
    """Return {rule: first step} of the signs that the last `patience` lines all show."""
    found = {}
    for name, rule in RULES.items():
        first = len(lines)
        while first and rule.seen(lines[first - 1], lines[: first - 1]):
            first -= 1
        if len(lines) - first >= patience:
            found[name] = lines[first]["step"]
    return found


def warnings(lines: list[Line], found: dict[str, int]) -> list[str]:
    """Return a line for each sign: what is seen, since when, and what helps."""
    return [
        f"WATCH, step {lines[-1]['step']}: {RULES[name].seen(lines[-1], lines[:-1])}, since step "
        f"{since}. What helps: {RULES[name].helps}"
        for name, since in found.items()
    ]
