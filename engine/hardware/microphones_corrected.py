"""Microphones as they should be: any source, with its calibration applied to each block.

Puts the channels in the array's order, evens out their gains and silences
dead ones, which hearing then leaves out. Everything else is the source's own.
"""

from __future__ import annotations

from engine.hearing.calibration import Correction
from engine.ports import AudioBlock, Microphones, SampleClocked


class CorrectedMicrophones:
    """A `ports.Microphones` around another one."""

    def __init__(self, source: Microphones, correction: Correction) -> None:
        self.source = source
        self.channels = source.channels
        self._correction = correction

    def open(self) -> None:
        self.source.open()

    def read(self) -> AudioBlock:
        """The next block; what came from the device is overwritten."""
        block = self.source.read()
        samples = self._correction.apply(block.samples)
        block.samples.fill(0.0)
        return AudioBlock(block.t, samples)

    @property
    def drift_ppm(self) -> float | None:
        """The source's, where it has a clock of its own."""
        return self.source.drift_ppm if isinstance(self.source, SampleClocked) else None

    def close(self) -> None:
        self.source.close()
