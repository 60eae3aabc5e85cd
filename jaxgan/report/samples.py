"""Sample sheets of a run over time, small enough to embed: a few steps, unchanged or as JPEG."""

import base64
import io
from pathlib import Path

from PIL import Image

from jaxgan.files import desk

MOST_SHEETS = 24
SIDE = 960  # pixels: larger sheets are scaled down if they take too many bytes


def embedded(sheets: dict[int, Path], budget: int) -> dict[int, str]:
    """Return {step: data URI} of some sheets, evenly spaced and including the last.

    budget: bytes for all of them together. To keep it, fewer or smaller ones are returned, or none.
    """
    steps = spread(sorted(sheets), MOST_SHEETS)
    for step in steps:
        desk.fetch(sheets[step])
    if sum(sheets[step].stat().st_size for step in steps) * 4 / 3 + 100 * len(steps) <= budget:
        return {step: uri(sheets[step].read_bytes(), "png") for step in steps}
    smaller = {step: uri(jpeg(sheets[step]), "jpeg") for step in steps}
    for most in (MOST_SHEETS, 12, 6, 3, 1):
        chosen = {step: smaller[step] for step in spread(steps, most)}
        if sum(map(len, chosen.values())) <= budget:
            return chosen
    return {}


def picture(path: Path, budget: int) -> str:
    """Return the data URI of one picture; "" if it cannot be made small enough."""
    return next(iter(embedded({0: path}, budget).values()), "")


def reel(path: Path, budget: int) -> str:
    """Return the data URI of a sound or a film; "" if it is too large."""
    if path.stat().st_size * 4 / 3 > budget:
        return ""
    kind = {".wav": "audio/wav", ".gif": "image/gif"}[path.suffix]
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def spread(steps: list[int], most: int) -> list[int]:
    """Return at most `most` of the steps, evenly spaced by index and including the last."""
    n = len(steps)
    if n <= most:
        return steps
    if most == 1:
        return steps[-1:]
    return [steps[round(i * (n - 1) / (most - 1))] for i in range(most)]


def jpeg(path: Path) -> bytes:
    with Image.open(path) as sheet:
        sheet = sheet.convert("L" if sheet.mode == "L" else "RGB")
        sheet.thumbnail((SIDE, SIDE))
        file = io.BytesIO()
        sheet.save(file, "jpeg", quality=80)
    return file.getvalue()


def uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
