"""Import and export: exact round trips, configs found from shapes, refusals, statistics."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from jaxgan.config import default_config
from jaxgan.game.game import bind
from jaxgan.trained import published
from jaxgan.trained.published import convert

STATISTICS = {"huggingface": 51, "hub": 51, "biggan-pytorch": 1}
CIFAR = {"split_latents": False, "shared_embedding": False, "generator_widths": (4,) * 4}
CIFAR |= {"discriminator_widths": (4,) * 4, "discriminator_downsamples": 2}
CIFAR |= {"embedding_dim": 128}  # not used: the default
ALL_CASES = {
    # name: kind, model, size, classes, roles, fields
    "pytorch": ("biggan-pytorch", "biggan", 128, 3, "gd", {"latent_dim": 12}),
    "pytorch cifar": ("biggan-pytorch", "biggan", 32, 3, "gd", CIFAR),
    "pytorch unsplit": ("biggan-pytorch", "biggan", 64, 3, "gd", {"split_latents": False}),
    "pytorch deep": ("biggan-pytorch", "biggan_deep", 128, 3, "gd", {}),
    "huggingface": ("huggingface", "biggan_deep", 64, 3, "g", {"to_image_channels": 16}),
    "hub": ("hub", "biggan", 256, 3, "g", {"latent_dim": 14}),
    "hub deep": ("hub", "biggan_deep", 64, 3, "g", {"to_image_channels": 16}),
    "hub bigbigan": ("hub", "biggan", 128, 1, "g", {"latent_dim": 12}),
}
ROLES = {"g": "generator", "d": "discriminator"}


def random_weights(case):
    """Return small Weights with everything that a file of this kind would bring."""
    kind, model, size, classes, letters, fields = ALL_CASES[case]
    config = default_config(model)
    width = 2 if size == 32 else 8  # attention needs 8 channels
    with config.unlocked():
        config.data.update(name="imported", size=(size, size), channels=3, bits=8)
        config.data.class_names = tuple(map(str, range(classes)))
        config.model.update(**({"width": width, "latent_dim": 10, "embedding_dim": 6} | fields))
        module = convert.KINDS[kind]
        config.update_from_flattened_dict(module.FIELDS)
    rows = 1 if classes == 1 else STATISTICS[kind]
    rng, arrays = np.random.default_rng(0), {}
    draw = lambda *shape: rng.normal(size=shape).astype("f4")
    for letter in letters:
        role = ROLES[letter]
        params, stats = convert._shapes(config, role)
        for path, leaf in params.items():
            arrays[f"{role}/params/{path}"] = draw(*leaf.shape)
            if convert.is_normalised(path, leaf):
                outputs = leaf.shape[0] if path.endswith("embedding") else leaf.shape[-1]
                arrays[f"{role}/u/{path}"] = draw(outputs)
                if kind == "huggingface":
                    arrays[f"{role}/v/{path}"] = draw(leaf.size // outputs)
        for path, leaf in stats.items():
            norm, _, part = path.rpartition("/")
            arrays[f"{role}/{part}/{norm}"] = abs(draw(rows, *leaf.shape))
    truncations = (math.inf,) if rows == 1 else module.truncations(rows)
    return kind, published.Weights(config, arrays, truncations)


def same_arrays(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name, strict=True)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("case", ALL_CASES)
def test_export_then_import_is_bit_identical(case, suffix, tmp_path):
    kind, weights = random_weights(case)
    for letter in ALL_CASES[case][4]:
        role, path = ROLES[letter], tmp_path / f"{letter}{suffix}"
        published.export_weights(weights, path, kind, role)
        again = published.import_weights(path, kind, tmp_path / "imported.safetensors")
        mine = {n: x for n, x in weights.arrays.items() if n.startswith(role)}
        same_arrays(again.arrays, mine)
        loaded = published.load(tmp_path / "imported.safetensors")
        same_arrays(loaded.arrays, mine)
        assert loaded.config.to_dict() == again.config.to_dict()
        assert_same_module(again.config, weights.config, role)
        if letter == "g":
            assert loaded.truncations == again.truncations == weights.truncations
            assert again.config.data.size == weights.config.data.size


def assert_same_module(a, b, role):
    """The config that was found makes the module of the one that was used."""
    assert convert._side(a, role)[0].module == convert._side(b, role)[0].module


def test_a_folder_of_both_networks(tmp_path):
    kind, weights = random_weights("pytorch")
    for name, role in (("G_ema", "generator"), ("G", "generator"), ("D", "discriminator")):
        published.export_weights(weights, tmp_path / f"{name}.npz", kind, role)
    files = {f: f.with_suffix(".npz") for f in (tmp_path / "G_ema.pth", tmp_path / "D.pth")}
    arrays = convert.read_arrays
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "read_arrays", lambda f: arrays(files[f]))
        for file in files:
            file.touch()
        both = published.import_weights(tmp_path, kind)
    same_arrays(both.arrays, weights.arrays)
    for role in ROLES.values():
        assert_same_module(both.config, weights.config, role)
    with pytest.raises(FileNotFoundError, match=r"no G_ema\.pth, G\.pth or D\.pth in it"):
        published.import_weights(tmp_path / "..", kind)


def exported(case, tmp_path, **changes):
    """Write a file of a case with some arrays changed (None: removed); return kind and path."""
    kind, weights = random_weights(case)
    path = tmp_path / "file.npz"
    published.export_weights(weights, path, kind)
    arrays = dict(np.load(path)) | changes
    np.savez(path, **{n: x for n, x in arrays.items() if x is not None})
    return kind, path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra.weight": np.zeros(3)}, r"unknown names: extra\.weight"),
        ({"blocks.1.0.conv2.bias": None}, "missing: generator/params/block_1/conv_1/bias"),
        ({"linear.u0": None}, "missing: generator/u/linear/kernel"),
        ({"blocks.2.0.bn1.stored_var": None}, "missing: generator/var/block_2/norm_0/norm"),
        ({"output_layer.2.bias": np.zeros(4)}, r"to_image/bias is \[4\], not \[3\]"),
        ({"blocks.0.0.bn1.gain.u0": np.zeros((1, 5))}, r"gain/kernel is \[5\], not \[128\]"),
        ({"linear.weight": np.zeros((7, 2))}, r"linear\.weight has an unexpected shape, \(7, 2\)"),
        ({"blocks.0.0.conv2.weight": None}, r"conv_1/kernel' is missing"),
        ({"output_layer.2.weight": None, "linear.weight": None}, "not the names of BigGAN-PyTorch"),
    ],
)
def test_refuses_and_lists(changes, message, tmp_path):
    kind, path = exported("pytorch", tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        published.import_weights(path, kind)


def test_refuses_other_files(tmp_path):
    kind, path = exported("pytorch", tmp_path)
    for other in ("huggingface", "hub"):
        with pytest.raises(ValueError, match="these are not the names of"):
            published.import_weights(path, other)
    with pytest.raises(ValueError, match="write one of biggan-pytorch, huggingface, hub"):
        published.import_weights(path, "tf")
    with pytest.raises(FileNotFoundError, match="no such file"):
        published.import_weights(tmp_path / "none.npz", kind)
    np.savez(tmp_path / "pickle.npz", a=np.array([{}]))
    with pytest.raises(ValueError, match=r"no .npz of plain arrays"):
        published.import_weights(tmp_path / "pickle.npz", kind)
    with pytest.raises(ValueError, match="holds no imported weights"):
        published.export_weights(random_weights("pytorch")[1], tmp_path / "x.safetensors", kind)
        published.load(tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=r"ends in .npz or .safetensors"):
        published.export_weights(random_weights("pytorch")[1], tmp_path / "G.pth", kind)
    with pytest.raises(ValueError, match="no discriminator among these weights"):
        published.export_weights(
            random_weights("hub")[1], tmp_path / "d.npz", kind, "discriminator"
        )
    deep = random_weights("pytorch deep")[1]
    with pytest.raises(ValueError, match="huggingface has no place for mean"):
        arrays = {f"generator/mean/{n}": np.zeros((1, 1)) for n in ("elsewhere",)}
        wrong = dataclasses.replace(deep, arrays=deep.arrays | arrays)
        published.export_weights(wrong, tmp_path / "h.npz", "huggingface")


def test_names_of_the_authors_layers_with_their_own_batch_norm(tmp_path):
    """Standing statistics are stored as sums with their count; running ones with a count of 0."""
    kind, path = exported("pytorch", tmp_path)
    arrays = dict(np.load(path))
    plain = published.import_weights(path, kind)
    for count in (0.0, 16.0):
        renamed = {}
        for name, x in arrays.items():
            at, _, part = name.rpartition(".")
            if part.startswith("stored_"):
                renamed[f"{at}.bn.{part}"] = x * np.float32(count or 1)
                renamed[f"{at}.bn.accumulation_counter"] = np.array([count], "f4")
            else:
                renamed[name] = x
                renamed[f"{at}.sv0"] = np.ones(1, "f4")
        np.savez(tmp_path / "own.npz", **renamed)
        same_arrays(published.import_weights(tmp_path / "own.npz", kind).arrays, plain.arrays)


def test_hub_takes_averages_and_leaves_the_rest(tmp_path):
    kind, path = exported("hub", tmp_path)
    arrays = {}
    for name, x in np.load(path).items():
        arrays[f"module/{name}:0"] = x
        if "/ema_" in name:
            arrays[f"module/{name.split('/ema_')[0]}:0"] = np.zeros_like(x)
        if name.endswith("/u0"):
            arrays[f"module/{name[:-1]}1:0"] = np.zeros((1, 9), "f4")
        if name.endswith("accumulated_mean"):
            counter = name.replace("accumulated_mean", "accumulation_counter")
            arrays[f"module/{counter}:0"] = np.ones(())
    arrays["Discriminator/x:0"] = np.ones(1)
    np.savez(tmp_path / "all.npz", **arrays)
    imported = published.import_weights(tmp_path / "all.npz", kind)
    same_arrays(imported.arrays, random_weights("hub")[1].arrays)
    assert imported.notes == ("Discriminator is left out",)

    # The one row of statistics that is a variable belongs to nobody knows which truncation.
    single = {n: x[0] if "accumulated_" in n else x for n, x in arrays.items()}
    np.savez(tmp_path / "single.npz", **single)
    imported = published.import_weights(tmp_path / "single.npz", kind)
    assert imported.truncations == () and not imported.part("generator", "mean")
    assert published.statistics(imported) is None
    assert imported.notes[-1] == "no statistics by truncation: sampling computes them"


def test_hub_tables_of_the_graph(tmp_path):
    """stack_1, 3, 6, 8, 11, ...: mean and variance of one batch norm after the other."""
    kind, path = exported("hub deep", tmp_path)
    arrays = dict(np.load(path))
    blocks = [f"Generator/GBlock{f'_{i}' if i else ''}" for i in range(8)]
    norms = [f"{b}/BatchNorm{f'_{n}' if n else ''}" for b in blocks for n in range(4)]
    numbers = (10 * i + n for i in range(50) for n in (1, 3, 6, 8))
    for norm in [*norms, "Generator/BatchNorm"]:
        for part in ("mean", "var"):
            name = f"module_apply_default/stack_{next(numbers)}:0"
            arrays[name] = arrays.pop(f"{norm}/accumulated_{part}")
    np.savez(tmp_path / "tables.npz", **arrays)
    imported = published.import_weights(tmp_path / "tables.npz", kind)
    same_arrays(imported.arrays, random_weights("hub deep")[1].arrays)


def test_bigbigan_names(tmp_path):
    kind, path = exported("hub bigbigan", tmp_path)
    names = set(np.load(path).files)
    assert {"Generator/linear/w/ema_0.9999", "Generator/GBlock_1/BatchNorm_1/scale/u0"} <= names
    arrays = {f"GenEncWrapper/{n}:0": x for n, x in np.load(path).items()}
    arrays["GenEncWrapper/Encoder/conv/w:0"] = np.zeros(3)
    np.savez(tmp_path / "wrapped.npz", **arrays)
    imported = published.import_weights(tmp_path / "wrapped.npz", kind)
    same_arrays(imported.arrays, random_weights("hub bigbigan")[1].arrays)
    assert imported.notes == ("Encoder is left out",)
    assert list(published.statistics(imported)) == [0.0]  # of no truncation


def test_statistics_of_stored_truncations_are_exact_and_others_between():
    """Where a widely used package swaps the shares, and takes neighbours of some stored ones."""
    weights = random_weights("huggingface")[1]
    trained = published.generator(weights)
    table = weights.part("generator", "mean")["block_3/norm_1/norm"]

    def mean(t):
        stats = flatten_dict(trained.variables(t)["batch_stats"], sep="/")
        return np.asarray(stats["block_3/norm_1/norm/mean"])

    for row in (1, 7, 14, 28, 29, 47, 50):  # 0.14, 0.28, 0.56, 0.58, 0.94 among them
        np.testing.assert_array_equal(mean(row / 50), table[row])
    near = mean(0.505)  # linear in the variance, t^2: 0.246 of the way from 0.50 to 0.52
    share = (0.505**2 - 0.5**2) / (0.52**2 - 0.5**2)
    np.testing.assert_allclose(near, (1 - share) * table[25] + share * table[26], rtol=1e-5)
    assert abs(near - table[25]).max() < abs(near - table[26]).max()
    assert trained.truncation() == 1.0


def test_normalised_weights_divide_by_the_publishers_sigma():
    for case, by_v in (("huggingface", True), ("pytorch", False)):
        _, weights = random_weights(case)
        p, u = (weights.part("generator", part)["to_image/kernel"] for part in ("params", "u"))
        matrix = p.reshape(-1, p.shape[-1]).astype("f8")
        if by_v:
            sigma = weights.part("generator", "v")["to_image/kernel"] @ matrix @ u
        else:
            v = matrix @ u
            sigma = np.linalg.norm(v / np.linalg.norm(v) @ matrix)
        ours = published.normalised(weights, "generator")
        np.testing.assert_allclose(ours["to_image"]["kernel"], p / sigma, rtol=1e-5)
        bias = weights.part("generator", "params")["to_image/bias"]
        np.testing.assert_array_equal(ours["to_image"]["bias"], bias)


def test_imported_discriminator_scores_images():
    _, weights = random_weights("pytorch cifar")
    side, _ = convert._side(weights.config, "discriminator")
    params = jax.tree.map(jnp.asarray, published.normalised(weights, "discriminator"))
    discriminator = bind(side, params)
    assert discriminator.call(jnp.zeros((2, 32, 32, 3)), jnp.zeros(2, jnp.int32)).shape == (2,)


def pytorch_arrays(tmp_path):
    """Return a random generator under the names of BigGAN-PyTorch, with standing statistics."""
    _, weights = random_weights("pytorch")
    published.export_weights(weights, tmp_path / "G.npz", "biggan-pytorch")
    return convert.read_arrays(tmp_path / "G.npz")


def imported(arrays, tmp_path, **fields):
    np.savez(tmp_path / "changed.npz", **arrays)
    return published.import_weights(tmp_path / "changed.npz", "biggan-pytorch", **fields)


def with_counters(arrays, count):
    """Return the arrays of the variant whose layers sum moments and count them."""
    changed = {}
    for name, x in arrays.items():
        at, _, kind = name.rpartition(".stored_")
        changed[f"{at}.bn.stored_{kind}" if at else name] = np.float32(x * count) if at else x
        if at:
            changed[f"{at}.bn.accumulation_counter"] = np.array([count], np.float32)
    return changed


def test_sums_of_moments_are_divided_by_whole_counts_alone(tmp_path):
    plain = pytorch_arrays(tmp_path)
    expected = imported(plain, tmp_path)
    whole = imported(with_counters(plain, 16.0), tmp_path)
    for name, x in expected.arrays.items():
        np.testing.assert_allclose(whole.arrays[name], x, rtol=1e-6, err_msg=name)
    mixed = imported(with_counters(plain, 15.9), tmp_path)
    assert not any("/mean/" in n or "/var/" in n for n in mixed.arrays)
    assert "is not a whole number" in mixed.notes[0] and not whole.notes


def test_a_prefix_of_dataparallel_is_taken_off(tmp_path):
    plain = pytorch_arrays(tmp_path)
    same_arrays(
        imported({f"module.{n}": x for n, x in plain.items()}, tmp_path).arrays,
        imported(plain, tmp_path).arrays,
    )


def test_what_jaxgan_has_not_is_named(tmp_path):
    plain = pytorch_arrays(tmp_path)
    layer = next(n for n in plain if n.endswith(".u0")).removesuffix(".u0")
    with pytest.raises(ValueError, match="several singular vectors per layer"):
        imported({**plain, f"{layer}.u1": plain[f"{layer}.u0"]}, tmp_path)
    two = {**plain, "blocks.0.1.gamma": np.zeros((), np.float32)}
    two["blocks.1.1.gamma"] = np.zeros((), np.float32)
    with pytest.raises(ValueError, match=r"attention after the blocks 0, 1, 3"):
        imported(two, tmp_path)
    for bad in (np.nan, np.inf):
        broken = {n: x.copy() for n, x in plain.items()}
        broken["linear.weight"].flat[3] = bad
        with pytest.raises(ValueError, match=r"linear\.weight has values that are not finite"):
            imported(broken, tmp_path)


def test_the_epsilon_of_batch_norm_can_be_given(tmp_path):
    fields = {"fields": {"model.batch_norm_eps": 1e-3}}
    assert (
        imported(pytorch_arrays(tmp_path), tmp_path, **fields).config.model.batch_norm_eps == 1e-3
    )


def test_one_generator_of_another_name_is_taken(tmp_path):
    for name in ("G_ema_best0.pth",):
        (tmp_path / name).touch()
    assert convert._files(tmp_path, "biggan-pytorch") == [tmp_path / "G_ema_best0.pth"]
    (tmp_path / "G_ema_best1.pth").touch()
    with pytest.raises(ValueError, match=r"holds G_ema_best0\.pth, G_ema_best1\.pth: write"):
        convert._files(tmp_path, "biggan-pytorch")
