"""Exports give the same images: read back, and run by JAX alone in another process."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

import jaxgan
from jaxgan.config import default_config
from jaxgan.files.tensors import read_tensors, write_tensors
from jaxgan.trained import export, load, published
from jaxgan.trained.generator import TrainedGenerator
from tests.tiny import generator_of, tiny_generator, tiny_tabulated

FOREIGN = """
import sys
import numpy as np
import jax

generate = jax.export.deserialize(open(sys.argv[1], "rb").read()).call
given = np.load(sys.argv[2])
whole = np.asarray(generate(given["latents"], given["labels"]))
for i in range(3):
    one = generate(given["latents"][i : i + 1], given["labels"][i : i + 1])
    np.testing.assert_allclose(one, whole[i : i + 1], atol=1e-5)
np.testing.assert_allclose(whole, given["images"], atol=1e-5)
assert not any(name.startswith(("jaxgan", "flax")) for name in sys.modules), "imported"
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "g.safetensors"
    export.write_generator(path, tiny_tabulated())
    return path


def test_a_file_samples_what_its_generator_does(exported):
    g, original = jaxgan.load(exported), tiny_tabulated()
    assert g.class_names == original.class_names and g.step == 7
    assert g.truncations == (0.0, 0.5, 1.0, 2.0)
    for truncation in (0, 0.5, 0.8):
        images = g.sample([0, "Bag", 2], seed=4, truncation=truncation)
        np.testing.assert_array_equal(
            images, original.sample([0, "Bag", 2], seed=4, truncation=truncation)
        )


def test_a_table_is_of_one_definition(exported):
    config = load.model_config(exported)
    config.sample.truncation_definition = "variance"
    with pytest.raises(
        ValueError, match=r"'variance': .* holds standing statistics for 'threshold'"
    ):
        jaxgan.load(exported, config)


def test_the_arrays_are_there_for_others(exported):
    arrays, metadata = read_tensors(exported)
    assert metadata["format"] == export.FORMAT
    assert json.loads(metadata["config"])["model"]["name"] == "biggan"
    np.testing.assert_array_equal(
        arrays["params/linear/kernel"], tiny_generator().weights["linear"]["kernel"]
    )
    stats = tiny_generator().variables(0.5)["batch_stats"]
    np.testing.assert_array_equal(arrays["batch_stats/0.5/norm/mean"], stats["norm"]["mean"])


def test_a_network_without_batch_norm_is_exported_too(tmp_path):
    config = default_config("mlp")
    config.data.update(size=(8, 8), channels=1, bits=16, class_names=("a", "b"))
    config.model.update(latent_dim=6, conditional=True)
    config.model.update(generator_widths=(8,), discriminator_widths=(8,))
    g, path = generator_of(config), tmp_path / "mlp.safetensors"
    export.write_generator(path, g.tabulated((0.0, 0.5)))
    again = jaxgan.load(path)
    images = again.sample(["a", "b"], seed=1, truncation=0.7)
    assert again.truncations == (0.0, 0.5) and images.dtype == np.uint16
    np.testing.assert_array_equal(images, g.sample(["a", "b"], seed=1, truncation=0.7))


def test_imported_weights_are_loaded_too(tmp_path):
    g = tiny_generator()
    params = flatten_dict(jax.device_get(g.weights), sep="/")
    arrays = {f"generator/params/{name}": leaf for name, leaf in params.items()}
    published.save(published.Weights(g.config, arrays), tmp_path / "w.safetensors")
    images = jaxgan.load(tmp_path / "w.safetensors").sample([1, "Bag"], seed=2, truncation=0.5)
    np.testing.assert_array_equal(images, g.sample([1, "Bag"], seed=2, truncation=0.5))
    config = load.model_config(tmp_path / "w.safetensors")
    assert config.to_dict() == g.config.to_dict()
    arrays, metadata = read_tensors(tmp_path / "w.safetensors")
    older = json.loads(metadata["config"])
    del older["condition"], older["growth"]  # fields that are younger than the file
    write_tensors(tmp_path / "old.safetensors", arrays, metadata | {"config": json.dumps(older)})
    assert jaxgan.load(tmp_path / "old.safetensors").config.to_dict() == g.config.to_dict()


def test_stablehlo_runs_in_a_process_without_jaxgan(tmp_path):
    g = tiny_tabulated()
    (tmp_path / "g.stablehlo").write_bytes(export.stablehlo(g, 0.5))
    z, labels = g.draw(range(5), 2, 0.5)
    images = g.generate(z, labels, 0.5)
    np.savez(tmp_path / "given.npz", latents=z, labels=labels, images=images)
    (tmp_path / "foreign.py").write_text(FOREIGN)
    arguments = [tmp_path / name for name in ("foreign.py", "g.stablehlo", "given.npz")]
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_program_is_not_loaded_and_one_of_another_jax_is_exported_again(tmp_path):
    path = tmp_path / "g.stablehlo"
    path.write_bytes(export.stablehlo(tiny_tabulated(), 0.5))
    for opened in (jaxgan.load, load.model_config):
        with pytest.raises(
            ValueError, match=r"is a program, .* write a \.safetensors file or a run"
        ):
            opened(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(ValueError, match=rf"jax {jax.__version__} cannot read .*: export it again"):
        jaxgan.load(path)


def test_without_flatbuffers_the_command_to_get_it_is_said(monkeypatch):
    def missing(self):
        raise ImportError("Please install 'flatbuffers'")

    monkeypatch.setattr(jax.export.Exported, "serialize", missing)
    with pytest.raises(ValueError, match="pip install flatbuffers"):
        export.stablehlo(tiny_tabulated(), 0.5)


def test_the_suffix_says_how_it_is_written(exported, tmp_path):
    target, g = tmp_path / "again.safetensors", jaxgan.load(exported)
    assert "truncations 0, 0.5, 1, 2" in export.write_export(target, g)
    assert target.read_bytes() == exported.read_bytes()
    export.write_export(target, g, (0.7,))
    assert jaxgan.load(target).truncations == (0.0, 0.7)
    with pytest.raises(ValueError, match=r"g\.onnx: .*\.safetensors or \.stablehlo"):
        export.write_export(tmp_path / "g.onnx", g)
    with pytest.raises(ValueError, match="holds one"):
        export.write_export(tmp_path / "g.stablehlo", g, (0.5, 1.0))


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 11), ("bfloat16", 8)])
def test_weights_of_half_the_size_are_those_rounded(dtype, bits, tmp_path):
    """Of a number in binary, so many digits stay; what is computed with them is float32."""
    g, path = tiny_tabulated(), tmp_path / "half.safetensors"
    export.write_export(path, g, dtype=dtype)
    stored, again = read_tensors(path)[0], jaxgan.load(path)
    assert all(str(a.dtype) == dtype for n, a in stored.items() if n.startswith("params/"))
    exact = flatten_dict(jax.device_get(g.weights), sep="/")
    for name, weight in flatten_dict(jax.device_get(again.weights), sep="/").items():
        assert weight.dtype == np.float32
        smallest = 6e-8 if dtype == "float16" else 0.0  # step of numbers below 2^-14
        error = np.abs(weight - exact[name])
        assert (error <= np.maximum(2.0**-bits * np.abs(exact[name]), smallest)).all(), name
    for name, a in flatten_dict(g.variables(0.5)["batch_stats"], sep="/").items():
        np.testing.assert_array_equal(stored[f"batch_stats/0.5/{name}"], a)


def test_weights_beyond_a_dtype_and_other_dtypes_are_refused(tmp_path):
    g = tiny_tabulated()
    weights = jax.tree.map(lambda w: np.asarray(w) + np.float32(1e5), g.weights)
    large = TrainedGenerator(g.config, weights, {0.0: g.variables(0.0)["batch_stats"]})
    with pytest.raises(ValueError, match=r"--dtype=float16: params/.* too large .* bfloat16"):
        export.write_generator(tmp_path / "a.safetensors", large, "float16")
    with pytest.raises(ValueError, match=r"--dtype=int8: write one of float32, float16, bfloat16"):
        export.check_target(tmp_path / "a.safetensors", dtype="int8")
    with pytest.raises(ValueError, match=r"a \.stablehlo file holds float32"):
        export.check_target(tmp_path / "a.stablehlo", dtype="float16")


def test_a_file_of_other_versions_that_does_not_fit_is_exported_again(exported, tmp_path):
    assert read_tensors(exported)[1]["date"] >= "2026"

    def newer(arrays, metadata):
        config = json.loads(metadata["config"])
        config["model"]["of_the_future"] = 1
        written = {"versions": "jaxgan 9.0, jax 9.9", "date": "2031-01-01"}
        metadata.update(written, config=json.dumps(config))

    path = damaged(exported, tmp_path, newer)
    for opened in (jaxgan.load, load.model_config):
        with pytest.raises(ValueError, match=r"written by jaxgan 9\.0, jax 9\.9 on 2031-01-01, .*"):
            opened(path)


def damaged(path, tmp_path, change):
    arrays, metadata = read_tensors(path)
    arrays, metadata = dict(arrays), dict(metadata)
    change(arrays, metadata)
    write_tensors(tmp_path / "bad.safetensors", arrays, metadata)
    return tmp_path / "bad.safetensors"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a, m: m.pop("format"), "not a generator of jaxgan"),
        (lambda a, m: m.pop("config"), "do not fit"),
        (lambda a, m: m.update(config="[]"), "do not fit"),
        (lambda a, m: m.update(truncations="[]"), "do not fit"),
        (lambda a, m: a.pop("params/linear/kernel"), "do not fit"),
        (lambda a, m: a.pop("batch_stats/0.5/norm/mean"), "do not fit"),
        (lambda a, m: a.update({"params/linear/bias": np.zeros(3, np.float32)}), "do not fit"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(exported, tmp_path, change, words):
    with pytest.raises(ValueError, match=words) as error:
        jaxgan.load(damaged(exported, tmp_path, change))
    assert "\n" not in str(error.value)
