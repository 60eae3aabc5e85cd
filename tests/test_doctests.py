"""The examples in docstrings do what they show."""

import doctest
import importlib
import pkgutil

import pytest

import jaxgan.evaluate.metrics

GAME = ("keys", "losses", "transforms", "latents", "averaging", "sampling")
METRICS = [module.name for module in pkgutil.iter_modules(jaxgan.evaluate.metrics.__path__)]
WITH_EXAMPLES = [
    *(f"jaxgan.game.{name}" for name in GAME),
    "jaxgan.game.objectives.weights",
    "jaxgan.data.order",
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_a_module_shows_how_it_is_used(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_does_what_its_examples_show(name):
    failed, _ = doctest.testmod(importlib.import_module(f"jaxgan.evaluate.metrics.{name}"))
    assert not failed
