import numpy as np

class _SoundFileInfo:
    samplerate: int
    channels: int
    frames: int

def info(file: str, verbose: bool = ...) -> _SoundFileInfo: ...
def read(file: str, *, dtype: str = ..., always_2d: bool = ...) -> tuple[np.ndarray, int]: ...
