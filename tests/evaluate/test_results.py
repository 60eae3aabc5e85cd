import json

import pytest

from jaxgan.evaluate.extractors.extractor import Extractor
from jaxgan.evaluate.images import Images
from jaxgan.evaluate.results import (
    append_result,
    differing_fields,
    merged_result,
    protocol,
    read_results,
    table,
)

EXTRACTOR = Extractor("tiny", (), lambda w, x: (x, x), "a" * 64, {"input_size": 4})


REAL = Images("fashion_mnist/train", 10000, (28, 28, 1), ("a",), "b" * 64, None, {"unreadable": 2})


def settings(extractor=EXTRACTOR, **facts):
    facts = {"seed": 1, "truncation": None, **facts}
    return protocol(extractor, Images("samples", 2000, (28, 28, 1), ("a",), "", None, facts), REAL)


def test_a_line_carries_everything_and_comes_back(tmp_path):
    path = tmp_path / "results.jsonl"
    written = settings(truncation=0.5, step=100)
    append_result(path, {"fd_tiny": 12.5}, written)
    append_result(path, {"fd_tiny": 11.0}, settings(), {"fd_tiny_per_class": {"a": 3.0}})
    assert len(path.read_text().splitlines()) == 2
    first, second = read_results(path)
    assert first == {"metrics": {"fd_tiny": 12.5}, "protocol": written}
    assert first["protocol"]["extractor_sha256"] == "a" * 64
    assert first["protocol"]["extractor_protocol"] == {"input_size": 4}
    assert set(first["protocol"]["versions"]) == {"jaxgan", "jax", "numpy"}
    assert written["count"] == 2000 and written["samples_hash"] is None
    assert written["reference_hash"] == "b" * 64 and written["reference_unreadable"] == 2
    assert second["classes"] == {"fd_tiny_per_class": {"a": 3.0}}
    assert differing_fields(first, second) == ["truncation", "step"]
    assert differing_fields(first, first) == []


def test_a_result_is_found_by_its_whole_protocol(tmp_path):
    path = tmp_path / "results.jsonl"
    for value in (1.0, 2.0):
        append_result(path, {"fd": value}, settings(size=(8, 8)))
    append_result(path, {"fd": 3.0}, settings(size=(8, 9)))
    append_result(path, {"kd": 4.0}, settings(size=(8, 8)), {"kd": {"a": 5.0}})
    results = read_results(path)
    assert merged_result(results, settings(size=(8, 8))) == (
        {"fd": 2.0, "kd": 4.0},
        {"kd": {"a": 5.0}},
    )
    assert merged_result(results, settings(size=(7, 7))) == ({}, {})


def test_no_extractor():
    assert settings(None)["extractor"] is None


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


@pytest.mark.parametrize(
    "line",
    [
        "rubbish",
        "[]",
        json.dumps({"metrics": {}}),
        json.dumps({"metrics": {"fd": "1"}, "protocol": {}}),
        json.dumps({"metrics": {"fd": 1.0}, "protocol": []}),
        json.dumps({"metrics": {"fd": 1.0}, "protocol": {}, "classes": 3}),
        "\udcff",  # a byte that is not UTF-8
        "[" * 100_000,
    ],
)
def test_other_damage_names_the_line(line, tmp_path):
    path = tmp_path / "r.jsonl"
    append_result(path, {"fd": 1.0}, {})
    with path.open("ab") as file:
        file.write(line.encode("utf-8", "surrogateescape") + b"\n")
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


def test_the_table_is_sorted_by_step_and_at_most_120_wide():
    names = [f"a_metric_with_a_long_name_{i}" for i in range(9)]
    results = [
        {"metrics": {n: s + i / 8 for i, n in enumerate(names)}, "protocol": {"step": s, "seed": 0}}
        for s in (300, 20, 1000)
    ]
    results.append({"metrics": {"fd": 7.0}, "protocol": {"reference": "/long" * 40}})
    text = table(results)
    assert max(len(line) for line in text.splitlines()) <= 120
    parts = [[line.split() for line in part.splitlines()] for part in text.split("\n\n")]
    assert len(parts) > 1
    for part in parts:
        assert part[0][0] == "step" and [row[0] for row in part[1:4]] == ["20", "300", "1000"]
    header = [name for part in parts for name in part[0]]
    assert set(names) | {"fd", "reference"} <= set(header)
    column = parts[0][0].index(names[1]) - len(parts[0][0])
    assert parts[0][3][column] == "1000" and parts[0][1][column] == "20.12"


def test_a_column_wider_than_the_table_is_still_shown():
    results = [{"metrics": {"fd": 1.0, "kd": 2.0}, "protocol": {"step": 5}}]
    assert table(results, width=1) == "step  fd\n   5   1\n\nstep  kd\n   5   2"


def test_weights_are_shown_where_the_step_does_not_tell_results_apart():
    def row(step, weights):
        return {"metrics": {"fd": 1.0}, "protocol": {"step": step, "weights": weights}}

    assert table([row(1, "x"), row(2, "y")]).split()[:2] == ["step", "fd"]
    assert table([row(1, "x"), row(1, "y")]).split()[:3] == ["step", "weights", "fd"]


def test_the_table_shows_what_tells_results_apart():
    results = [
        {"metrics": {"fd": 1.0}, "protocol": {"step": 5, "seed": 0, "size": [8], "hash": "a" * 64}},
        {"metrics": {"fd": 2.0}, "protocol": {"step": 5, "seed": 0, "size": [9], "hash": "b" * 64}},
    ]
    assert table(results).splitlines()[0].split() == ["step", "hash", "fd"]
    assert table(results).splitlines()[1].split() == ["5", "a" * 12, "1"]


def test_the_table_is_by_step_and_fits_into_120_characters():
    protocol = {f"field{i}": "x" for i in range(12)} | {"reference": "a/long/name" * 9}
    results = [
        {
            "metrics": {f"metric_number_{i}": i / 3 for i in range(20)},
            "protocol": protocol | {"step": step, "field3": "y" * step, "seed": step},
        }
        for step in (30, 10, 20)
    ]
    lines = table(results).splitlines()
    assert max(map(len, lines)) <= 120
    assert [line.split()[0] for line in lines[:4]] == ["step", "10", "20", "30"]
    for i in range(20):
        assert sum(f"metric_number_{i}" in line.split() for line in lines) == 1
    path = table(results, ("reference",)).splitlines()[1].split()[0]
    assert len(path) == 32 and path == "..." + protocol["reference"][-29:]  # its end tells more


def test_scores_that_cannot_be_kept_are_in_the_message(tmp_path):
    with pytest.raises(OSError, match=r'r\.jsonl cannot be written \(.*; the scores: {"fd": 1.5}'):
        append_result(tmp_path / "none" / "r.jsonl", {"fd": 1.5}, {})
