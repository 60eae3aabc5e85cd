"""The explorer's server: the pictures that were asked for, on this machine only."""

import http.client
import io
import json
import re
import socket
import threading
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan.media.pixels import to_stored
from jaxgan.trained import explore
from jaxgan.trained.explore import server
from jaxgan.trained.explore.server import Explorer
from jaxgan.trained.sample.paths import spherical
from tests.tiny import tiny_tabulated


@pytest.fixture(scope="module")
def explorer():
    return Explorer(tiny_tabulated(), "tiny")


@pytest.fixture(scope="module")
def port(explorer):
    with explore.serve(explorer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def get(port, path, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host or f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


def image(port, **query):
    text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
    status, kind, body = get(port, f"/image?{urllib.parse.urlencode(text)}")
    assert (status, kind) == (200, "image/png"), body
    with Image.open(io.BytesIO(body)) as picture:
        return np.asarray(picture)[..., None], picture.info


def test_a_place_is_what_sample_gives(port):
    found, info = image(port, a={"class": 3, "seed": 5, "truncation": 0.5})
    np.testing.assert_array_equal(found, tiny_tabulated().sample([3], seed=5, truncation=0.5)[0])
    assert json.loads(json.loads(info["jaxgan"])["a"])["seed"] == 5  # to make it again


def test_moves_go_along_the_directions(port, explorer):
    g = explorer.g
    found, _ = image(port, a={"class": 1, "seed": 2, "truncation": 1, "moves": [0, 2.5]})
    z = g.latents([0], 2, 1.0) + 2.5 * explorer.vectors[1]
    np.testing.assert_array_equal(found, to_stored(g.generate(z, np.eye(5)[[1]], 1.0))[0])


def test_between_two_places(port, explorer):
    g = explorer.g
    a, b = {"class": 0, "seed": 1, "truncation": 0.5}, {"class": 4, "seed": 2, "truncation": 1.0}
    ends = [g.latents([0], 1, 0.5)[0], g.latents([0], 2, 1.0)[0]]
    z, mixture = spherical(*ends, [0.25]), 0.75 * np.eye(5)[[0]] + 0.25 * np.eye(5)[[4]]
    found, _ = image(port, a=a, b=b, t="0.25")
    np.testing.assert_array_equal(found, to_stored(g.generate(z, mixture, 0.625))[0])
    np.testing.assert_array_equal(image(port, a=a, b=b, t="0")[0], image(port, a=a)[0])


def test_the_page_and_its_facts(port):
    status, kind, page = get(port, "/")
    assert status == 200 and kind.startswith("text/html") and b"http" not in page
    facts = json.loads(get(port, "/facts")[2])
    assert facts["classes"][2] == "Sneaker" and facts["truncations"] == [0.5, 2.0]
    assert facts["size"] == [8, 8] and facts["directions"] == 6


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "a is missing"),
        ({"a": "{"}, "JSON object"),
        ({"a": "[1]"}, "JSON object"),
        ({"a": {"seed": -1}}, "seed = -1"),
        ({"a": {"seed": 1.5}}, "seed = 1.5"),
        ({"a": {"class": 5}}, "0 to 4"),
        ({"a": {"class": "Sneker"}}, "'Sneaker'"),
        ({"a": {"truncation": 9}}, "up to 4"),
        ({"a": {"truncation": "x"}}, "write a number"),
        ({"a": {"moves": [1] * 7}}, "at most 6"),
        ({"a": {"moves": ["NaN"]}}, "write a number"),
        ({"a": {}, "b": {}, "t": "x"}, "t = 'x'"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(port, query, words):
    text = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
    status, _, body = get(port, f"/image?{urllib.parse.urlencode(text)}")
    assert status == 400 and words in body.decode(), body


def test_other_names_and_other_pages_are_refused(port):
    assert get(port, "/", host=f"evil.example:{port}")[0] == 403
    assert get(port, "/", host=f"127.0.0.1:{port}")[0] == 200
    assert get(port, "/../etc/passwd")[0] == 404


def test_a_port_in_use_is_said(explorer):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"port {number} of 127.0.0.1: .*in use; write"):
            explore.serve(explorer, "127.0.0.1", number)
    with pytest.raises(ValueError, match="write another --port"):
        explore.serve(explorer, "127.0.0.1", 99999)


def test_a_machine_without_a_screen_says_how_to_look(monkeypatch, capsys):
    def stop(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "load_generator", lambda path, config: tiny_tabulated())
    monkeypatch.setattr(server.ThreadingHTTPServer, "serve_forever", stop)
    monkeypatch.setattr(server.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    opened = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(server.sys.stdout, "isatty", lambda: True, raising=False)
    assert explore.explore(Path("g.safetensors"), None, "localhost", 0) == 0
    assert not opened
    port, again = re.search(r"ssh -L (\d+):localhost:(\d+) HOST", capsys.readouterr().out).groups()
    assert port == again != "0"
    monkeypatch.setenv("DISPLAY", ":0")
    explore.explore(Path("g.safetensors"), None, "localhost", 0)
    assert len(opened) == 1 and "ssh" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "place",
    [
        "{",
        "[" * 3000,
        '{"class": [1, 2]}',
        '{"class": {"a": 1}}',
        '{"truncation": 1e999}',
        '{"moves": [1e999]}',
        '{"moves": [[1]]}',
        '{"moves": {"a": 1}}',
        '{"seed": 1e999}',
        '{"seed": null}',
        "null",
        "3",
    ],
)
def test_every_odd_place_gets_an_answer(port, place):
    status, kind, body = get(port, f"/image?{urllib.parse.urlencode({'a': place})}")
    assert status == 400 and kind.startswith("text/plain") and len(body) < 400, body


def test_images_do_not_play(port):
    status, _, body = get(port, f"/played?{urllib.parse.urlencode({'a': '{}'})}")
    assert status == 400 and body == b"these samples do not play: ask for /image"


def test_an_odd_host_gets_an_answer(port):
    status, _, _ = get(port, "/", host="[::1")
    assert status == 400


def post(port, query, body, path="/edit"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        url = f"{path}?{urllib.parse.urlencode(query)}"
        connection.request("POST", url, body, {"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


def strokes(shape=(8, 8), colours=180):
    """Return a PNG of which a part is opaque, of these colours."""
    image = np.zeros((*shape, 4), np.uint8)
    image[2:5, 3:6, :3], image[2:5, 3:6, 3] = colours, 255
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    return file.getvalue()


def test_strokes_edit_a_place(port, explorer):
    """Strokes of the colours of another picture of the generator's."""
    g, place = explorer.g, {"class": 3, "seed": 5, "truncation": 2.0}
    asked = g.sample([3], seed=11, truncation=2.0)[0, 2:5, 3:6]
    query, body = {"a": json.dumps(place)}, strokes(colours=asked)
    status, kind, found = post(port, query, body)
    assert (status, kind) == (200, "image/png"), found
    with Image.open(io.BytesIO(found)) as picture:
        after, made_of = np.asarray(picture)[..., None], json.loads(picture.info["jaxgan"])
    z = np.float32(made_of["latents"])[None]
    np.testing.assert_array_equal(to_stored(g.generate(z, np.array([3]), 2.0))[0], after)
    before = g.sample([3], seed=5, truncation=2.0)[0]
    error = lambda image: np.square(image[2:5, 3:6] - asked.astype(float)).mean()
    assert error(after) < error(before) / 3
    assert json.loads(made_of["a"]) == place
    assert post(port, query, body)[2] == found


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ({}, strokes(), "a is missing"),
        ({"a": "{}"}, strokes((9, 8)), "strokes is 8 x 9, but the generator makes 8 x 8"),
        ({"a": "{}"}, b"", "strokes: empty file"),
        ({"a": "{}"}, b"no picture", "strokes: not an image"),
    ],
)
def test_wrong_strokes_say_what_is_wrong(port, query, body, words):
    status, _, said = post(port, query, body)
    assert status == 400 and words in said.decode(), said


def test_strokes_are_taken_at_one_address(port):
    assert post(port, {"a": "{}"}, strokes(), "/image")[0] == 404
    assert json.loads(get(port, "/facts")[2])["brush"]


@pytest.mark.parametrize("length", [str(1 + (1 << 22)), "many"])
def test_strokes_of_too_many_bytes_are_not_read(port, length):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/edit?a=%7B%7D")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400 and answer.getheader("Connection") == "close"
    assert b"write a PNG of at most 4194304 bytes" in answer.read()
    connection.close()
