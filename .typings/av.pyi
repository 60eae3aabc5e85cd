# What jaxgan uses of PyAV, which need not be installed.
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, Self, overload

import numpy as np
from PIL import Image

class Packet:
    size: int

class VideoFormat:
    name: str

class VideoFrame:
    format: VideoFormat
    rotation: int
    def to_ndarray(self, format: str) -> np.ndarray: ...
    @staticmethod
    def from_image(image: Image.Image) -> VideoFrame: ...

class VideoStream:
    width: int
    height: int
    pix_fmt: str
    def encode(self, frame: VideoFrame | None) -> list[Packet]: ...

class Container:
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

class Input(Container):
    def demux(self, *, video: int) -> Iterator[Packet]: ...
    def decode(self, *, video: int) -> Iterator[VideoFrame]: ...

class Output(Container):
    def add_stream(self, codec: str, *, rate: int, options: dict[str, str]) -> VideoStream: ...
    def mux(self, packets: list[Packet]) -> None: ...

@overload
def open(file: str, mode: Literal["r"]) -> Input: ...
@overload
def open(file: str, mode: Literal["w"], *, format: str, options: dict[str, str]) -> Output: ...
