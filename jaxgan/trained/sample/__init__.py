"""Images from a generator: of a run that trains, as pictures, sheets, walks and files."""

from jaxgan.media.pictures import grid, save_png, to_uint8
from jaxgan.trained.sample.sampler import Sampler, class_sheet, sampling_prior, spread_classes

__all__ = ["Sampler", "class_sheet", "grid", "sampling_prior", "save_png", "spread_classes"]
__all__ += ["to_uint8"]
