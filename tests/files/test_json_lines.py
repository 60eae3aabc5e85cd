"""JSON lines: whole lines stay, half ones go, damage is named."""

import json
import multiprocessing

import pytest

from jaxgan.files import json_lines


def test_what_is_appended_is_read(tmp_path):
    path = tmp_path / "a.jsonl"
    assert json_lines.read(path) == []
    lines = [{"step": 1, "name": "ä\u2028\n"}, {"step": 2, "x": 1 / 3}]
    for line in lines:
        json_lines.append(path, line)
    assert json_lines.read(path) == lines


def test_half_a_line_is_left_out_and_written_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"step": 1}\n{"step": 2, "lo')
    assert json_lines.read(path) == [{"step": 1}]
    json_lines.append(path, {"step": 3})
    assert path.read_text() == '{"step": 1}\n{"step": 3}\n'
    path.write_text('{"st')
    json_lines.append(path, {"step": 4})
    assert path.read_text() == '{"step": 4}\n'


@pytest.mark.parametrize(("line", "words"), [("{]", "is not JSON"), ("[]", "is not a JSON object")])
def test_damage_in_the_middle_names_file_and_line(line, words, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"step": 1}}\n{line}\n{{"step": 3}}\n')
    with pytest.raises(ValueError, match=rf"a\.jsonl line 2 {words}"):
        json_lines.read(path)


def test_lines_after_the_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": s, "loss": s / 3}) + "\n" for s in (10, 20, 30)]
    path.write_text("".join(lines) + '{"step": 40, "lo')  # killed while writing
    json_lines.drop_after(path, 20)
    assert path.read_text() == "".join(lines[:2])
    json_lines.drop_after(path, 0)
    assert path.read_text() == ""
    json_lines.drop_after(tmp_path / "none", 0)
    assert not (tmp_path / "none").exists()


def append_many(path, start):
    for i in range(start, start + 100):
        json_lines.append(path, {"i": i, "text": "x" * 9000})


def test_two_processes_append_whole_lines(tmp_path):
    path, context = tmp_path / "a.jsonl", multiprocessing.get_context("spawn")
    group = [context.Process(target=append_many, args=(path, start)) for start in (0, 100)]
    for process in group:
        process.start()
    for process in group:
        process.join(60)
    assert sorted(line["i"] for line in json_lines.read(path)) == list(range(200))
