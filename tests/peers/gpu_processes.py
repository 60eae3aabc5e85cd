"""Sides and checks of benchmark_gpu.py, each in a process of its own."""

import multiprocessing
import time

import jax

from jaxgan.devices import compiler
from tests.peers.gpu_checks import TINY_CLASSES, check, digest
from tests.peers.gpu_side import Jaxgan, config_of

CLASSES = 1000
CALLS = {"check": check, "digest": digest}


def failure(error: Exception) -> str:
    """Return in a line why a side has no numbers."""
    text = " ".join(str(error).split())
    is_memory = "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower()
    return "out of memory" if is_memory else f"{type(error).__name__}: {text[:200]}"


def serve(connection, tiny: bool, what: str, *arguments) -> None:
    """Answer (function, arguments) with ("found", value) or ("failed", why), until there is none.

    what: one of CALLS, to be called once, with arguments; or "jaxgan" or a variant of PyTorch, a
      side whose arguments are the name of a config and a batch.
    """
    began = time.perf_counter()
    try:
        if tiny:
            jax.config.update("jax_platforms", "cpu")
        compiler.reserve_gpu_memory(all_at_once=False)
        if what in CALLS:
            connection.send(("found", CALLS[what](tiny, *arguments)))
            return
        compiler.enable_persistent_cache()
        kind = Jaxgan
        if what != "jaxgan":
            from tests.peers.fast import PyTorch as kind
        name, batch = arguments
        config, classes = config_of(name, batch, tiny), TINY_CLASSES if tiny else CLASSES
        side = kind(config, batch, classes, what, "cpu" if tiny else "cuda")
        connection.send(("found", (side.counts, time.perf_counter() - began)))
        while request := connection.recv():
            name, *inputs = request
            connection.send(("found", getattr(side, name)(*inputs)))
    except Exception as error:
        connection.send(("failed", failure(error)))


def once(tiny: bool, seconds: float, function: str, *arguments):
    """Return what a function finds in a process of its own, None if nothing."""
    peer = Peer(tiny, function, *arguments)
    found = peer.answer(seconds)
    peer.end()
    return found


class Peer:
    """A process that serves; `why` says what became of it once it has failed."""

    def __init__(self, tiny: bool, what: str, *arguments):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.why = ""
        inputs = (theirs, tiny, what, *arguments)
        self.process = context.Process(target=serve, args=inputs, daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, *request):
        self.connection.send(request)

    def answer(self, seconds: float):
        """Return what it found within these seconds, or None, with the reason in `why`."""
        try:
            if not self.connection.poll(max(seconds, 0)):
                self.why = "no answer in time"
            else:
                kind, value = self.connection.recv()
                if kind == "found":
                    return value
                self.why = value
        except EOFError:
            self.why = "its process ended"
        self.end()
        return None

    def end(self) -> None:
        self.process.kill()
        self.process.join()
