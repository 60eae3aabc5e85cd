"""Named streams of randomness below one root key.

    keys = Keys(root)
    keys["latents"], keys["augment"]     independent keys, each fold_in(root, hash of the name)

Numbered children (`fold_in(key, i)`) and `split(key, n)[i]` are the same key in JAX's partitionable
threefry, so streams that only look independent can be equal. Names avoid it: the hash is 32 bits of
SHA-256, above every count of steps, turns or microbatches that is folded in elsewhere.

>>> import jax
>>> keys = Keys(jax.random.key(0))
>>> bool(keys["latents"] == keys["latents"]), bool(keys["latents"] == keys["augment"])
(True, False)
"""

import hashlib

import jax


def stream(name: str) -> int:
    """Return the number that stands for a name, in [2^31, 2^32)."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], "little") | 1 << 31


class Keys:
    """Keys by name. Asking twice for one name gives the same key."""

    def __init__(self, root: jax.Array):
        self.root = root

    def __getitem__(self, name: str) -> jax.Array:
        return jax.random.fold_in(self.root, stream(name))
