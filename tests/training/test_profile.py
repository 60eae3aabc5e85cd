"""--profile: what is recorded, what is refused, and that training is the same bit for bit."""

import pytest

from jaxgan.training import train
from jaxgan.training.profile import Profile, window
from tests.training.test_train import assert_same_run, debug_config


def test_the_steps_that_are_asked_for():
    assert list(window("3:2", 4)) == [3, 4]
    assert not window("", 4)


@pytest.mark.parametrize("text", ["3", "3:", ":2", "0:2", "3:0", "3:-1", "a:b", "1:2:3", "1.5:2"])
def test_other_forms_are_refused(text):
    with pytest.raises(ValueError, match=rf"--profile={text}: write START:STEPS, such as 100:5"):
        window(text, 100)


def test_steps_after_the_last_are_refused(tmp_path):
    message = r"--profile=20:2 ends at step 21, after the last: write steps up to train.steps = 20"
    with pytest.raises(ValueError, match=message):
        train.train(debug_config(), tmp_path / "run", "20:2")
    assert not (tmp_path / "run").exists()


def test_a_recording_that_is_cut_short_is_ended(tmp_path):
    for run in ("a", "b"):  # a second one could not start beside the first
        with Profile(tmp_path / run, range(1, 9)) as profile:
            profile.before(1, ())
            assert not profile.after(1, ())
        assert list((tmp_path / run).rglob("*.xplane.pb"))


@pytest.mark.slow
def test_training_is_the_same_and_its_steps_are_in_the_recording(tmp_path, capsys):
    fields = {"train.steps": 4, "train.log_every": 2, "train.sample_every": 4}
    config = debug_config(**fields, **{"train.checkpoint_every": 4})
    assert train.train(config, tmp_path / "plain") == 0
    assert train.train(config, tmp_path / "recorded", "3:2") == 0
    assert_same_run(tmp_path / "plain", tmp_path / "recorded", samples=(4,))
    assert not (tmp_path / "plain" / "profile").exists()
    (trace,) = (tmp_path / "recorded" / "profile").rglob("*.xplane.pb")
    assert b"train" in trace.read_bytes() and b"jit_step" in trace.read_bytes()
    assert f"recorded 2 steps: xprof {tmp_path}/recorded/profile" in capsys.readouterr().out
