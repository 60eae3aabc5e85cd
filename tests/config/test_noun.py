"""What progress and reports call the examples of a medium."""

import pkgutil
import sys
import types

import pytest

from jaxgan import media
from jaxgan.config.noun import noun

OTHERS = {"clips": ("clips", "next_frames", "posed_clips"), "tunes": ("events",)}
OTHERS |= {"sounds": ("waves", "log_spectrograms", "mels", "speech"), "volumes": ("volumes",)}
OTHERS |= {"showers": ("showers",), "transitions": ("transitions",)}


@pytest.mark.parametrize(("word", "names"), OTHERS.items())
def test_what_is_no_image_has_a_word_of_its_own(word, names):
    assert {noun(name) for name in names} == {word}


def test_all_others_are_images():
    known = {m.name for m in pkgutil.iter_modules(media.__path__)}
    modules = {
        name for name in known if hasattr(pkgutil.resolve_name(f"jaxgan.media.{name}"), "medium")
    }
    others = {name for names in OTHERS.values() for name in names}
    assert others < modules
    assert {noun(name) for name in modules - others} == {"images"}


def test_a_medium_of_ones_own_says_its_word_or_is_images(monkeypatch):
    own = types.ModuleType("own.meshes")
    own.medium = lambda data: None
    monkeypatch.setitem(sys.modules, "own", types.ModuleType("own"))
    monkeypatch.setitem(sys.modules, "own.meshes", own)
    assert noun("own.meshes") == "images"
    own.NOUN = "meshes"
    assert noun("own.meshes") == "meshes"
