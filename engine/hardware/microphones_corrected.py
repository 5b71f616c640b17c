"""Microphones as they should be: any source, with its calibration applied to each block.

Puts the channels in the array's order, evens out their gains and silences
dead ones, which hearing then leaves out. Full scale is full scale in what the
device gives, not in what is evened out: clipping is noticed here. Everything
else is the source's own.
"""

from __future__ import annotations

import numpy as np

from engine.hearing.calibration import Correction
from engine.hearing.history import CLIPPED
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock, Microphones, SampleClocked, Samples

RECENT = 30.0
"""Seconds of sound that clipping is judged over."""
TOO_MUCH, LITTLE = 1e-3, 5e-4
"""Shares of clipped samples from which it is told, and below which it is over."""


class CorrectedMicrophones:
    """A `ports.Microphones` around another one, and a `ports.SelfChecking`."""

    def __init__(self, source: Microphones, correction: Correction) -> None:
        self.source = source
        self.channels = source.channels
        self._correction = correction
        self._alive = [c for c in range(source.channels) if c not in correction.dead]
        self._share = 0.0
        self._clips = False

    def open(self) -> None:
        self._share, self._clips = 0.0, False
        self.source.open()

    def read(self) -> AudioBlock:
        """The next block; what came from the device is overwritten."""
        block = self.source.read()
        self._judge(block.samples)
        samples = self._correction.apply(block.samples)
        block.samples.fill(0.0)
        return AudioBlock(block.t, samples)

    @property
    def trouble(self) -> str:
        return "sound is clipped: lower the gain of the microphones" if self._clips else ""

    @property
    def drift_ppm(self) -> float | None:
        """The source's, where it has a clock of its own."""
        return self.source.drift_ppm if isinstance(self.source, SampleClocked) else None

    def close(self) -> None:
        self._share, self._clips = 0.0, False
        self.source.close()

    def _judge(self, raw: Samples) -> None:
        full = np.abs(raw[self._alive]) >= CLIPPED
        if full.size:
            weight = min(1.0, raw.shape[1] / (RECENT * RATE))
            self._share += weight * (float(full.mean()) - self._share)
            self._clips = self._share > (LITTLE if self._clips else TOO_MUCH)
