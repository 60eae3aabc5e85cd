"""What `prepare` does to every image: decode, crop, resize, encode."""

import dataclasses
from pathlib import Path

import numpy as np

from jaxgan.data.prepare.folders import Payload
from jaxgan.data.prepare.write import ImageFormat
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import WHITE, BadImageError, is_plain_jpeg, read_picture
from jaxgan.media.resize import fit


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How every image is converted to one format; see `prepare.prepare` for the fields."""

    image_format: ImageFormat
    crop: str = "center"
    resize: str = "area"
    background: tuple[int, int, int] = WHITE

    def encode(self, payload: Payload) -> bytes | BadImageError:
        """Return the image as stored, or why it is rejected.

        Raises MemoryError or OSError at a limit of the machine, which is not the image's fault.
        """
        shape, bits = self.image_format.shape, 16 if self.image_format.dtype == "uint16" else 8
        try:
            if isinstance(payload, Exception):
                return payload
            if isinstance(payload, np.ndarray):
                image, alpha = payload, False
            else:
                image = read_picture(payload, shape[-1], bits, self.background)
                alpha = shape[-1] in (2, 4)
                if self.image_format.encoding == "jpeg" and is_plain_jpeg(payload, shape):
                    return payload.read_bytes() if isinstance(payload, Path) else payload
            if len(shape) == 3:
                image = fit(image, shape[:2], self.crop, self.resize, alpha)
            return self.image_format.encode(image)
        except BadImageError as error:
            return error
        except OSError as error:  # the file is gone, or may not be read
            limits.pass_on(error)
            return BadImageError(one_line(error))
