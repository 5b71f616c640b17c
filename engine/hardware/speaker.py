"""The device's loudspeaker by way of PortAudio (the `sounddevice` package): sounds made here.

A sound is computed block by block and lasts until `stop`; no file is read. It
decides nothing: what is played, how loud and how long is its caller's affair.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.hardware import portaudio

RATE = 48_000
LOWEST, HIGHEST = 700.0, 1600.0
"""Hz of the siren's sweep: where small loudspeakers are loud and ears are keen."""
SWEEP_SECONDS = 0.8
LOUDEST = 0.9
"""Of full scale: a sweep at the limit would clip in a resampler."""


def siren(start: int, count: int) -> npt.NDArray[np.float32]:
    """Samples [start, start + count) of an endless siren in [-1, 1], mono, at `RATE`."""
    t = (np.arange(start, start + count) / RATE) % SWEEP_SECONDS
    rise = HIGHEST - LOWEST
    # The phase is the integral of a frequency that rises evenly; a whole number of turns a sweep.
    turns = LOWEST * t + 0.5 * rise * t**2 / SWEEP_SECONDS
    return np.sin(2.0 * np.pi * turns).astype(np.float32)


SOUNDS: dict[str, Callable[[int, int], npt.NDArray[np.float32]]] = {"siren": siren}


class AudioSpeaker:
    """A `ports.Speaker`. `device` is a PortAudio name or a part of one; "default" the system's."""

    def __init__(self, device: str, library: Any = None) -> None:
        """`library` replaces `sounddevice` in tests."""
        self._device = None if device == "default" else device
        self._library = library
        self._stream: Any = None
        self._lock = threading.Lock()

    def probe(self) -> None:
        """Raises OSError where nothing could be played; makes no sound."""
        look = object()
        portaudio.STREAMS.enter(look)
        try:
            self._sounddevice().check_output_settings(
                device=self._device, channels=1, dtype="float32", samplerate=RATE
            )
        except Exception as error:
            raise self._refusal(error) from error
        finally:
            portaudio.STREAMS.leave(look)

    def play(self, sound: str, volume: float) -> None:
        """Until `stop`; replaces what is played. Raises OSError where there is no loudspeaker."""
        self.stop()
        make, played = SOUNDS[sound], 0
        level = LOUDEST * min(1.0, max(0.0, volume))

        def fill(out: Any, frames: int, _time: object, _status: object) -> None:
            nonlocal played
            out[:, 0] = level * make(played, frames)
            played += frames

        with self._lock:
            portaudio.STREAMS.enter(self)
            try:
                self._stream = self._sounddevice().OutputStream(
                    samplerate=RATE, channels=1, dtype="float32", device=self._device, callback=fill
                )
                self._stream.start()
            except Exception as error:
                with contextlib.suppress(Exception):
                    self._close()
                raise self._refusal(error) from error

    def _sounddevice(self) -> Any:
        return self._library or importlib.import_module("sounddevice")

    def _refusal(self, error: Exception) -> OSError:
        """PortAudio's own error is none of this kind, and its package or library may be missing."""
        return OSError(f"loudspeaker {self._device or 'default'!r} cannot be used: {error}")

    def stop(self) -> None:
        with self._lock:
            self._close()

    def close(self) -> None:
        self.stop()

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                stream.close()
        finally:
            portaudio.STREAMS.leave(self)
