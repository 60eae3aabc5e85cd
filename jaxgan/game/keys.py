"""Named streams of randomness below one root key.

    keys = Keys(root)
    keys["latents"], keys["augment"]     independent keys, each fold_in(root, hash of the name)

In JAX's partitionable threefry, `fold_in(key, i)` and `split(key, n)[i]` are the same key, so
streams that look independent can be equal. Names avoid this: a name stands for 31 bits of its
SHA-256 with bit 31 set, which no count of steps, turns or microbatches folded in elsewhere reaches.

>>> import jax
>>> keys = Keys(jax.random.key(0))
>>> bool(keys["latents"] == keys["latents"]), bool(keys["latents"] == keys["augment"])
(True, False)
"""

import hashlib

import jax


def stream(name: str) -> int:
    """Return the number that a name stands for, in [2^31, 2^32)."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], "little") | 1 << 31


class Keys:
    """Keys by name. Asking twice for one name gives the same key."""

    def __init__(self, root: jax.Array):
        self.root = root

    def __getitem__(self, name: str) -> jax.Array:
        return jax.random.fold_in(self.root, stream(name))
