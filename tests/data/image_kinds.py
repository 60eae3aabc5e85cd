"""Images for the tests: random ones, and one file of every kind, good and bad."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from jaxgan.data.records import open_records
from jaxgan.media.decode import decode_record


def random_images(shape, dtype=np.uint8, seed=0):
    top = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, top, shape, dtype, endpoint=True)


def encoded(image, kind="png", **options):
    out = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(out, kind, **options)
    return out.getvalue()


def bomb() -> bytes:
    """A valid PNG header that promises 60,000 x 60,000 pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def stored_images(directory):
    """Return all images of a data set, in their order."""
    records = open_records(directory)
    pairs = records.read(range(len(records)))
    return np.stack([decode_record(data, records.features) for data, _ in pairs])


RED, GREEN, CLEAR = (255, 0, 0), (0, 255, 0), (0, 0, 255, 0)
GOOD = ["alpha", "animated", "bilevel", "cmyk", "exif", "gray16", "gray_alpha", "jpeg"]
GOOD += ["palette", "palette_clear", "rgb", "webp"]
BAD = ["bomb", "empty", "float_tiff", "random", "text", "truncated", "truncated_jpeg"]


def messy_files() -> dict[str, bytes]:
    """Return {name: bytes}: each good one is 8 x 8 pixels, red in the left half, green right."""
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[:, :4], rgb[:, 4:] = RED, GREEN
    picture = Image.fromarray(rgb)
    clear = picture.convert("RGBA")
    clear.putpixel((0, 0), CLEAR)
    palette = picture.quantize(4)
    palette_clear = clear.quantize(4, method=Image.Quantize.FASTOCTREE)
    smooth = Image.fromarray(random_images((64, 64, 3)))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned to the left: shown, it is turned right
    gray = np.where(np.arange(8) < 4, 1000, 60000).astype(np.uint16) + np.zeros((8, 1), np.uint16)
    files = {
        "alpha.png": encoded(clear),
        "animated.gif": encoded(
            picture, "gif", save_all=True, append_images=[smooth.resize((8, 8))]
        ),
        "bilevel.png": encoded(Image.fromarray((gray > 9000).astype(np.uint8) * 255).convert("1")),
        "cmyk.jpg": encoded(picture.convert("CMYK"), "jpeg", quality=100, subsampling=0),
        "exif.jpg": encoded(
            picture.transpose(Image.Transpose.ROTATE_90),
            "jpeg",
            quality=100,
            subsampling=0,
            exif=exif,
        ),
        "gray16.png": encoded(gray),
        "gray_alpha.png": encoded(picture.convert("LA")),
        "jpeg.JPG": encoded(picture, "jpeg", quality=100, subsampling=0),
        "palette.png": encoded(palette),
        "palette_clear.png": encoded(palette_clear),
        "rgb.png": encoded(picture),
        "webp.webp": encoded(picture, "webp", lossless=True),
    }
    jpeg = encoded(smooth, "jpeg")
    png = encoded(smooth)
    return files | {
        "bomb.png": bomb(),
        "empty.png": b"",
        "float_tiff.tif": encoded(np.ones((8, 8), np.float32), "tiff"),
        "random.png": random_images(500).tobytes(),
        "text.jpg": b"not an image at all\n" * 9,
        "truncated.png": png[: len(png) // 2],
        "truncated_jpeg.jpg": jpeg[: len(jpeg) // 2],
    }
