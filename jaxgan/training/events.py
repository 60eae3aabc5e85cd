"""Event files for TensorBoard, without TensorFlow and PyTorch."""

import importlib
import sys
import time
from pathlib import Path
from typing import Any

# Where PyTorch is installed tensorboardX imports it, seconds and 200 MB for the name of a type. A
# module that is None is one that cannot be imported.
_torch = {name: m for name, m in sys.modules.items() if name == "torch"}
_nothing: Any = None  # which typeshed has no place for
sys.modules["torch"] = _nothing
try:
    summary = importlib.import_module("tensorboardX.summary")
    EventsWriter = importlib.import_module("tensorboardX.event_file_writer").EventsWriter
    protocol = importlib.import_module("tensorboardX.proto.event_pb2")
finally:
    del sys.modules["torch"]
    sys.modules |= _torch


class EventFile:
    """Appends numbers to an event file of its own in `folder`.

    Not tensorboardX's SummaryWriter: when the disk is full its thread dies, and the next write
    never ends. Here it raises OSError.
    """

    def __init__(self, folder: Path, first_step: int):
        self._writer = EventsWriter(str(folder / "events"), f".{time.time_ns()}")
        start = protocol.SessionLog.START  # hides what other files say of later steps
        self._add(first_step + 1, session_log=protocol.SessionLog(status=start))

    def write(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._add(step, summary=summary.scalar(name, value))
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        self._writer.write_event(protocol.Event(wall_time=time.time(), step=step, **content))
