"""Going back: to which checkpoint, with which key, how often; the same after any interruption."""

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxgan.training.checkpoints import Checkpoints
from jaxgan.training.collapse import CollapseError
from jaxgan.training.non_finite import NonFiniteError, refuse_gradients, refuse_state
from jaxgan.training.roll_backs import RollBacks


@flax.struct.dataclass
class Player:
    params: dict


@flax.struct.dataclass
class State:
    step: jax.Array
    key: jax.Array
    players: dict[str, Player]


def state(step: int = 0, value: float = 1.0) -> State:
    leaf = jnp.full(4, value)
    player = lambda x: Player({"a": {"kernel": x}, "b": jnp.ones(2)})
    players = {"discriminator": player(jnp.ones(4)), "generator": player(leaf)}
    return State(jnp.int32(step), jax.random.key(7), players)


ORDER = ("discriminator", "generator")
CONFIG = ConfigDict(
    {
        "on_non_finite": {"policy": "roll_back", "most": 2},
        "watch": {"policy": "roll_back", "most": 2},
    }
)


@pytest.fixture
def checkpoints(tmp_path):
    """Steps 10 to 40; the scores make 20 the best."""
    with Checkpoints(tmp_path / "checkpoints", keep=9, best_metric="score") as written:
        for step, score in ((10, 1.0), (20, 5.0), (30, 2.0), (40, 4.0)):
            written.save(step, state(step), {"score": score})
        written.finish()
        yield written


def folded(count: int) -> np.ndarray:
    return jax.random.key_data(jax.random.fold_in(jax.random.key(7), count))


def key_after(workdir, step: int) -> np.ndarray:
    return jax.random.key_data(RollBacks(workdir).continue_from(state(step), step).key)


def test_without_roll_backs_the_key_stays(tmp_path):
    assert (key_after(tmp_path, 40) == jax.random.key_data(jax.random.key(7))).all()
    assert not (tmp_path / "roll_backs.jsonl").exists()


def test_non_finite_goes_to_the_newest_with_another_key(tmp_path, checkpoints):
    message = RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), CONFIG, checkpoints)
    assert "back to step 40" in message and "roll-back 1 of at most 2" in message
    assert checkpoints.steps() == [10, 20, 30, 40]
    assert (key_after(tmp_path, 40) == folded(1)).all()  # also for a process started anew
    RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), CONFIG, checkpoints)
    assert (key_after(tmp_path, 40) == folded(2)).all()
    with pytest.raises(
        NonFiniteError, match=r"rolled back 2 times already, on_non_finite.most = 2"
    ):
        RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), CONFIG, checkpoints)


def test_a_later_checkpoint_has_its_key_already(tmp_path, checkpoints):
    RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), CONFIG, checkpoints)
    assert (key_after(tmp_path, 50) == jax.random.key_data(jax.random.key(7))).all()
    assert len((tmp_path / "roll_backs.jsonl").read_text().splitlines()) == 1


def test_roll_backs_beyond_the_restored_checkpoint_come_again(tmp_path, checkpoints):
    RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), CONFIG, checkpoints)
    assert (key_after(tmp_path, 30) == jax.random.key_data(jax.random.key(7))).all()
    assert (tmp_path / "roll_backs.jsonl").read_text() == ""


def test_a_collapse_goes_to_the_best_before_its_first_sign(tmp_path, checkpoints):
    failure = CollapseError("collapse", 45, before=40)
    assert "back to step 20" in RollBacks(tmp_path).go_back(failure, CONFIG, checkpoints)
    assert checkpoints.steps() == [10, 20]  # later ones would be restored first
    assert (key_after(tmp_path, 20) == folded(1)).all()


def test_a_collapse_without_an_older_checkpoint_stops(tmp_path, checkpoints):
    failure = CollapseError("collapse", 45, before=10)
    with pytest.raises(CollapseError, match="no checkpoint from before step 10 is kept"):
        RollBacks(tmp_path).go_back(failure, CONFIG, checkpoints)
    assert checkpoints.steps() == [10, 20, 30, 40]  # nothing was deleted


def test_the_policy_to_stop_stops(tmp_path, checkpoints):
    config = ConfigDict({"on_non_finite": {"policy": "stop", "most": 2}})
    with pytest.raises(NonFiniteError, match="bad"):
        RollBacks(tmp_path).go_back(NonFiniteError("bad", 45), config, checkpoints)


def metrics(step: int, d: int = -1, g: int = -1) -> dict:
    return {"d/loss": np.float32(step), "d/bad_leaf": d, "g/bad_leaf": g}


def test_the_first_bad_gradient_is_named_with_the_last_finite_metrics():
    words = (
        r"step 8: the generator's gradient of b is not finite; "
        r"the last finite metrics, of step 7: d/loss 7\. Lower"
    )
    with pytest.raises(NonFiniteError, match=words) as failure:
        refuse_gradients([metrics(7), metrics(8, g=1), metrics(9, d=0)], 9, state(), None, ORDER)
    assert failure.value.step == 8
    with pytest.raises(NonFiniteError, match=r"discriminator's gradient of a/kernel .* of step 5"):
        refuse_gradients([metrics(6, d=0, g=0)], 6, state(), (5, metrics(5)), ORDER)
    good = refuse_gradients([metrics(7), metrics(8)], 8, state(), None, ORDER)
    assert good == (8, metrics(8))


def test_of_several_players_the_first_to_move_is_named():
    with pytest.raises(NonFiniteError, match="the generator's gradient"):
        refuse_gradients([metrics(6, d=0, g=0)], 6, state(), None, ORDER[::-1])
    bad = state(value=np.nan)
    bad.players["discriminator"].params["b"] = jnp.full(2, np.inf)
    for order in (ORDER, ORDER[::-1]):
        with pytest.raises(NonFiniteError, match=f"step 3: players/{order[0]}/params"):
            refuse_state(bad, 3, None, order)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_state_that_is_not_finite_is_not_saved(value):
    refuse_state(state(), 3, None, ORDER)
    with pytest.raises(
        NonFiniteError, match=r"step 3: players/generator/params/a/kernel is not finite"
    ):
        refuse_state(state(value=value), 3, None, ORDER)
