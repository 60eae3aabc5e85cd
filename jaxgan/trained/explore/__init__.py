"""`jaxgan explore`: a generator in the browser, on this machine."""

from jaxgan.trained.explore.server import explore, serve

__all__ = ["explore", "serve"]
