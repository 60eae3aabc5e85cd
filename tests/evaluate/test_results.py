import json

import pytest

from jaxgan.evaluate.extractors import Extractor
from jaxgan.evaluate.results import append_result, differing_fields, protocol, read_results, table

EXTRACTOR = Extractor("tiny", (), lambda w, x: (x, x), "a" * 64, {"input_size": 4})


def settings(**more):
    fields = {
        "reference": "fashion_mnist/train",
        "reference_hash": "b" * 64,
        "count": 2000,
        "reference_count": 10000,
        "seed": 1,
        "averaging": "ema 0.999",
    }
    return protocol(EXTRACTOR, **(fields | more))


def test_a_line_carries_everything_and_comes_back(tmp_path):
    path = tmp_path / "results.jsonl"
    written = settings(truncation=0.5, truncation_definition="resample", step=100)
    append_result(path, {"fd_tiny": 12.5}, written)
    append_result(path, {"fd_tiny": 11.0}, settings())
    assert len(path.read_text().splitlines()) == 2
    first, second = read_results(path)
    assert first == {"metrics": {"fd_tiny": 12.5}, "protocol": written}
    assert first["protocol"]["extractor_sha256"] == "a" * 64
    assert first["protocol"]["extractor_protocol"] == {"input_size": 4}
    assert set(first["protocol"]["versions"]) == {"jaxgan", "jax", "numpy"}
    assert differing_fields(first, second) == ["truncation", "truncation_definition", "step"]
    assert differing_fields(first, first) == []


def test_no_extractor():
    assert protocol(None, **{k: v for k, v in settings().items() if k in (
        "reference", "reference_hash", "count", "reference_count", "seed", "averaging"
    )})["extractor"] is None  # fmt: skip


def test_truncation_needs_its_definition():
    with pytest.raises(ValueError, match="give both or none"):
        settings(truncation=0.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "3", None])
def test_only_finite_numbers(value, tmp_path):
    with pytest.raises(ValueError, match=r"metric fd is .* not a finite number"):
        append_result(tmp_path / "r.jsonl", {"fd": value}, {})
    assert not (tmp_path / "r.jsonl").exists()


def test_a_crash_while_writing_loses_the_last_line_only(tmp_path):
    path = tmp_path / "r.jsonl"
    append_result(path, {"fd": 1.0}, {})
    with path.open("a") as file:
        file.write('{"metrics": {"fd": 2')
    assert [r["metrics"]["fd"] for r in read_results(path)] == [1.0]
    append_result(path, {"fd": 3.0}, {})  # not behind half a line
    assert [r["metrics"]["fd"] for r in read_results(path)] == [1.0, 3.0]


@pytest.mark.parametrize("line", ["rubbish", "[]", json.dumps({"metrics": {}})])
def test_other_damage_names_the_line(line, tmp_path):
    path = tmp_path / "r.jsonl"
    append_result(path, {"fd": 1.0}, {})
    with path.open("a") as file:
        file.write(line + "\n")
    append_result(path, {"fd": 3.0}, {})
    with pytest.raises(ValueError, match=r"r\.jsonl line 2 is not"):
        read_results(path)


def test_table():
    results = [
        {"metrics": {"fd": 12.3456, "kd": 0.01, "kd_std": 0.0012}, "protocol": {"step": 5}},
        {"metrics": {"fd": 3.0, "is": 2.0}, "protocol": {"step": 10}},
    ]
    assert table(results, ("step",)) == "\n".join([
        "step     fd             kd  is",
        "   5  12.35  0.01 ± 0.0012    ",
        "  10      3                  2",
    ])  # fmt: skip
