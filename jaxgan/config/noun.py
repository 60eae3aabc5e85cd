"""What progress lines and reports call the examples of a medium: images, sounds, tunes."""

from jaxgan import media
from jaxgan.config.names import module_named


def noun(medium: str) -> str:
    """Return the plural noun for the examples of `config.data.medium`: its module's NOUN."""
    return getattr(module_named(media, "medium", medium), "NOUN", "images")
