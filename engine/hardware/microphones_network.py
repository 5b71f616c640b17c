"""A satellite's microphones: an array elsewhere in the home whose sound comes over the network.

`udp://` takes raw samples, `wyoming://` asks a Wyoming microphone; both are
`network_sound`'s business. Here they become blocks of the array's channels at
16 kHz, timed by counting samples.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from engine.hardware.decimation import RATE, Decimator, ratio_for
from engine.hardware.network_sound import (
    Address,
    DatagramLine,
    Piece,
    SoundLine,
    WyomingLine,
    parse_address,
)
from engine.hardware.sample_clock import SampleClock
from engine.ports import AudioBlock, Samples, SourceFailed

FEWEST = 256
"""Samples at 16 kHz that make a block: satellites send small pieces."""


class MicrophonesNetwork:
    """`source` is udp://ADDRESS:PORT[?from=HOST&rate=HZ&channels=N] or wyoming://HOST:PORT."""

    live = True

    def __init__(
        self,
        source: str,
        channels: int,
        *,
        device_channels: tuple[int, ...] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`device_channels` are taken where the satellite sends more than the array has."""
        self.source = source
        self.channels = channels
        self._picked = device_channels or tuple(range(channels))
        self._clock = clock
        self._line: SoundLine | None = None
        self._shape: tuple[int, int] | None = None
        self._samples = SampleClock(RATE)

    def open(self) -> None:
        """Raises SourceFailed: not understood, nobody there, or open to everybody."""
        self.close()
        address = parse_address(self.source)
        if ratio_for(address.rate) is None:
            raise SourceFailed(
                f"microphones.source {self.source!r}: {address.rate} Hz is no multiple of {RATE}; "
                "have the satellite send 16000, 32000 or 48000"
            )
        self._line = self._connect(address)

    @property
    def port(self) -> int:
        """The UDP port that is listened on; 0 for others."""
        return self._line.port if isinstance(self._line, DatagramLine) else 0

    def read(self) -> AudioBlock:
        """The next block. Raises SourceTorn for what was damaged, SourceFailed when it is gone."""
        if self._line is None:
            raise SourceFailed(f"microphones {self.source!r}: not open; call open() first")
        parts: list[Samples] = []
        while sum(part.shape[1] for part in parts) < FEWEST:
            parts.append(self._samples_of(self._line.receive()))
        samples = np.concatenate(parts, axis=1)
        stamp = self._clock() - samples.shape[1] / RATE
        return AudioBlock(self._samples.time(stamp, samples.shape[1]), samples)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the computer's clock runs than the satellite's, after a minute."""
        return self._samples.drift_ppm

    def close(self) -> None:
        """Hang up; safe to call twice."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        self._shape = None
        self._samples.restart()

    def _connect(self, address: Address) -> SoundLine:
        if address.scheme == "udp":
            return DatagramLine(address, address.channels or self.channels)
        return WyomingLine(address)

    def _samples_of(self, piece: Piece) -> Samples:
        if self._shape != (piece.channels, piece.rate):
            self._prepare(piece)
        flat = np.frombuffer(piece.data, "<i2").reshape(-1, piece.channels)
        picked = flat if piece.channels == self.channels else flat[:, list(self._picked)]
        return self._decimator.process(np.asarray(picked.T / 32768.0, np.float32, order="C"))

    def _prepare(self, piece: Piece) -> None:
        """For what the satellite says it sends. Raises SourceFailed where it does not fit."""
        ratio = ratio_for(piece.rate)
        if ratio is None:
            raise SourceFailed(
                f"microphones {self.source!r}: it sends {piece.rate} Hz, no multiple of {RATE}; "
                "set its rate to 16000, 32000 or 48000"
            )
        if piece.channels != self.channels and piece.channels <= max(self._picked):
            raise SourceFailed(
                f"microphones {self.source!r}: it sends {piece.channels} channels, the array has "
                f"{self.channels} microphones; choose another microphones.array"
            )
        self._shape = (piece.channels, piece.rate)
        self._decimator = Decimator(self.channels, ratio)
