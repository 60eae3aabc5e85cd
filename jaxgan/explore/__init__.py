"""`jaxgan explore`: a generator in the browser, on this machine."""

from jaxgan.explore.server import explore, serve

__all__ = ["explore", "serve"]
