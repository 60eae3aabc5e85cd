"""A report holds what a run left, in one file that asks for nothing from elsewhere."""

import html.parser
import json
import math
import re
import threading
import types

import numpy as np
import pytest

from jaxgan import report
from jaxgan.media.pictures import save_picture
from jaxgan.report import charts, runs, samples, sections, tables, write
from jaxgan.training import run
from tests.tiny import tiny_config


def write_run(folder, steps=10, side=40, **fields):
    """Write what a run leaves, without running it."""
    config = tiny_config(**{"train.steps": 100, "train.batch": 16, **fields})
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    rng = np.random.default_rng(0)

    def lines(name, values):
        text = "".join(json.dumps({"step": 5 * i, **values(i)}) + "\n" for i in range(1, steps + 1))
        (folder / name).write_text(text)

    lines("metrics.jsonl", lambda i: {"d/loss": 2 - i / 10, "g/loss": i / 10, "d/bad_leaf": -1,
                                      "g/latent_cost": 0.0, "g/penalty": i**2})  # fmt: skip
    lines("timing.jsonl", lambda i: {"images_per_second": 100.0 + i, "time/step": 0.75,
                                     "host_gb": 1.5, "device_gb": 11.0})  # fmt: skip
    lines("watch.jsonl", lambda i: {"diversity": 0.1, "sigmas": {"g/linear/kernel": [i, 1, 1]}})
    result = {"metrics": {"fd": 12.345, "fd_std": 0.1}, "protocol": {"count": 1000, "step": 50}}
    (folder / "results.jsonl").write_text(json.dumps(result) + "\n")
    starts = [
        {"step": s, "time": f"noon {s}", "devices": "4 x tpu", "jax": "0.10.2"} for s in (0, 20, 40)
    ]
    (folder / "starts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in starts))
    back = {"step": 30, "to": 20, "why": "step 30: <b>not</b> finite"}
    (folder / "roll_backs.jsonl").write_text(json.dumps(back) + "\n")
    for step in (10, 20, 50):
        sheet = rng.integers(0, 256, (side, side, 1), np.uint8)
        save_picture(folder / "samples" / f"{step:08d}.png", sheet)
    return folder


class Page(html.parser.HTMLParser):
    """Collects tags with their attributes and checks that they nest."""

    VOID = ("meta", "img", "input", "line", "polyline", "br")

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], text
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def read(path):
    return Page(path.read_text(encoding="utf-8"))


def test_one_file_with_everything(tmp_path, capsys):
    folder = write_run(tmp_path / "first")
    assert report.report([folder], None) == 0
    page = read(folder / "report.html")
    assert "report.html" in capsys.readouterr().out
    for words in (
        "first", "biggan on fashion_mnist", "Losses", "g/penalty", "linear", "12.35", "0.1",
        "differ 0.10 times as much", "&lt;b&gt;not&lt;/b&gt; finite", "to 20",
        "train.steps", "jaxgan train --config=again.py", "Ankle boot", "Most memory", "device_gb",
        "4 x tpu", "jax 0.10.2", "<td>40</td><td>training was started again</td><td>noon 40",
    ):  # fmt: skip
        assert words in page.text, words
    assert "g/latent_cost" not in page.text  # 0 throughout
    assert "<td>20</td><td>training" not in page.text  # that start was the roll-back's
    assert "<b>not" not in page.text  # nothing of a run is markup
    assert [a["alt"] for t, a in page.tags if t == "img"] == [
        f"samples at step {s}" for s in (10, 20, 50)
    ]


def test_nothing_comes_from_elsewhere(tmp_path):
    page = read_report([write_run(tmp_path / "a")], tmp_path / "r.html")
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "base", "object")
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes[name][:80])
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttp|WebSocket", page.text)


def read_report(folders, output):
    report.write_report(folders, output)
    return read(output)


def test_several_runs_side_by_side(tmp_path):
    folders = [
        write_run(tmp_path / "x" / "run"),
        write_run(tmp_path / "y" / "run", **{"model.width": 8}),
    ]
    page = read_report(folders, tmp_path / "r.html")
    assert "x/run d/loss" in page.text and "y/run d/loss" in page.text
    row = re.search(r"<td>model.width</td>.*?</tr>", page.text)[0]
    assert re.findall(r"<td>(.*?)</td>", row)[-2:] == ["4", "8"]
    assert page.text.count("samples at step 50") == 2


def test_a_run_that_has_just_begun_has_a_report(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(tiny_config().to_dict()))
    (tmp_path / "metrics.jsonl").write_text('{"step": 5, "d/loss": NaN}\n{"step": 10, "d/lo')
    page = read_report([tmp_path], tmp_path / "r.html")
    assert "Settings" in page.text and "Samples" not in page.text


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config.json does not exist: write"):
        report.report([tmp_path], None)
    (tmp_path / "config.json").write_text('{"model": 7}')
    with pytest.raises(ValueError, match=r"config.json is not the config of a run"):
        report.report([tmp_path], None)
    with pytest.raises(ValueError, match="WORKDIR"):
        report.report([], None)


def test_a_report_that_fails_stops_no_training(tmp_path, capsys):
    report.refresh(tmp_path / "nothing")
    assert "report.html is not refreshed: " in capsys.readouterr().out


def test_it_is_refreshed_beside_the_training_once_at_a_time_and_at_the_end(monkeypatch):
    begun, go_on, written = threading.Event(), threading.Event(), []

    def slow(workdir):
        begun.set()
        assert go_on.wait(60)
        written.append(len(asked))

    monkeypatch.setattr(write, "refresh", slow)
    asked = []
    with report.Refresher(None) as refresh:
        for _ in range(5):  # returns at once, though the first is not done
            refresh()
            asked.append(1)
            assert begun.wait(60)
        go_on.set()
    assert written[0] == 5 and len(written) in (2, 3)  # one at work, one for all others, the last


def test_large_sheets_are_made_to_fit(tmp_path):
    folder = write_run(tmp_path / "a", side=700)
    for step in range(60, 100):
        (folder / "samples" / f"{step:08d}.png").write_bytes(
            (folder / "samples" / "00000050.png").read_bytes()
        )
    found = samples.embedded(runs.read_run(folder, "a").samples, 2_000_000)
    assert sum(map(len, found.values())) <= 2_000_000
    assert max(found) == 99 and min(found) == 10 and len(found) in (3, 6, 12)
    assert report.write_report([folder], tmp_path / "r.html") < write.MOST_BYTES


def test_the_command_makes_the_same_config(tmp_path):
    """The Python file in the report, executed, resolves to the run's own config."""
    folder = write_run(tmp_path / "a", prior="uniform", **{"model.generator_widths": (2, 1)})
    facts = runs.read_run(folder, "a")
    script = tables.reproduction(facts)
    code = script.split("'END'\n")[1].split("END\n")[0]
    namespace = {}
    exec(code, namespace)  # our own text
    again = namespace["get_config"]()
    with again.unlocked():  # the facts of the data set, filled in by `run.resolve`
        again.data.update(channels=1, bits=8, class_names=tiny_config().data.class_names)
    assert again.to_dict() == run.saved(folder).to_dict()
    assert "--config=again.py" in script


def test_protocols_in_common_are_said_once():
    def line(fd, **protocol):
        return {"metrics": {"fd": fd}, "protocol": {"reference": "r", "step": 5, **protocol}}

    def facts(*lines):
        return runs.RunFacts("a", None, {}, {}, [], [], [], [], [], [], list(lines), {}, [])

    text = tables.scores([facts(line(1.0, truncation=0.5), line(2.0, truncation=1.0))])
    assert re.findall(r"<th(?: class=n)?>(.*?)</th>", text) == ["step", "truncation", "fd"]
    assert "Protocol of all: reference r." in text and "by truncation" not in text
    three = [line(v, truncation=v) for v in (0.5, 1.0, 2.0)]
    assert "fd by truncation" in tables.scores([facts(*three)])
    assert tables.scores([facts()]) == ""
    lite = {
        "extractor": "lite0",
        "extractor_sha256": "ab" * 32,
        "extractor_protocol": {"size": 224},
    }
    text = tables.scores([facts(line(1.0, truncation=0.5), line(2.0, truncation=1.0, **lite))])
    columns = re.findall(r"<th(?: class=n)?>(.*?)</th>", text)
    assert columns == ["step", "truncation", "extractor", "fd"]
    assert "Extractor lite0: size 224; abababababab." in text
    many = [line(v / 10, truncation=v / 10) for v in range(1, 41)]
    newest, every = tables.scores([facts(*many)]).split("<summary>All 40 results")
    assert newest.count("<tr>") == 1 + tables.MOST_ROWS and every.count("<tr>") == 1 + 40


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.5, 1]), (-1.3, 2.1, [-1, 0, 1, 2]), (0, 77, [0, 20, 40, 60]), (3, 3, [2, 4])],
)
def test_ticks_are_round(low, high, expected):
    np.testing.assert_allclose(charts.nice_ticks(low, high, 4), expected, atol=1e-12)


def test_axes_hold_their_values():
    rng = np.random.default_rng(0)
    for scale in 10.0 ** rng.uniform(-6, 6, 50):
        a, b = sorted(scale * rng.normal(size=2))
        for log in (False, a > 0):
            low, high, ticks = charts.axis(a, b, log)
            assert low <= charts.scaled(a, log) < charts.scaled(b, log) <= high and len(ticks) > 1


def test_smoothing_is_a_centred_mean_and_keeps_lines():
    line = [2.0 * i for i in range(100)]
    np.testing.assert_allclose(charts.smoothed(line), line)
    noise = list(np.random.default_rng(0).normal(size=200))
    expected = np.mean(noise[95:106])  # 200 / 40 on either side
    assert charts.smoothed(noise)[100] == pytest.approx(expected)


def test_thinning_keeps_means_and_the_last_point():
    n = 1000
    curve = charts.thinned(charts.Curve("a", list(range(n)), [float(i) for i in range(n)]))
    assert len(curve.x) <= charts.MOST_POINTS + 1 and curve.x[-1] == n - 1
    assert math.isclose(curve.y[0], np.mean(range(4))) and curve.y[-1] == n - 1


def test_a_curve_is_drawn_where_its_values_are():
    text = charts.chart("t", [charts.Curve("a", [0, 10], [0.0, 1.0])], "steps")
    points = re.search(r'points="(.*?)"', text)[1].split()
    left, right = ([float(v) for v in p.split(",")] for p in points)
    assert left == [charts.LEFT, charts.HEIGHT - charts.BOTTOM]
    assert right == [charts.WIDTH - charts.RIGHT, charts.TOP]
    assert charts.chart("t", [charts.Curve("a", [1], [1.0])], "steps") == ""
    text = charts.chart("t", [charts.Curve("a", [0, 10], [0.5, 1.0])], "steps", zero=True)
    heights = [float(p.split(",")[1]) for p in re.search(r'points="(.*?)"', text)[1].split()]
    middle = (charts.TOP + charts.HEIGHT - charts.BOTTOM) / 2
    assert heights == [middle, charts.TOP]  # half-way above 0


def test_names_tell_directories_apart(tmp_path):
    a, b = tmp_path / "x" / "run", tmp_path / "y" / "run"
    assert runs.unique_names([a]) == ["run"]
    assert runs.unique_names([a, b]) == ["x/run", "y/run"]
    assert len(set(runs.unique_names([a, a]))) == 2


def test_shares_of_time_are_whole_with_and_without_what_is_other():
    old = {"time/step": 0.75}  # as written before "other" was
    new = {"time/step": 0.5, "time/input": 0.25, "time/other": 0.25}
    for lines, step, other in (([old], 75, 25), ([new], 50, 25), ([old, new], 62.5, 25)):
        text = sections.time_shares([types.SimpleNamespace(timing=lines, name="run")])
        assert f'title="step {step:.1f}%"' in text and f'title="other {other:.1f}%"' in text


def lines_of(folder, name, lines):
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def scored(step, truncation, **metrics):
    return {"metrics": metrics, "protocol": {"step": step, "truncation": truncation}}


def test_the_headline_has_the_newest_scores_at_the_runs_own_truncation(tmp_path):
    folder = write_run(tmp_path / "a")  # it is at step 50
    lines = [
        scored(40, None, fd=9.0),
        scored(50, None, fd=5.0, fd_std=0.1),
        scored(50, None, kd=0.5),
        scored(50, 1.6, fd=77.0),  # a truncation curve, written last
        scored(30, None, fd=11.0),
    ]
    lines_of(folder, "results", lines)
    facts = runs.read_run(folder, "a")
    assert sections.newest_scores(facts) == [("5", "fd"), ("0.5", "kd")]
    assert "77" not in sections.headline(facts, 0, False)
    lines_of(folder, "results", [scored(40, None, fd=9.0), scored(50, 1.6, fd=77.0)])
    assert sections.newest_scores(runs.read_run(folder, "a")) == [("9", "fd, step 40")]
    lines_of(folder, "results", [scored(50, 0.5, fd=8.0), scored(50, 1.6, fd=77.0)])
    found = sections.newest_scores(runs.read_run(folder, "a"))
    assert found == [("8", "fd, truncation 0.5")]
    lines_of(folder, "results", [scored(50, None, fd=8.0), scored(50, 0.5, fd=7.0)])
    config = json.loads((folder / "config.json").read_text())
    config["sample"]["truncation"] = 0.5
    (folder / "config.json").write_text(json.dumps(config))
    assert sections.newest_scores(runs.read_run(folder, "a")) == [("7", "fd")]


def test_rows_of_a_sheet_are_named_as_the_run_says(tmp_path):
    folder = write_run(tmp_path / "a")
    named = '<div class="rows"><div>Bag</div><div>Ankle boot</div></div>'
    assert '<div class="rows">' not in write.report_page([runs.read_run(folder, "a")])
    lines_of(folder, "starts", [{"step": 0}, {"step": 10, "rows": ["Bag", "Ankle boot"]}])
    assert named in write.report_page([runs.read_run(folder, "a")])


@pytest.mark.parametrize(
    ("medium", "word"), [("images", "images"), ("waves", "sounds"), ("nobodys.medium", "examples")]
)
def test_what_a_run_learns_from_is_called_by_its_name(tmp_path, medium, word):
    folder = write_run(tmp_path / "a", **{"data.medium": medium})
    lines_of(folder, "timing", [{"step": 5, "images_per_second": 2.0, "bad_records": 3}])
    text = write.report_page([runs.read_run(folder, "a")])
    for words in (f"{word} seen", f"{word}/s, median", f"thousand {word} <b>", f"3 {word} could"):
        assert words in text, words
    assert medium == "images" or "images/s" not in text
    other = runs.read_run(write_run(tmp_path / "b"), "b")
    both = runs.noun_of([runs.read_run(folder, "a"), other])
    assert both == ("images" if medium == "images" else "examples")


def test_bad_records_are_counted_once(tmp_path):
    folder = write_run(tmp_path / "a")
    timing = [{"step": 5 * i, "bad_records": n} for i, n in enumerate((1, 2, 3, 3, 2), 1)]
    lines_of(folder, "timing", timing)
    assert "3 images could not be read" in tables.warnings([runs.read_run(folder, "a")])


def test_curves_end_where_the_run_is_after_a_roll_back(tmp_path):
    folder = write_run(tmp_path / "a")
    speed = lambda step, rate: {"step": step, "images_per_second": rate, "time/step": 0.5}
    before = [speed(s, 100.0) for s in (10, 20, 30, 40)]
    after = [speed(s, 200.0) for s in (30,)]  # gone back to 20, and on to 30
    lines_of(folder, "timing", [*before, *after])
    lines_of(folder, "metrics", [{"step": s, "d/loss": 1.0} for s in (10, 20, 30)])
    lines_of(folder, "starts", [{"step": 0}, {"step": 20}])
    facts = runs.read_run(folder, "a")
    assert runs.series(facts.current_timing, "images_per_second") == (
        [10, 20, 30],
        [100.0, 100.0, 200.0],
    )
    assert len(facts.timing) == 5  # the time was spent nevertheless
    lines_of(folder, "timing", before)  # gone back, and nothing logged since
    lines_of(folder, "metrics", [{"step": s, "d/loss": 1.0} for s in (10, 20)])
    found = runs.read_run(folder, "a").current_timing
    assert [line["step"] for line in found] == [10, 20]


def test_a_damaged_log_is_named(tmp_path):
    folder = write_run(tmp_path / "a")
    (folder / "metrics.jsonl").write_text('{"step": 5}\nrubbish\n{"step": 10}\n')
    with pytest.raises(ValueError, match=r"metrics\.jsonl line 2 is not JSON"):
        report.report([folder], None)


def test_an_output_that_is_a_folder_is_refused(tmp_path):
    folder = write_run(tmp_path / "a")
    with pytest.raises(ValueError, match=r"--output=.* is a folder: write the name of a file"):
        report.report([folder], tmp_path)
