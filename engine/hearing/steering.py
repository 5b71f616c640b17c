"""Steering dictionary: how a plane wave from each direction looks at the array.

Free field for now: a wave from unit vector u reaches microphone r earlier by
r.u / c than the array's origin. A device that scatters sound puts its own
responses here; nothing else needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.maps import as_pairs
from engine.hearing.spectra import Bins, Complex, Real, bin_hertz


@dataclass(frozen=True, eq=False)
class Dictionary:
    """`vectors` is (bins, microphones, azimuths * elevations), each of unit length.

    Directions run through the elevations first: index = azimuth * elevations
    + elevation. `azimuths` are degrees, equally spaced over the full circle.
    `diffuse` is the coherence of sound from everywhere at once, (bins,
    microphones, microphones).
    """

    bins: Bins
    azimuths: npt.NDArray[np.float64]
    elevations: npt.NDArray[np.float64]
    vectors: Complex
    diffuse: Complex

    @property
    def step(self) -> float:
        """Degrees between neighbouring azimuths."""
        return 360.0 / len(self.azimuths)

    @cached_property
    def waves(self) -> Real:
        """`maps.as_pairs` of the vectors."""
        return as_pairs(self.vectors)

    def only(self, microphones: npt.NDArray[np.bool_]) -> Dictionary:
        """The dictionary of the array without some (dead) microphones."""
        kept = self.vectors[:, microphones]
        norm = np.sqrt(microphones.sum() / len(microphones))
        return replace(
            self,
            vectors=(kept / norm).astype(np.complex64),
            diffuse=self.diffuse[:, microphones][:, :, microphones],
        )


def free_field(
    array: MicrophoneArray, bins: Bins, azimuths: int, elevations: tuple[float, ...]
) -> Dictionary:
    """Plane waves in free field on `azimuths` equal steps times `elevations` in degrees."""
    around = np.arange(azimuths) * 360.0 / azimuths
    up = np.array(elevations)
    a, e = (np.radians(v).ravel() for v in np.meshgrid(around, up, indexing="ij"))
    towards = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    lead = array.positions @ towards / SPEED_OF_SOUND
    phase = 2.0 * np.pi * bin_hertz(bins)[:, None, None] * lead[None]
    vectors = np.exp(1j * phase) / np.sqrt(array.channels)
    return Dictionary(bins, around, up, vectors.astype(np.complex64), _diffuse(array, bins))


def _diffuse(array: MicrophoneArray, bins: Bins) -> Complex:
    """A spherically isotropic field: sin(k d) / (k d) for microphones d apart (Cook 1955)."""
    apart = np.linalg.norm(array.positions[:, None] - array.positions[None], axis=2)
    turns = 2.0 * bin_hertz(bins)[:, None, None] * apart / SPEED_OF_SOUND
    return np.asarray(np.sinc(turns), np.complex64)
