"""A state as one file equals the state, whatever it is split over."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.devices import sharding
from jaxgan.training import one_file
from jaxgan.training.checkpoints import Checkpoints


def state(mesh) -> dict:
    """Return a state of which one leaf is split over the mesh."""
    split = NamedSharding(mesh, P(None, "fsdp"))
    whole = sharding.replicated(mesh)
    return {
        "kernel": jax.device_put(jnp.arange(32.0).reshape(2, 16), split),
        "half": jax.device_put(jnp.full((3,), 1.7, jnp.bfloat16), whole),
        "key": jax.device_put(jax.random.key(5), whole),
        "step": jax.device_put(jnp.int32(7), whole),
    }


def abstract(tree):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), tree)


@pytest.mark.parametrize("fsdp", [1, 2, 8])
def test_what_is_read_on_any_mesh_is_what_was_written(tmp_path, fsdp):
    saved, wanted = state(sharding.create_mesh(4)), abstract(state(sharding.create_mesh(fsdp)))
    one_file.write(tmp_path / "10", one_file.gathered(saved))
    found = one_file.read(tmp_path / "10", wanted)
    for name, like in wanted.items():
        assert (found[name].sharding, found[name].dtype) == (like.sharding, like.dtype)
    for tree in (saved, found):
        tree["key"] = jax.random.key_data(tree["key"])
    jax.tree.map(np.testing.assert_array_equal, found, saved)
    assert found["kernel"].addressable_data(0).shape == (2, 16 // fsdp)


def test_a_checkpoint_that_is_such_a_file_is_restored(tmp_path):
    saved = state(sharding.create_mesh(4))
    with Checkpoints(tmp_path / "checkpoints") as kept:
        kept._is_shared = False  # as of a process that is not alone
        kept.save(3, saved, window={"loss": 1.0})
        kept.finish()
        assert one_file.is_there(tmp_path / "checkpoints" / "3")
        part = {"kernel": abstract(saved)["kernel"]}
        found = kept.restore_newest(part, partial=True)
        assert kept.window(3) == {"loss": 1.0}
        with pytest.raises(ValueError, match="is of another network: half is bfloat16"):
            kept.restore_newest(part)
    np.testing.assert_array_equal(found["kernel"], saved["kernel"])
