"""Arrays to pictures: grids with captions, PNG, GIF and, if PyAV is installed, MP4."""

import importlib.util
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jaxgan.files.atomic import replacing, write_bytes
from jaxgan.media.pixels import shown

LEAST_CELL = 64  # pixels: smaller images are enlarged in sheets and walks
SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
BACKGROUND, INK = 255, (60, 60, 60)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Lay [n, h, w, c] out row by row: [rows * h, columns * w, c]; n a multiple of columns."""
    n, h, w, c = images.shape
    rows = images.reshape(n // columns, columns, h, w, c)
    return rows.transpose(0, 2, 1, 3, 4).reshape(n // columns * h, columns * w, c)


def picture(image: np.ndarray) -> Image.Image:
    """Return [h, w, c] uint8 as a gray, gray and alpha, RGB or RGBA picture; of more than four
    channels the first is shown. One channel may also be uint16."""
    return Image.fromarray(image if image.shape[-1] in (2, 3, 4) else image[..., 0])


def in_colour(images: np.ndarray) -> np.ndarray:
    """Return stored images [n, h, w, c] as RGB, [n, h, w, 3] uint8. Gray is repeated; of more than
    four channels the first is shown."""
    return np.stack([np.asarray(picture(image).convert("RGB")) for image in shown(images)])


def enlarge(images: np.ndarray, least: int = LEAST_CELL) -> np.ndarray:
    """Repeat the pixels of [n, h, w, c] until the shorter side is `least` or more."""
    times = -(-least // min(images.shape[1:3]))
    return images.repeat(times, axis=1).repeat(times, axis=2)


def captioned(
    images: np.ndarray, columns: int, captions: Sequence[str], headings: Sequence[str] = ()
) -> Image.Image:
    """Return a grid of [n, h, w, c] uint8 with a caption to the left of each row, on white.

    headings: short words above the columns.
    """
    images = enlarge(images)
    (height, width), gap = images.shape[1:3], 12
    top = 2 * gap + 4 if headings else gap
    font = ImageFont.load_default(size=15)
    captions = [shortened(caption) for caption in captions]
    margin = round(max((font.getlength(c) for c in captions), default=0)) + 2 * gap
    sheet = picture(grid(images, columns)).convert("RGB")
    size = (sheet.width + margin + gap, sheet.height + top + gap)
    page = Image.new("RGB", size, (BACKGROUND,) * 3)
    page.paste(sheet, (margin, top))
    draw = ImageDraw.Draw(page)
    for row, caption in enumerate(captions):
        draw.text((margin - gap, top + (row + 0.5) * height), caption, INK, font, anchor="rm")
    for column, heading in enumerate(headings):
        draw.text((margin + (column + 0.5) * width, top - 4), heading, INK, font, anchor="mb")
    return page


def shortened(text: str, most: int = 28) -> str:
    """Return the text, cut to at most `most` characters (ImageNet's names are long)."""
    return text if len(text) <= most else text[: most - 3] + "..."


def encoded(image: np.ndarray | Image.Image, suffix: str = ".png") -> bytes:
    """Return the file of a picture: PNG, or JPEG at quality 95, which drops alpha."""
    file = BytesIO()
    image = picture(image) if isinstance(image, np.ndarray) else image
    if SUFFIXES[suffix.lower()] == "jpeg":
        image.convert("L" if image.mode in ("L", "LA") else "RGB").save(file, "jpeg", quality=95)
    else:
        image.save(file, "png")
    return file.getvalue()


def save_picture(path: Path, image: np.ndarray | Image.Image) -> None:
    """Write a picture atomically, in the format of the name's suffix."""
    refuse_suffix(path)
    write_bytes(path, encoded(image, path.suffix))


def refuse_suffix(path: Path, field: str = "--output") -> None:
    """Raise ValueError for a name whose suffix is not a picture format."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{field}={path}: a picture; write a name that ends in .png or .jpg")


def refuse_film(path: Path) -> None:
    """Raise ValueError for a name whose suffix is not a film format, or an .mp4 without PyAV."""
    if path.suffix not in (".gif", ".mp4"):
        raise ValueError(f"--output={path}: a walk is a film; write a .gif or .mp4")
    if path.suffix == ".mp4" and importlib.util.find_spec("av") is None:
        raise ValueError(f"--output={path} needs PyAV: pip install av, or write a .gif")


def save_film(path: Path, frames: np.ndarray, rate: int = 20) -> None:
    """Write [n, h, w, c] uint8 as a film: .gif, or .mp4 (H.264).

    rate: frames per second. Raises ValueError for another suffix, or an .mp4 without PyAV.
    """
    refuse_film(path)
    frames = enlarge(frames)
    if path.suffix == ".gif":
        write_bytes(path, _gif(frames, rate))
    else:
        _save_mp4(path, frames, rate)


def gif_bytes(frames: np.ndarray, rate: int = 20) -> bytes:
    """Return [n, h, w, c] uint8 as a GIF; small frames are enlarged."""
    return _gif(enlarge(frames), rate)


def _gif(frames: np.ndarray, rate: int) -> bytes:
    first, *rest = (picture(frame) for frame in frames)
    file = BytesIO()
    duration = 10 * round(100 / rate)  # GIF counts hundredths of a second
    first.save(file, "gif", save_all=True, append_images=rest, duration=duration, loop=0)
    return file.getvalue()


def _save_mp4(path: Path, frames: np.ndarray, rate: int) -> None:
    import av

    height, width = (side // 2 * 2 for side in frames.shape[1:3])  # yuv420p wants even sides
    options = {"movflags": "faststart"}  # plays in a browser while it loads
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options=options) as film,
    ):
        stream = film.add_stream("libx264", rate=rate, options={"crf": "17"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames[:, :height, :width]:
            film.mux(stream.encode(av.VideoFrame.from_image(picture(frame).convert("RGB"))))
        film.mux(stream.encode(None))
