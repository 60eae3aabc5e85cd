"""BigGAN with categories of its own: who has rows for them, and who looks at labels."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import build
from jaxgan.config import default_config
from jaxgan.data.records import open_records
from jaxgan.game.game import Batch, Nets, bind, init_state
from jaxgan.game.keys import Keys
from jaxgan.training import run
from tests.tiny import spec_of

RECORDS = open_records("fashion_mnist", "train[:10%]")


def config(**fields):
    config = default_config(model="biggan_categorical", objective="infogan")
    config.data.update(size=(8, 8), categories=12)
    config.model.update(width=4, latent_dim=12, embedding_dim=8)
    config.evaluate.metrics = ("fd",)
    config.train.batch = 16
    config.update_from_flattened_dict(fields)
    return config


def test_categories_take_the_place_of_classes():
    resolved = run.resolve(config(), RECORDS)
    assert resolved.data.class_names == tuple(f"category {i}" for i in range(12))
    game = build.build(resolved, build.medium_of(resolved).spec)
    state = jax.eval_shape(partial(init_state, game, 0))
    g, d = state.players["generator"].params, state.players["discriminator"].params
    assert g["shared_embedding"]["embedding"].shape == (12, 8)
    assert d["classes"]["kernel"].shape[1] == 12 and d["linear"]["kernel"].shape[1] == 1
    assert d.keys() == {"trunk", "classes", "linear"}  # no projection of a class
    _, drawn = game.source(jax.random.key(0), Batch(np.zeros((4000, 1))))
    counts = np.bincount(drawn, minlength=12)
    assert len(counts) == 12 and abs(counts / 4000 - 1 / 12).max() < 0.02  # 4.5 standard errors


def test_labels_of_the_data_are_not_looked_at():
    game = build.build(run.resolve(config(), RECORDS), spec_of((8, 8, 1), 12))
    state = jax.eval_shape(partial(init_state, game, 0))
    images = jax.ShapeDtypeStruct((8, 8, 8, 1), jnp.float32)
    batch = Batch(images, jax.ShapeDtypeStruct((8,), jnp.int32))

    def losses(params, batch):
        nets = Nets({n: bind(p.side, params[n]) for n, p in game.players.items()})
        keys = Keys(jax.random.key(0))
        return [p.objective(game, nets, {}, batch, keys)[0] for p in game.players.values()]

    params = {name: player.params for name, player in state.players.items()}
    program = jax.make_jaxpr(losses)(params, batch)
    images, labels = program.jaxpr.invars[-2:]
    used = {id(v) for equation in program.jaxpr.eqns for v in equation.invars}
    assert id(images) in used and id(labels) not in used


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data.categories": 4}, "data.categories = 4: write 0, or 10 or more"),
        ({"evaluate.metrics": ("recognition",)}, "leave out those that compare"),
    ],
)
def test_refusals(fields, message):
    with pytest.raises(ValueError, match=message):
        run.resolve(config(**fields), RECORDS)


def test_categories_need_an_objective_without_labels():
    wrong = default_config()
    wrong.data.categories = 16
    with pytest.raises(ValueError, match=r"objective\.name = 'adversarial': write 0, or 'infogan'"):
        run.resolve(wrong, RECORDS)
