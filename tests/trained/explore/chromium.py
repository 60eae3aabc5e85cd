"""A headless Chromium that tests drive as a person would: by its DevTools pipe, without a port.

Commands go to file descriptor 3 and answers come from 4, JSON with a zero byte after each.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

QUIET = ("background-networking", "component-update", "sync", "quic")  # it shall call nobody
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page. Use `with`."""

    def __init__(self, url: str, profile: Path, size: tuple[int, int] = (1180, 820)):
        command_read, self._commands = os.pipe()
        self._answers, answer_write = os.pipe()
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        arguments += [f"--disable-{name}" for name in QUIET] + ["--no-first-run"]
        arguments += ["--remote-debugging-pipe", f"--user-data-dir={profile}"]
        arguments += [f"--window-size={size[0]},{size[1]}", "about:blank"]
        # A shell moves the pipe's ends to 3 and 4: a fork of this process would not do beside JAX.
        ends = command_read, answer_write
        move = 'exec "$0" "$@" 3</dev/fd/{} 4>/dev/fd/{}'.format(*ends)
        self._process = subprocess.Popen(
            ["sh", "-c", move, executable(), *arguments],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command_read)
        os.close(answer_write)
        self._buffer, self._count, self._session = b"", 0, None
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        answer = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = answer["sessionId"]
        self.call("Page.navigate", url=url)
        self.wait_for("location.href != 'about:blank' && document.readyState == 'complete'")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def call(self, method: str, **params: Any) -> dict:
        """Send a DevTools command and return its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                self._buffer += os.read(self._answers, 1 << 16) or _gone()
            text, _, self._buffer = self._buffer.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float = 120) -> Any:
        """Return the expression's value once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.evaluate(script):
                return value
            time.sleep(0.05)
        raise TimeoutError(script)

    def screenshot(self, path: Path) -> None:
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))


def _gone() -> bytes:
    raise RuntimeError("the browser has gone")
