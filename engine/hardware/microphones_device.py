"""A live microphone array by way of PortAudio (the `sounddevice` package).

PortAudio's own thread fills a short queue; `read` takes from it. A full queue
or an overrun of the driver is counted and told once as SourceTorn; a device
that falls silent on the wire is lost, and the loop opens it again.
"""

from __future__ import annotations

import contextlib
import importlib
import queue
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.hardware import portaudio
from engine.hardware.decimation import RATE, Decimator
from engine.hardware.sample_clock import SampleClock
from engine.ports import AudioBlock, Samples, SourceFailed, SourceTorn

BLOCK_SECONDS = 0.032
LOST_AFTER = 1.5
"""Seconds without a block after which the device counts as gone."""
_QUEUE = 64


class MicrophonesDevice:
    """`device` is a PortAudio name, a part of one, or a number; "default" is the system's."""

    live = True

    def __init__(
        self,
        device: str,
        channels: int,
        *,
        device_channels: tuple[int, ...] | None = None,
        clock: Callable[[], float] = time.monotonic,
        library: Any = None,
    ) -> None:
        """`library` replaces `sounddevice` in tests."""
        self.device = device
        self.channels = channels
        self.overruns = 0
        self._picked = device_channels or tuple(range(channels))
        self._clock = clock
        self._library = library
        self._stream: Any = None
        self._queue: queue.Queue[tuple[float, Samples]] = queue.Queue(_QUEUE)
        self._torn = False
        self._gone = False
        self._samples = SampleClock(RATE)

    def open(self) -> None:
        """Raises SourceFailed: package missing, device missing, too few channels, no rate."""
        self.close()
        library = self._load()
        try:
            self._take(library)
        except SourceFailed:
            self._gone = True
            portaudio.STREAMS.leave(self)
            raise
        self._gone = False

    def _take(self, library: Any) -> None:
        wanted = max(self._picked) + 1
        name = self._name()
        try:
            # Where it was missing or lost, it may have been plugged in since the devices were
            # listed. Not each time: that takes a while, and a mute ends with an opening, too.
            portaudio.STREAMS.enter(self, library if self._gone else None)
            info = library.query_devices(name, "input")
        except Exception as error:  # PortAudioError derives from Exception alone
            raise SourceFailed(
                f"microphones {self.device!r}: not found ({error}); "
                "plug it in, or list devices with: python -m sounddevice"
            ) from error
        if info["max_input_channels"] < wanted:
            raise SourceFailed(
                f"microphones {self.device!r}: {info['max_input_channels']} channels, the array "
                f"needs {wanted}; choose its raw mode or another microphones.array"
            )
        self._start(library, name, wanted)

    def read(self) -> AudioBlock:
        """Blocks for the next block. Raises SourceTorn after an overrun, SourceFailed when lost."""
        if self._stream is None:
            raise SourceFailed(f"microphones {self.device!r}: not open; call open() first")
        if self._torn:
            self._torn = False
            raise SourceTorn(f"microphones {self.device!r}: overrun, sound was lost")
        try:
            stamp, raw = self._queue.get(timeout=LOST_AFTER)
        except queue.Empty:
            self._gone = True
            raise SourceFailed(
                f"microphones {self.device!r}: no sound for {LOST_AFTER} s; check the plug"
            ) from None
        samples = self._decimator.process(raw)
        return AudioBlock(self._samples.time(stamp, samples.shape[1]), samples)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the computer's clock runs than the array's, after a minute."""
        return self._samples.drift_ppm

    def close(self) -> None:
        """Stop and forget what was queued; safe to call twice."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):  # a device already gone cannot be closed
                stream.close()
            portaudio.STREAMS.leave(self)
        while not self._queue.empty():
            self._queue.get_nowait()[1].fill(0.0)
        self._samples.restart()
        self._torn = False

    def _load(self) -> Any:
        if self._library is None:
            try:
                self._library = importlib.import_module("sounddevice")
            except ImportError as error:
                raise SourceFailed(
                    "microphones: the sounddevice package is not installed; "
                    "pip install 'heliotrope[pi]'"
                ) from error
            except OSError as error:
                raise SourceFailed(
                    "microphones: PortAudio is not installed; apt install libportaudio2"
                ) from error
        return self._library

    def _name(self) -> str | int | None:
        if self.device == "default":
            return None
        return int(self.device) if self.device.isdigit() else self.device

    def _start(self, library: Any, name: str | int | None, wanted: int) -> None:
        failure: Exception | None = None
        for ratio in (1, 3, 2):  # 16 kHz, and what devices without it offer
            stream: Any = None
            try:
                stream = library.InputStream(
                    device=name,
                    channels=wanted,
                    samplerate=RATE * ratio,
                    blocksize=int(BLOCK_SECONDS * RATE * ratio),
                    dtype="float32",
                    callback=self._arrived,
                )
                self._decimator = Decimator(self.channels, ratio)
                self._ratio = ratio
                self._stream = stream
                stream.start()
            except Exception as error:  # noqa: BLE001  as above
                failure = error
                self._stream = None
                if stream is not None:
                    with contextlib.suppress(Exception):
                        stream.close()
            else:
                return
        raise SourceFailed(
            f"microphones {self.device!r}: cannot be opened ({failure}); "
            "is another program using it?"
        ) from failure

    def _arrived(self, data: Any, frames: int, times: Any, status: Any) -> None:
        """PortAudio's thread: copy and leave."""
        if status and getattr(status, "input_overflow", False):
            self.overruns += 1
            self._torn = True
        age = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < age < 1.0:  # some drivers leave these at zero
            age = frames / (RATE * self._ratio)
        picked = np.array(data[:, list(self._picked)].T, dtype=np.float32, order="C")
        try:
            self._queue.put_nowait((self._clock() - age, picked))
        except queue.Full:
            self.overruns += 1
            self._torn = True
