# What jaxgan uses of PyAV, which need not be installed.
from types import TracebackType
from typing import Self

from PIL import Image

class Packet: ...

class VideoFrame:
    @staticmethod
    def from_image(image: Image.Image) -> VideoFrame: ...

class VideoStream:
    width: int
    height: int
    pix_fmt: str
    def encode(self, frame: VideoFrame | None) -> list[Packet]: ...

class Output:
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def add_stream(self, codec: str, *, rate: int, options: dict[str, str]) -> VideoStream: ...
    def mux(self, packets: list[Packet]) -> None: ...

def open(file: str, mode: str, *, format: str, options: dict[str, str]) -> Output: ...
