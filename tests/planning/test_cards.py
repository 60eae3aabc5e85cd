"""Reports for NVIDIA cards: refusals, and what steps cost on an H100 that is not there."""

import importlib.metadata

import jaxlib
import pytest

from jaxgan.config.files import load
from jaxgan.devices.compiler import DETERMINISTIC, compiler_options
from jaxgan.planning import cards, chips, compile_report
from jaxgan.planning.hlo import Program
from jaxgan.training.run import abstract_state
from jaxgan.training.step import abstract_batch, training_step
from tests.card_programs import check_convolutions
from tests.planning.test_compile_report import check_cost, narrow

slow = pytest.mark.slow
HERE = jaxlib.__version__


@pytest.fixture
def installed(monkeypatch):
    """Return a function that installs packages, {name: version}, in place of those there."""

    def install(packages):
        def version(name):
            if name not in packages:
                raise importlib.metadata.PackageNotFoundError(name)
            return packages[name]

        monkeypatch.setattr(cards.importlib.metadata, "version", version)

    return install


def test_without_the_compiler_the_answer_is_the_command_that_installs_it(installed):
    installed({})
    wanted = rf"--topology=h100 needs .*: pip install jax-cuda13-plugin=={HERE}"
    with pytest.raises(ValueError, match=wanted):
        chips.slice_devices("h100")


def test_a_compiler_of_another_version_is_named(installed):
    installed({"jax-cuda12-plugin": "0.9.0", "jax-cuda12-pjrt": HERE})
    with pytest.raises(ValueError) as refused:
        chips.slice_devices("h200:8")
    assert str(refused.value) == (
        f"--topology=h200:8: jax-cuda12-plugin 0.9.0 with jaxlib {HERE}: pip install "
        f"jax-cuda12-plugin=={HERE} jax-cuda12-pjrt=={HERE}"
    )


@pytest.mark.parametrize("topology", ["h100:0", "h100:8x", "h100:2x2x2", "h100:", "h100:-1"])
def test_shapes_that_cannot_be_are_refused(topology):
    with pytest.raises(
        ValueError, match=rf"--topology={topology}: write h100 for one card, h100:8"
    ):
        chips.slice_devices(topology)


def test_slices_are_of_tpus():
    message = r"--slices=2: only TPUs have slices; .* write --topology=h100:2x8"
    with pytest.raises(ValueError, match=message):
        chips.slice_devices("h100:8", slices=2)


def test_every_card_is_described_and_has_published_figures():
    assert set(cards.CARDS) < set(chips.CHIPS)


def test_nine_tenths_of_a_card_are_there_for_a_step():
    """75 of an H100's 79 GiB are too much: 1 + 74 / 2 fits."""
    report = {"topology": "h100:8", "devices": 8, "mesh": {"fsdp": 1}, "batch": 512}
    report |= {"microbatches": 1, "remat": False, "bytes": {"state": 2**30, "peak": 75 * 2**30}}
    verdict = compile_report.judged(report)
    assert 71 < verdict["bytes"]["capacity"] / 2**30 < 72
    assert not verdict["fits"]
    assert verdict["remedies"] == [
        "model.remat = True (now False)",
        "train.microbatches = 2 (now 1)",
    ]
    assert compile_report.judged(report | {"topology": "h200:8"})["fits"]


# The compiler itself: half a minute for a small step, so the second stage.


@pytest.fixture(scope="module")
def compiler():
    pytest.importorskip("jax_cuda13_plugin")


@slow
@pytest.mark.parametrize("topology,count", [("a100", 1), ("h200:8", 8), ("b200:2x4", 8)])
def test_cards_of_one_machine_and_of_several(compiler, topology, count):
    assert len(chips.slice_devices(topology)) == count


@slow
def test_a_step_on_two_cards_has_only_all_reduces_and_costs_what_it_did(compiler):
    report = compile_report.compile_run(narrow(), "h100:2")
    assert set(report["collectives"]) == {"all-reduce"}
    assert report["fits"] and report["seconds"]["roofline"] > 0
    assert f"kernel launches   {report['launches']:12,}" in compile_report.table(report)
    check_cost("h100:2", report)


@slow
@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("biggan_imagenet128", 64),
        ("biggan_deep_imagenet128", 40),
        ("logan_imagenet128", 40),
        ("stylegan_emoji", 40),
    ],
)
def test_full_width_networks_run_on_cudnn(compiler, name, batch):
    """Every convolution a call of the right kind, none spread, no map moved; costs as they were.

    These batches, and twice as many for real and generated images, are sides of maps alone. Maps
    of 8 x 8 may move: the kernel's gradient of an upsampling from 4 x 4 is a forward call.
    """
    config = load(name)
    config.train.update(batch=batch, num_d_steps=1, microbatches=1)
    run = compile_report.planned_run(config, chips.slice_devices("h100"), 3, 1000)
    with chips.quiet():
        lowered = training_step(run).lower(abstract_state(run), abstract_batch(run))
        compiled = lowered.compile()
    text = compiled.as_text()

    def is_map(sides):
        rest = sorted(side for side in sides if side not in (batch, 2 * batch))
        return len(sides) == 4 and len(rest) == 3 and rest[1] >= 16

    assert check_convolutions(Program(text), is_map)
    report = compile_report.measured(text) | {"bytes": compile_report.memory(compiled)}
    if name == "biggan_imagenet128":
        assert report["launches"] <= 1800
    check_cost(f"h100, {name}, batch {batch}", report, ("flops", "traffic", "launches"))


@slow
def test_a_deterministic_program_is_promised_for_a_card(compiler):
    """Its compiler takes both options: no operation without an order, no form chosen by timing."""
    device = chips.slice_devices("h100")[0]
    assert compiler_options(device, deterministic=True) == DETERMINISTIC["gpu"]
