"""The open localisers that ours is compared with: pyroomacoustics' SRP-PHAT and NormMUSIC.

Each as its authors ship it, on the same short-time spectra and the same grid
step as ours. Needs the `sim` extra.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.errors import UserError
from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.spectra import FRAME, RATE, band, spectra
from engine.ports import Samples

NAMES = ("SRP", "NormMUSIC")
FREQUENCIES = (300.0, 4000.0)


class Rival:
    """One of pyroomacoustics' algorithms by its name there."""

    def __init__(self, name: str, array: MicrophoneArray, sources: int = 1) -> None:
        try:
            import pyroomacoustics
        except ImportError as error:
            raise UserError(
                "pyroomacoustics is not installed", "pip install 'heliotrope[sim]'"
            ) from error
        grid = np.radians(np.arange(72) * 5.0)
        algorithm: Any = pyroomacoustics.doa.algorithms[name]
        self._sources = sources
        self._doa = algorithm(
            array.positions[:, :2].T,
            RATE,
            FRAME,
            c=SPEED_OF_SOUND,
            num_src=sources,
            azimuth=grid,
        )

    def locate(self, speech: Samples) -> list[float]:
        """Azimuths in degrees, strongest first; empty where the algorithm fails."""
        amplitudes = spectra(speech, band(0.0, RATE / 2.0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._doa.locate_sources(
                    amplitudes, num_src=self._sources, freq_range=list(FREQUENCIES)
                )
            except (np.linalg.LinAlgError, ValueError, IndexError):
                return []
        return [float(np.degrees(a)) for a in np.atleast_1d(self._doa.azimuth_recon)]
