"""Event files for TensorBoard, without TensorFlow or PyTorch."""

import importlib
import sys
import time
from pathlib import Path
from typing import Any

# If PyTorch is installed, tensorboardX imports it: seconds and 200 MB for the name of a type. A
# module that is None in sys.modules cannot be imported.
_torch = {name: m for name, m in sys.modules.items() if name == "torch"}
_nothing: Any = None  # typeshed does not allow None there
sys.modules["torch"] = _nothing
try:
    summary = importlib.import_module("tensorboardX.summary")
    EventsWriter = importlib.import_module("tensorboardX.event_file_writer").EventsWriter
    protocol = importlib.import_module("tensorboardX.proto.event_pb2")
finally:
    del sys.modules["torch"]
    sys.modules |= _torch


class EventFile:
    """Appends numbers to a new event file in `folder`.

    Not tensorboardX's SummaryWriter: when the disk is full, its thread dies and the next write
    blocks forever. Here it raises OSError.
    """

    def __init__(self, folder: Path, first_step: int):
        self._writer = EventsWriter(str(folder / "events"), f".{time.time_ns()}")
        start = protocol.SessionLog.START  # hides later steps in other files
        self._add(first_step + 1, session_log=protocol.SessionLog(status=start))

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append a step's numbers and flush them."""
        for name, value in values.items():
            self._add(step, summary=summary.scalar(name, value))
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        self._writer.write_event(protocol.Event(wall_time=time.time(), step=step, **content))
