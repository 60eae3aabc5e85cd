"""A trained generator: load, sample, explore, export, invert."""
