"""Wav files, block by block: PCM of 8 to 32 bits and floats, also when torn.

The standard library's reader knows neither floats nor, before Python 3.12,
the extensible format that multichannel recorders write. Reads only as much as
it is asked for. Knows nothing of arrays.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from engine.ports import Samples, SourceFailed

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = {0, 0x7FFFFFFF, 0xFFFFFFFF}
"""What recorders write into a pipe, where they cannot go back to fill in the length."""
_MAX_CHANNELS = 64
_SUPPORTED = {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}


@dataclass(frozen=True, slots=True)
class WavFormat:
    """`frames` is what the header promises, None where it does not say."""

    channels: int
    rate: int
    bits: int
    is_float: bool
    frames: int | None

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


class WavReader:
    """An open wav file. `torn` tells after the end whether it ended before its header says."""

    def __init__(self, path: Path) -> None:
        """Raises SourceFailed where the file is missing or no wav that can be read."""
        self.path = path
        self.torn = False
        self._given = 0
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise SourceFailed(f"{path}: {error.strerror or error}; check the path") from error
        try:
            self.format = _read_header(self._file, path)
        except BaseException:
            self._file.close()
            raise

    def read(self, frames: int) -> Samples:
        """The next frames, (channels, up to `frames`) float32 in [-1, 1]; none at the end."""
        form = self.format
        if form.frames is not None:
            frames = min(frames, form.frames - self._given)
        try:
            data = self._file.read(max(0, frames) * form.frame_bytes)
        except OSError:
            data = b""
        whole = len(data) // form.frame_bytes
        short = form.frames is not None and whole < frames
        if short or len(data) % form.frame_bytes:
            self.torn = True
        self._given += whole
        return _decode(data[: whole * form.frame_bytes], form)

    def close(self) -> None:
        self._file.close()


def _read_header(file: BinaryIO, path: Path) -> WavFormat:
    riff = file.read(12)
    if len(riff) < 12 or riff[:4] not in (b"RIFF", b"RF64") or riff[8:] != b"WAVE":
        raise SourceFailed(f"{path}: not a wav file; convert it with: ffmpeg -i FILE out.wav")
    form: tuple[int, int, int, int] | None = None
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise SourceFailed(f"{path}: a wav file without sound in it; record it anew")
        kind, size = head[:4], struct.unpack("<I", head[4:])[0]
        if kind == b"data":
            break
        if kind == b"fmt ":
            form = _parse_format(file.read(size), path)
        else:
            file.seek(size, 1)
        if size % 2:
            file.seek(1, 1)  # chunks are padded to even lengths
    if form is None:
        raise SourceFailed(f"{path}: a wav file without a format; record it anew")
    tag, channels, rate, bits = form
    unknown = size in _UNKNOWN_SIZES or riff[:4] == b"RF64"
    frames = None if unknown else size // (channels * bits // 8)
    return WavFormat(channels, rate, bits, tag == _FLOAT, frames)


def _parse_format(data: bytes, path: Path) -> tuple[int, int, int, int]:
    if len(data) < 16:
        raise SourceFailed(f"{path}: its wav header is damaged; record it anew")
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", data[:16])
    if tag == _EXTENSIBLE and len(data) >= 26:
        tag = struct.unpack("<H", data[24:26])[0]
    if (tag, bits) not in _SUPPORTED:
        raise SourceFailed(
            f"{path}: wav format {tag} with {bits} bits is not supported; convert it with: "
            "ffmpeg -i FILE -c:a pcm_s16le out.wav"
        )
    if not 1 <= channels <= _MAX_CHANNELS or not 1000 <= rate <= 768_000:
        raise SourceFailed(f"{path}: its wav header is damaged; record it anew")
    return tag, channels, rate, bits


def _decode(data: bytes, form: WavFormat) -> Samples:
    if form.is_float:
        flat = np.frombuffer(data, "<f4" if form.bits == 32 else "<f8").astype(np.float32)
    elif form.bits == 8:  # the only unsigned one
        flat = (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    elif form.bits == 24:
        low, middle, high = np.frombuffer(data, np.uint8).reshape(-1, 3).T.astype(np.int32)
        value = low | middle << 8 | high << 16
        flat = (value - ((value & 0x800000) << 1)).astype(np.float32) / 8388608.0
    else:
        scale = 2.0 ** (form.bits - 1)
        flat = (np.frombuffer(data, f"<i{form.bits // 8}") / scale).astype(np.float32)
    return np.ascontiguousarray(flat.reshape(-1, form.channels).T, dtype=np.float32)
