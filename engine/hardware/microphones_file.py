"""A recording as a microphone array: a wav file, played in its own time or at once.

Gives blocks in the manner of a live device. A file that ends early gives
SourceTorn once and then ends; it never fails a run that has begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from engine.hardware.decimation import RATE, Decimator, ratio_for
from engine.hardware.wav import WavReader
from engine.ports import AudioBlock, SourceEnded, SourceFailed, SourceTorn

BLOCK = 512
"""Samples to a block at 16 kHz: 32 ms."""


class MicrophonesFile:
    """A wav file whose channels are the microphones of an array, in the array's order.

    With `paced` a block is given when its last sample would have been heard,
    and `t` is on `clock`; otherwise at once, and `t` counts from 0.
    """

    live = False

    def __init__(
        self,
        path: Path,
        channels: int,
        *,
        array_name: str = "the array",
        paced: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = path
        self.channels = channels
        self._array_name = array_name
        self._paced, self._clock, self._sleep = paced, clock, sleep
        self._reader: WavReader | None = None
        self._given = 0
        self._start = 0.0
        self._told_torn = False

    def open(self) -> None:
        """Raises SourceFailed: no wav, the wrong channel count, a rate that does not divide."""
        self.close()
        reader = WavReader(self.path)
        form = reader.format
        ratio = ratio_for(form.rate)
        problem = None
        if form.channels != self.channels:
            problem = (
                f"{self.path}: {form.channels} channels, but {self._array_name} has "
                f"{self.channels} microphones; give the array that recorded it "
                "(microphones.array or --array), or keep only the microphones' channels"
            )
        elif ratio is None:
            problem = (
                f"{self.path}: {form.rate} Hz; convert it with: "
                f"ffmpeg -i {self.path.name} -ar {RATE} out.wav"
            )
        if problem is not None or ratio is None:
            reader.close()
            raise SourceFailed(problem or f"{self.path}: {form.rate} Hz")
        self._reader, self._ratio = reader, ratio
        self._decimator = Decimator(self.channels, ratio)
        self._given, self._told_torn = 0, False
        self._start = self._clock() if self._paced else 0.0

    @property
    def seconds(self) -> float | None:
        """The length that the header promises; None before `open`, or where it does not say."""
        form = self._reader.format if self._reader is not None else None
        return form.frames / form.rate if form is not None and form.frames is not None else None

    def read(self) -> AudioBlock:
        """The next block. Raises SourceTorn once at an early end, then SourceEnded."""
        if self._reader is None:
            raise SourceFailed(f"{self.path}: not open; call open() first")
        samples = self._decimator.process(self._reader.read(BLOCK * self._ratio))
        if samples.shape[1] == 0:
            if self._reader.torn and not self._told_torn:
                self._told_torn = True
                raise SourceTorn(f"{self.path}: ends before its header says")
            raise SourceEnded(f"{self.path}: end")
        t = self._start + self._given / RATE
        self._given += samples.shape[1]
        if self._paced:
            wait = self._start + self._given / RATE - self._clock()
            if wait > 0.0:
                self._sleep(wait)
        return AudioBlock(t, samples)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
