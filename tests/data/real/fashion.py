"""Fashion-MNIST, from Debian's package; and the part of it that jaxgan carries."""

import shutil
from pathlib import Path

from jaxgan.data.prepare.prepare import prepare

FASHION = Path("/usr/share/datasets/fashion-mnist")
FASHION_NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
FASHION_NAMES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
FASHION_LICENSE = """\
Fashion-MNIST, the 10,000 images of its t10k split, unchanged in their pixels.
Han Xiao, Kashif Rasul, Roland Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms, arXiv 1708.07747.

The MIT License (MIT)

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def fashion_mnist(target: Path) -> dict:
    """Make TARGET/train and TARGET/test; return the manifest of the first."""
    prepare(FASHION / "t10k-images-idx3-ubyte.gz", target / "test", class_names=FASHION_NAMES)
    images = FASHION / "train-images-idx3-ubyte.gz"
    return prepare(images, target / "train", class_names=FASHION_NAMES)


def embedded() -> dict:
    """Make the data set inside the package again."""
    target = Path(__file__).parents[3] / "jaxgan" / "data" / "fashion_mnist"
    shutil.rmtree(target, ignore_errors=True)
    images = FASHION / "t10k-images-idx3-ubyte.gz"
    manifest = prepare(images, target, class_names=FASHION_NAMES)
    (target / "LICENSE").write_text(FASHION_LICENSE)
    return manifest
