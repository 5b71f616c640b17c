"""Steering dictionary: how a plane wave from each direction looks at the array.

In free field a wave from unit vector u reaches microphone r earlier by r.u / c
than the array's origin; around a case it goes as `scattering` says. Nothing
else needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.maps import as_waves
from engine.hearing.scattering import around_sphere
from engine.hearing.spectra import Bins, Complex, Real, bin_hertz

Numbers = npt.NDArray[np.float64]

DIRECTIONS = 240
"""Directions that stand for everywhere around a sphere."""


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
        """`maps.as_waves` of the vectors."""
        return as_waves(self.vectors)

    def only(self, microphones: npt.NDArray[np.bool_]) -> Dictionary:
        """The dictionary of the array without some (dead) microphones."""
        kept = self.vectors[:, microphones]
        norm = np.linalg.norm(kept, axis=1, keepdims=True)
        return replace(
            self,
            vectors=(kept / norm).astype(np.complex64),
            diffuse=self.diffuse[:, microphones][:, :, microphones],
        )


def plane_waves(
    array: MicrophoneArray, bins: Bins, azimuths: int, elevations: tuple[float, ...]
) -> Dictionary:
    """Plane waves on `azimuths` equal steps times `elevations` in degrees.

    As they are in free field, or around the array's sphere where it has one.
    """
    around = np.arange(azimuths) * 360.0 / azimuths
    up = np.array(elevations)
    a, e = (v.ravel() for v in np.meshgrid(around, up, indexing="ij"))
    vectors = plane_wave(array, bin_hertz(bins), a, e)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    coherence = diffuse_coherence(array, bin_hertz(bins))
    return Dictionary(bins, around, up, (vectors / length).astype(np.complex64), coherence)


def plane_wave(
    array: MicrophoneArray, hertz: Numbers, azimuths: Numbers, elevations: Numbers
) -> npt.NDArray[np.complex128]:
    """Pressure at the microphones, (hertz, microphones, directions), of waves of level 1.

    `hertz` are above 0, azimuths and elevations degrees, one of each a direction.
    """
    a, e = np.radians(azimuths), np.radians(elevations)
    return _heard(array, hertz, np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)]))


def _heard(array: MicrophoneArray, hertz: Numbers, towards: Numbers) -> npt.NDArray[np.complex128]:
    """Waves from unit vectors (3, directions), (hertz, microphones, directions)."""
    if array.sphere is not None:
        return around_sphere(array.positions, array.sphere, hertz, towards)
    lead = array.positions @ towards / SPEED_OF_SOUND
    phase = 2.0 * np.pi * hertz[:, None, None] * lead[None]
    return np.asarray(np.exp(1j * phase), np.complex128)


def diffuse_coherence(array: MicrophoneArray, hertz: Numbers) -> Complex:
    """A spherically isotropic field: sin(k d) / (k d) for microphones d apart (Cook 1955).

    (hertz, microphones, microphones), at frequencies above 0. Around a sphere the mean over
    directions spread evenly.
    """
    if array.sphere is not None:
        return coherence_of(_heard(array, hertz, _evenly()))
    apart = np.linalg.norm(array.positions[:, None] - array.positions[None], axis=2)
    turns = 2.0 * hertz[:, None, None] * apart / SPEED_OF_SOUND
    return np.asarray(np.sinc(turns), np.complex64)


def coherence_of(waves: npt.NDArray[np.complex128]) -> Complex:
    """Of waves (hertz, microphones, directions) at once, equally loud: (hertz, microphones,
    microphones), 1 on the diagonal's average."""
    field = waves @ waves.conj().transpose(0, 2, 1)
    power = np.trace(field, axis1=1, axis2=2).real / waves.shape[1]
    return np.asarray(field / power[:, None, None], np.complex64)


def _evenly() -> npt.NDArray[np.float64]:
    """Unit vectors on a golden spiral, (3, DIRECTIONS)."""
    index = np.arange(DIRECTIONS) + 0.5
    up = 1.0 - 2.0 * index / DIRECTIONS
    turn = np.pi * (1.0 + np.sqrt(5.0)) * index
    flat = np.sqrt(1.0 - np.square(up))
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), up])
