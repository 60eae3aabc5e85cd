"""Generators that come with jaxgan, a folder each; see places.py."""
