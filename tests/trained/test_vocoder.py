"""A trained vocoder: sounds of any length from mel spectrograms, in Python and by the command."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import main
from jaxgan.config import default_config
from jaxgan.evaluate.results import read_results
from jaxgan.media.mel_spectrograms import Mel, log_mels
from jaxgan.media.sounds import inspect_sound, read_sound, wav_bytes
from jaxgan.trained.export import write_export
from jaxgan.trained.sources import BEHIND
from tests.media.test_log_spectrograms import sounds
from tests.tiny import run_of

MEL = Mel(8000, 8, 5)


def config_of(**fields):
    config = default_config("melgan", "melgan")
    config.data.update(medium="mels", size=(64,), channels=1, bits=16, rate=8000)
    config.data.update(hop=MEL.hop, mel_bins=MEL.bins, class_names=("a", "b"))
    config.condition = "data"
    config.model.update(width=2, factors=(8,), discriminator_width=4, layers=1, scales=2)
    config.train.batch = 8
    config.sample.columns = 3
    config.evaluate.update(metrics=("vocoded",), samples=4, batch=2)
    for player in (config.generator, config.discriminator):
        player.update(spectral_norm=False, weight_norm=True, orthogonal=0.0)
    config.update_from_flattened_dict(fields)
    return config


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocoder") / "run"
    run_of(folder, config_of())
    return folder


@pytest.fixture(scope="module")
def vocoder(workdir):
    return jaxgan.load(workdir)


MELS = np.stack([log_mels(wave, MEL) for wave in sounds(3, 160)[..., 0]])  # 20 frames


def network(vocoder, mels):
    """Return what the network makes of mels as they are, as stored numbers."""
    call = jax.jit(vocoder.side.calls["call"])
    made = call({"params": vocoder.weights}, (), jnp.asarray(mels))
    return np.round(np.asarray(made) * 32768)


def test_a_frame_becomes_a_hop_whatever_the_length(vocoder):
    for frames in (1, 16, 20):
        made = vocoder.translate(MELS[:, :frames])
        assert made.shape == (3, 8 * frames, 1) and made.dtype == np.int16
    assert np.ptp(made) > 1000 and vocoder.hop == 8


def test_the_end_is_made_as_if_silence_came_and_cut(vocoder):
    """So that nothing clicks: the last hop is that of a longer sound, not of a mirrored end; and
    what is before it is the network's own."""
    silent = np.full((3, 44, 5), -5, np.float32)
    longer = network(vocoder, np.concatenate([MELS, silent], 1))[:, :160]
    made = vocoder.translate(MELS)
    assert np.abs(made - longer).max() <= 1 and BEHIND == 10
    alone = network(vocoder, MELS)
    assert np.abs(made - alone)[:, :80].max() <= 1
    assert np.abs(made - alone)[:, -8:].max() > 100


def test_pictures_and_what_it_is_not(vocoder):
    assert vocoder.pictures(MELS)[0].size == (132, 100)
    with pytest.raises(AttributeError, match="no 'sample': its sounds are made from cond"):
        vocoder.sample()


@pytest.mark.parametrize(
    ("mels", "line"),
    [
        (MELS[..., :4], r"conditions are float32 \[3, 20, 4\]: write floats \[n, frames, 5\]"),
        (MELS[0], r"conditions are float32 \[20, 5\]"),
        (np.int16(MELS), "conditions are int16"),
        (MELS[:, :0], r"\[3, 0, 5\]"),
        (
            np.full_like(MELS, -5 * np.log(10)),
            "conditions go down to -11.51, but silence is -5 here",
        ),  # base e
        (np.where(np.arange(3)[:, None, None] == 1, np.nan, MELS), "condition 1 of 3 is not fin"),
    ],
)
def test_other_conditions_are_refused(vocoder, mels, line):
    with pytest.raises(ValueError, match=line):
        vocoder.translate(mels)


def test_exported_files_make_the_same(vocoder, tmp_path, capsys):
    line = write_export(tmp_path / "g.safetensors", vocoder)
    assert line.endswith("makes sounds: jaxgan translate")
    found = jaxgan.load(tmp_path / "g.safetensors").translate(MELS)
    np.testing.assert_array_equal(found, vocoder.translate(MELS))
    assert "frames of 8 x 5" in write_export(tmp_path / "g.stablehlo", vocoder)
    program = jax.export.deserialize(bytearray((tmp_path / "g.stablehlo").read_bytes()))
    made = np.round(np.asarray(program.call(MELS[:, :8])) * 32768)
    assert np.abs(made - network(vocoder, MELS[:, :8])).max() <= 1


def write(path, wave, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(np.int16(np.round(wave * 32768)), rate))


def test_a_folder_of_sounds(workdir, vocoder, tmp_path, capsys):
    """A file each, as long as it was; the sheet shows and plays the first."""
    waves = {"high/a": sounds(1, 70)[0], "low/b": sounds(1, 200, 1)[0], "low/c": sounds(1, 3, 2)[0]}
    for name, wave in waves.items():
        write(tmp_path / "in" / f"{name}.wav", wave)
    (tmp_path / "in" / "low" / "d.wav").write_bytes(b"no sound")
    argv = ["translate", str(workdir), str(tmp_path / "in"), f"--out={tmp_path / 'out'}"]
    assert main.main([*argv, "--columns=2"]) == 0
    said = capsys.readouterr().out
    assert "3 sounds" in said and "1 files left out, such as 'd.wav' (not a WAV" in said
    for name, wave in waves.items():
        path = tmp_path / "out" / f"{name}.wav"
        assert inspect_sound(path) == (8000, 1, len(wave))
        frames = max(-(-len(wave) // 8), 2)
        stored = np.round(np.pad(wave, ((0, 8 * frames - len(wave)), (0, 0))) * 32768) / 32768
        expected = vocoder.translate(log_mels(np.float32(stored[None, :, 0]), MEL))[0]
        found = read_sound(path) * 32768
        assert np.abs(found - expected[: len(wave)]).max() <= 1
    with Image.open(tmp_path / "out.png") as sheet:
        assert sheet.height > 3 * 100
    played = read_sound(tmp_path / "out.wav")
    assert len(played) == 2 * 70 + 1600  # 0.2 s between what it became and what it was
    np.testing.assert_allclose(played[-70:], waves["high/a"], atol=1e-4)
    main.main(argv)
    assert "(5 replace files that were there)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rate", "suffix", "line"),
    [
        (16_000, ".wav", r"a.wav has 16000 samples per second, the training had 8000: resample"),
        (8000, ".txt", "in: no sounds|no waves"),
    ],
)
def test_folders_that_are_refused(workdir, tmp_path, rate, suffix, line):
    write(tmp_path / "in" / f"a{suffix}", sounds(1, 70)[0], rate)
    argv = ["translate", str(workdir), str(tmp_path / "in"), f"--out={tmp_path / 'out'}"]
    with pytest.raises((ValueError, FileNotFoundError), match=line):
        main.main(argv)
    assert not (tmp_path / "out").exists()


def test_it_is_scored_beside_griffin_and_lim(workdir, tmp_path, capsys):
    for number, wave in enumerate(sounds(8, 64)):
        write(tmp_path / "in" / "ab"[number % 2] / f"{number}.wav", wave)
    data = tmp_path / "data"
    assert main.main(["prepare", str(tmp_path / "in"), str(data), "--window=64"]) == 0
    argv = ["evaluate", str(workdir), f"--output={tmp_path / 'out'}"]
    flags = ["--config.data.name=" + str(data), "--config.evaluate.samples=3"]
    assert main.main([*argv, *flags]) == 0
    (result,) = read_results(tmp_path / "out" / "results.jsonl")
    found = result["metrics"]
    assert result["protocol"]["mel"] == {"rate": 8000, "hop": 8, "bins": 5}
    assert result["protocol"]["count"] == 3
    assert 0 < found["mel_l1_griffin_lim"] < found["mel_l1"]  # of random weights
    said = capsys.readouterr()
    assert found["mel_l1_mean"] > 0 and "seconds of sound per second" in said.out
    assert "vocoding: 3 of 3 sounds" in said.err
    with pytest.raises(ValueError, match="a vocoder is scored by \\('vocoded',\\) alone"):
        main.main([*argv, *flags, "--config.evaluate.metrics=fd"])
    with pytest.raises(ValueError, match="--truncation: this is a vocoder"):
        main.main([*argv, *flags, "--truncation=0.5"])
