"""Named streams: other than each other and than every numbered child; no two names share one."""

import ast
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan.config import default_config
from jaxgan.game.keys import Keys, stream
from jaxgan.game.terms import compose
from jaxgan.media import augment

MADE = ("f'term {name}'", "f'{self._name} {name}'")
SOURCES = sorted(Path(jaxgan.__file__).parent.rglob("*.py"))


def data(key: jax.Array) -> np.ndarray:
    return np.asarray(jax.random.key_data(key))


def names_used() -> set[str]:
    """Return every name that stands in brackets behind keys somewhere in the package."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Subscript) or "eys" not in ast.unparse(node.value):
                continue
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                found.add(node.slice.value)
            if isinstance(node.slice, ast.JoinedStr):
                assert ast.unparse(node.slice) in MADE, path  # listed by the two functions below
    return found


def terms() -> set[str]:
    config = default_config()
    config.penalty.name = "r1"
    config.consistency.update(real=1.0, spread=1.0)
    config.lecam.weight = config.path_length.weight = 1.0
    return {f"term {name}" for own in compose.terms_of(config, 64).values() for name in own}


def domains() -> set[str]:
    """Return the names of media/domains.py: each of augment.py's for either image."""
    tree = ast.parse(Path(augment.__file__).read_text())
    names = {n.slice.value for n in ast.walk(tree) if isinstance(n, ast.Subscript)
             and ast.unparse(n.value) == "keys" and isinstance(n.slice, ast.Constant)}  # fmt: skip
    assert {"flip", "crop"} <= names
    return {f"{side} {name}" for side in ("sample", "condition") for name in names}


def test_every_name_in_use_has_a_number_of_its_own():
    players = {"generator", "discriminator"}
    names = names_used() | terms() | domains() | players
    assert {"latents", "labels", "source", "turns", "augment", "flip", "samples"} <= names
    numbers = [stream(name) for name in names]
    assert len(set(numbers)) == len(names)
    assert all(2**31 <= n < 2**32 for n in numbers)


def test_one_name_is_one_key_and_another_name_another():
    keys = Keys(jax.random.key(0))
    np.testing.assert_array_equal(data(keys["latents"]), data(keys["latents"]))
    assert (data(keys["latents"]) != data(keys["labels"])).any()
    assert (data(keys["latents"]) != data(Keys(jax.random.key(1))["latents"])).any()


@pytest.mark.parametrize("name", ["latents", "turns", "augment"])
def test_a_named_stream_is_no_numbered_child(name):
    """`fold_in(key, i)` and `split(key, n)[i]` are one key; a name is neither, for any i < 2^31."""
    root = jax.random.key(3)
    numbered = jax.vmap(lambda i: jax.random.key_data(jax.random.fold_in(root, i)))(
        np.arange(1000, dtype=np.uint32)
    )
    # The trap itself, which is why names are hashed above all numbers.
    np.testing.assert_array_equal(numbered, jax.random.key_data(jax.random.split(root, 1000)))
    mine = data(Keys(root)[name])
    assert (np.asarray(numbered) != mine[None]).any(1).all()
    # A name is the child of its number, so it is unlike all children below 2^31.
    np.testing.assert_array_equal(mine, data(jax.random.fold_in(root, stream(name))))


def test_streams_of_a_step_its_turns_and_microbatches_are_independent():
    """Uniform draws from every stream below one step are uncorrelated."""
    keys = Keys(jax.random.fold_in(jax.random.key(0), 0))
    draws = [jax.random.uniform(keys[name], (2000,)) for name in ("augment", "flip", "crop")]
    for turn in range(2):
        for part in range(2):
            own = Keys(jax.random.fold_in(jax.random.fold_in(keys["turns"], turn), part))
            draws += [jax.random.uniform(own[n], (2000,)) for n in ("source", "augment")]
    off = np.corrcoef(np.stack(draws)) - np.eye(len(draws))
    assert np.abs(off).max() < 5 / np.sqrt(2000)


def test_the_hash_does_not_change_between_versions():
    """Runs continue bit for bit only while a name stands for the same number."""
    assert stream("latents") == 2665556919
