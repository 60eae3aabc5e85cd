"""What cannot fit into a device is refused by its shapes alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.devices import capacity, sharding


def array(shape, *axes):
    place = NamedSharding(sharding.create_mesh(), P(*axes))
    return jax.ShapeDtypeStruct(shape, jnp.float32, sharding=place)


def test_arrays_count_as_they_are_split(monkeypatch):
    whole, split = array((8, 100)), array((8, 100), "data")
    monkeypatch.setattr(capacity, "limit", lambda: 3200 + 400)
    capacity.refuse_too_large({"a": whole, "b": split})
    monkeypatch.setattr(capacity, "limit", lambda: 3200 + 399)
    with pytest.raises(ValueError, match=r"take 0\.0 GiB .* write a smaller model\.width"):
        capacity.refuse_too_large({"a": whole, "b": split})


def test_keys_are_counted():
    key = jax.eval_shape(lambda: jax.random.key(0))
    assert capacity.bytes_of(key) == np.asarray(jax.random.key_data(jax.random.key(0))).nbytes


def test_cpu_devices_share_the_machine():
    assert 0 < capacity.limit() * jax.local_device_count() < 1 << 50
