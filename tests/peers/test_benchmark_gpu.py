"""The benchmark of cards, on a CPU: it runs, and its PyTorch computes what the reference does."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxgan.planning.chips import CHIPS
from tests.peers import benchmark_gpu
from tests.peers.benchmark_gpu import ROWS
from tests.peers.gpu_side import config_of

ROOT = Path(__file__).parents[2]


def test_the_table_has_what_was_measured_and_why_the_rest_was_not():
    row = ROWS[0]
    found = {"row": row.name, "batch": 64, "ready_s": 61.0, "card": "NVIDIA H100 80GB HBM3"}
    ours = {"side": "jaxgan", "memory": 5 * 2**30, "launches": 1695, "why": ""}
    ours["parts"] = {"step": {"s": 0.04, "spread": 1.0}}
    theirs = {"side": "eager", "parts": {}, "why": "out of memory", "note": "alone"}
    text = benchmark_gpu.table({"title": "T", "rows": {row.name: [found | ours, found | theirs]}})
    share = 64 / 0.04 * row.plain["step"] / CHIPS["h100"].flops
    assert 0.2 < share < 0.8
    expected = f"| {row.name} | step | jaxgan | 40.00 | 1,600 | {share:.1%} | 5.00 | 1695 | 61 |"
    assert expected in text
    assert "out of memory, alone" in text and text.count("\n| ") == 3


def test_without_pytorch_there_are_jaxgans_rows_alone(monkeypatch, tmp_path, capsys):
    asked = []

    def measured(row, sides, tiny, apart, left):
        asked.append((row.name, sides))
        return [{"row": row.name, "side": "jaxgan", "parts": {}, "batch": 1, "why": "x"}]

    monkeypatch.setattr(benchmark_gpu, "measured", measured)
    monkeypatch.setattr(benchmark_gpu.importlib.util, "find_spec", lambda name: None)
    arguments = ["--tiny", f"--output={tmp_path}/gpu", "--parts=0,1"]
    assert benchmark_gpu.main(arguments) == 0
    assert asked == [(row.name, ["jaxgan"]) for row in ROWS[:2]]
    assert "PyTorch is not installed: jaxgan's rows alone" in capsys.readouterr().out
    benchmark_gpu.main([*arguments[:-1], "--parts=1,2"])  # goes on with what is not there yet
    assert [name for name, _ in asked] == [row.name for row in ROWS[:3]]
    assert list(json.loads((tmp_path / "gpu.json").read_text())["rows"]) == [
        row.name for row in ROWS[:3]
    ]


@pytest.mark.parametrize(
    ("card", "name"), [("NVIDIA H100 80GB HBM3", "h100"), ("NVIDIA H200", "h200")]
)
def test_cards_are_known_by_their_drivers_names(card, name):
    assert benchmark_gpu.peak_of(card) == CHIPS[name].flops
    assert benchmark_gpu.peak_of("Tesla T4") is None


# PyTorch, and minutes: the second stage.


@pytest.mark.slow
@pytest.mark.parametrize("row", {row.config: row for row in ROWS}.values(), ids=lambda r: r.config)
def test_operations_are_those_of_the_written_network(row):
    pytest.importorskip("torch")
    from tests.peers import fast

    assert row.plain == fast.plain_operations(config_of(row.config, 1, False), 1000)


@pytest.mark.slow
@pytest.mark.parametrize("config", ["biggan_imagenet128", "logan_imagenet128"])
def test_fast_forms_give_what_the_reference_gives(config, monkeypatch):
    """Logits, images and gradients of both networks, in float64, after the same power iteration."""
    torch = pytest.importorskip("torch")
    from tests.peers import fast, reference

    config = config_of(config, 4, True)
    z, labels = torch.randn(4, config.model.latent_dim).double(), torch.tensor([0, 1, 2, 1])

    def results():
        torch.manual_seed(0)
        g, d = (net.double() for net in fast.networks(config, 10))
        for net in (g, d):
            for name, p in net.named_parameters():
                if "gamma" in name:
                    p.data.fill_(0.5)  # attention that is switched on
            net.to(memory_format=torch.channels_last)
        images = g(z, labels)
        logits = d(images, labels)
        gradients = torch.autograd.grad(logits.sum(), [*g.parameters(), *d.parameters()])
        return [x.detach().numpy() for x in (images, logits, *gradients)]

    plain = results()
    for owner, name, form in fast.FORMS:
        monkeypatch.setattr(owner, name, form)
    for found, expected in zip(results(), plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)
    g, d = fast.networks(config, 10)
    extra = []
    for kind in (reference.Trainer, fast.Trainer):
        trainer = kind(g, d, (1e-3, 1e-3), (0.0, 0.999), 1e-8, 0.3, 0.9, False)
        for p in g.parameters():
            p.grad = torch.zeros_like(p)
        trainer.regularise()
        with torch.no_grad():
            for average in trainer.average.values():
                average += 1
        trainer.move_average()
        extra.append([p.grad for p in g.parameters()] + list(trainer.average.values()))
    for found, expected in zip(*extra, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_all_of_it_runs_on_a_cpu(tmp_path):
    """Both sides with equally many parameters, which the benchmark asserts; forms pass."""
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "tests.peers.benchmark_gpu", "--tiny", "--variants=eager"]
    command += [f"--output={tmp_path}/gpu", "--seconds=3000", "--parts=check,deterministic,0,1,2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert len(found["check"]) >= 15 and all(c["passed"] for c in found["check"])
    assert len(set(found["deterministic"]["deterministic"])) == 1
    assert list(found["rows"]) == [row.name for row in ROWS[:3]]
    for lines in found["rows"].values():
        assert [line["side"] for line in lines] == ["jaxgan", "eager"]
        for line in lines:
            assert line["why"] == "" and "note" not in line
            assert all(part["s"] > 0 for part in line["parts"].values())
            assert set(line["parts"]) == {"step", "sampling"}
