"""Published weights: read them from other projects' files, store, sample and write them back.

weights = import_weights("G_ema.pth", "biggan-pytorch", "biggan128.safetensors")
weights = load("biggan128.safetensors")
images = generator(weights).sample(classes=[207, 281], seed=1)
"""

from jaxgan.trained.published.convert import KINDS, export_weights, import_weights
from jaxgan.trained.published.weights import Weights, generator, load, normalised, save, statistics

__all__ = ["KINDS", "Weights", "export_weights", "generator", "import_weights", "load"]
__all__ += ["normalised", "save", "statistics"]
