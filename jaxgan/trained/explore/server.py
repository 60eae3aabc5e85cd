"""A page that varies a generator's inputs, and the server behind it; by default for this machine
only.

    GET /                        the page (page.py)
    GET /facts                   JSON: classes, truncation, directions
    GET /image?a=JSON[&b=JSON&t=0.5]    PNG of a place, or of a point between two places
    GET /played?a=JSON[&b=JSON&t=0.5]   the same as a file that plays it, for media that have one
    POST /edit?a=JSON            PNG of a place, edited (trained/edit.py) by the strokes in the
                                 request's body: a PNG of the picture's size, opaque where it is
                                 painted

A place is {"class": 3, "seed": 0, "truncation": 0.5, "moves": [0, 1.5, ...]}: the class, latents
number 0 of the seed, and moves along the directions. Between two places, latents are interpolated
on the arc, classes and truncations linearly. The PNG holds its places as text, so a picture can be
made again; an edited one also holds its latents.
"""

import json
import math
import os
import sys
import threading
import traceback
import urllib.parse
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict
from PIL import PngImagePlugin

from jaxgan.media.pictures import picture
from jaxgan.trained import directions
from jaxgan.trained.descent import Descent
from jaxgan.trained.edit import edit
from jaxgan.trained.explore.page import PAGE
from jaxgan.trained.generator import TrainedGenerator
from jaxgan.trained.load import load_generator
from jaxgan.trained.sample.paths import spherical
from jaxgan.trained.strokes import can_be_painted, read_strokes
from jaxgan.trained.truncations import allowed

TRUNCATIONS = (0.0, 0.2, 0.5, 1.0, 1.5, 2.0)  # tabulated for a run; others are interpolated
DIRECTIONS, REACH = 6, 6.0
# How a page plays a file, and its content type.
KINDS = {".wav": ("audio", "audio/wav"), ".gif": ("img", "image/gif")}
STARTS, STEPS = 8, 50  # of an edit, few because somebody is waiting
MOST_BYTES = 1 << 22  # of a PNG with strokes
LOCAL = ("127.0.0.1", "localhost", "::1")


NO_PAGE = 404, "text/plain", b"no such page"


class Place(NamedTuple):
    """Inputs of the generator: latents [latent_dim], class weights [num_classes], truncation."""

    latents: np.ndarray
    mixture: np.ndarray
    truncation: float


class Explorer:
    """A generator, its directions, and a lock: pictures are made one at a time."""

    def __init__(self, g: TrainedGenerator, name: str, path: str = ""):
        self.g, self.name, self.path, self._lock = g, name, path or name, threading.Lock()
        try:
            found = directions.factorised(g, min(DIRECTIONS, g.latent_dim))
        except ValueError:  # a network that is not affine in its latents
            found = directions.principal(g, min(DIRECTIONS, g.latent_dim))
        self.vectors = found.vectors
        self._descent = Descent(g)
        self.png({"a": json.dumps({"class": 0, "seed": 0})})  # compiles

    def facts(self) -> dict[str, Any]:
        """Return what the page needs to know."""
        g = self.g
        known = [t for t in g.truncations or () if t]
        shown = g.medium.pictures(np.zeros((1, *g.stored.shape), g.stored.dtype))
        return {
            "name": self.name,
            "path": self.path,
            "classes": list(g.class_names),
            "size": list(shown.shape[1:3]),
            "brush": can_be_painted(g),
            "played": KINDS[g.medium.reel.suffix][0] if g.medium.reel else "",
            "step": g.step,
            "truncations": [min(known), max(known)] if known else [],
            "directions": len(self.vectors),
            "reach": REACH,
        }

    def png(self, query: dict[str, str]) -> bytes:
        """Return the picture that a query asks for; ValueError, saying what is wrong, for a bad
        query."""
        return self._png(self.sample(query), query)

    def edited(self, query: dict[str, str], strokes: bytes) -> bytes:
        """Return the picture of a place, edited by the strokes in a PNG, near that place."""
        if not can_be_painted(self.g):
            raise ValueError("these samples are not images that can be painted on")
        place = self._place(query, "a")
        painted = read_strokes(self.g, strokes, "the picture of strokes")
        with self._lock:
            found = edit(
                self.g,
                painted,
                label=int(place.mixture.argmax()) if self.g.takes_class else None,
                start=place.latents,
                starts=STARTS,
                steps=STEPS,
                truncation=place.truncation,
                descent=self._descent,
            )
        stored = self.g.medium.to_stored(found.images[1:])
        return self._png(stored, {**query, "latents": found.latents.tolist()})

    def _png(self, stored: np.ndarray, made_of: dict[str, Any]) -> bytes:
        text, file = PngImagePlugin.PngInfo(), BytesIO()
        text.add_text("jaxgan", json.dumps(made_of))
        picture(self.g.medium.pictures(stored)[0]).save(file, "png", pnginfo=text)
        return file.getvalue()

    def played(self, query: dict[str, str]) -> tuple[str, bytes]:
        """Return the content type and the bytes of a file that plays what a query asks for."""
        reel = self.g.medium.reel
        if reel is None:
            raise ValueError("these samples do not play: ask for /image")
        return KINDS[reel.suffix][1], reel.encode(self.sample(query), 1)

    def sample(self, query: dict[str, str]) -> np.ndarray:
        """Return what a query asks for, as stored: [1, ...]."""
        place = self._place(query, "a")
        if "b" in query:
            place = self.between(place, self.place(query["b"]), _number("t", query.get("t", "0.5")))
        with self._lock:
            images = self.g.generate(place.latents[None], place.mixture[None], place.truncation)
        return self.g.medium.to_stored(images)

    def _place(self, query: dict[str, str], name: str) -> Place:
        if name not in query:
            raise ValueError(f"{name} is missing: write a place")
        return self.place(query[name])

    def place(self, text: str) -> Place:
        """Return the latents, class weights and truncation of a place in JSON."""
        try:
            given = json.loads(text)
            seed, moves = given.get("seed", 0), given.get("moves", [])
            label, truncation = given.get("class", 0), given.get("truncation", 0.0)
            if type(seed) is not int or not 0 <= seed < 2**31:
                raise ValueError(f"seed = {seed!r}: write a whole number from 0")
            if type(moves) is not list or len(moves) > len(self.vectors):
                raise ValueError(f"moves: write at most {len(self.vectors)} numbers")
            moves = np.array([_number("moves", m) for m in moves], np.float32)
            t = self.g.truncation(_number("truncation", truncation))
            if type(label) not in (int, str):
                raise ValueError(f"class = {label!r}: write a name or a number")
        except (AttributeError, RecursionError, json.JSONDecodeError) as error:
            raise ValueError(f"a place is a JSON object such as {{'seed': 0}}: {error}") from None
        z = self.g.latents([0], seed, t)[0] + moves @ self.vectors[: len(moves)]
        mixture = np.zeros(max(len(self.g.class_names), 1), np.float32)
        mixture[self.g.class_id(label)] = 1
        return Place(z.astype(np.float32), mixture, t)

    def between(self, a: Place, b: Place, t: float) -> Place:
        """Return the place at a share t of the way from a to b."""
        t = min(max(t, 0.0), 1.0)
        truncation = (
            (1 - t) * a.truncation + t * b.truncation if a.truncation and b.truncation else 0
        )
        mixture = ((1 - t) * a.mixture + t * b.mixture).astype(np.float32)
        return Place(spherical(a.latents, b.latents, np.array([t]))[0], mixture, truncation)


def _number(name: str, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{name} = {value!r}: write a number")
    return found


def handler(explorer: Explorer, names: tuple[str, ...]) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers requests. names: hosts that requests may address; () for
    any."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer_with(self._get)

        def do_POST(self) -> None:
            self._answer_with(self._post)

        def _answer_with(self, make: Callable[[str, dict[str, str]], tuple[int, str, bytes]]):
            try:
                code, kind, body = self._answer(make)
            except ValueError as error:
                code, kind, body = 400, "text/plain; charset=utf-8", str(error).encode()
            except Exception:  # the client gets an answer, the terminal the traceback
                traceback.print_exc()
                code, kind, body = 500, "text/plain", b"an internal error: see the terminal"
            self._send(code, kind, body)

        def _answer(self, make: Callable) -> tuple[int, str, bytes]:
            """Return status, content type and body; ValueError for a bad query."""
            # Refuses DNS rebinding: a foreign page could point its own host name at this machine.
            host = urllib.parse.urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if names and host not in names:
                return 403, "text/plain", f"{host} is not this server".encode()
            url = urllib.parse.urlsplit(self.path)
            return make(url.path, dict(urllib.parse.parse_qsl(url.query)))

        def _get(self, path: str, query: dict[str, str]) -> tuple[int, str, bytes]:
            if path == "/":
                return 200, "text/html; charset=utf-8", PAGE.encode()
            if path == "/facts":
                return 200, "application/json", json.dumps(explorer.facts()).encode()
            if path == "/image":
                return 200, "image/png", explorer.png(query)
            if path == "/played":
                return 200, *explorer.played(query)
            return NO_PAGE

        def _post(self, path: str, query: dict[str, str]) -> tuple[int, str, bytes]:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                self.close_connection = True  # the body stays unread
                raise ValueError(f"strokes: write a PNG of at most {MOST_BYTES} bytes")
            body = self.rfile.read(int(length))
            return (200, "image/png", explorer.edited(query, body)) if path == "/edit" else NO_PAGE

        def _send(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing: a line per move of a slider is noise."""

    return Handler


def serve(explorer: Explorer, host: str, port: int) -> ThreadingHTTPServer:
    """Return a listening server. Raises ValueError if the port or host is not available."""
    names = LOCAL if host in LOCAL else ()  # if opened to others, they may use any name
    try:
        server = ThreadingHTTPServer((host, port), handler(explorer, names))
    except (OSError, OverflowError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(
            f"port {port} of {host}: {what}; write another --port or --host"
        ) from error
    server.daemon_threads = True
    return server


def has_screen() -> bool:
    """Return whether a browser could open here."""
    own = sys.platform in ("darwin", "win32")
    return own or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def explore(model: Path, config: ConfigDict | None, host: str, port: int) -> int:
    """Serve the page of a generator until Ctrl-C; return the exit code."""
    g = load_generator(model, config)
    if g.truncations is None:
        print("computing standing statistics ...", flush=True)
        g = g.tabulated(allowed(TRUNCATIONS, g.config))
    with serve(Explorer(g, model.stem or str(model), str(model)), host, port) as server:
        url = f"http://{'localhost' if host in LOCAL else host}:{server.server_port}/"
        print(f"{url}  (Ctrl-C to stop)", flush=True)
        if not has_screen():
            port = server.server_port
            line = f"no screen here: on yours, ssh -L {port}:localhost:{port} HOST, then {url}"
            print(line, flush=True)
        elif sys.stdout.isatty():
            webbrowser.open(url)
        try:
            server.serve_forever()
        except KeyboardInterrupt as stop:
            if sys.stdout.isatty():
                print()  # after the terminal's ^C
            return getattr(stop, "exit_code", 0)
    return 0
