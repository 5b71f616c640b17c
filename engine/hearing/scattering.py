"""Sound around a rigid sphere: what a device's own case does to a wave before it is heard.

A case between the microphones shades those behind it and doubles the pressure
on those in front, above some kHz by far more than their places alone explain.
Closed form for a sphere about the array's origin (Bowman, Senior and Uslenghi,
Electromagnetic and Acoustic Scattering by Simple Shapes, 1969, chapter 10).
Spherical Bessel functions by recurrence: downwards those that vanish, upwards
those that grow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND

Numbers = npt.NDArray[np.float64]
Waves = npt.NDArray[np.complex128]

_MORE_ORDERS = 10
"""Orders beyond k r: the terms fall off faster than any power there."""


def around_sphere(positions: Numbers, radius: float, hertz: Numbers, towards: Numbers) -> Waves:
    """Pressure at `positions` (microphones, 3), metres, outside or on a rigid sphere at the origin.

    Of waves of level 1 from the unit vectors `towards` (3, directions), at
    frequencies above 0; (bins, microphones, directions). The phase is that of a wave
    which comes earlier to microphones that are nearer to its source, as in `steering`.
    """
    distance = np.maximum(np.linalg.norm(positions, axis=1), radius)
    cosine = np.clip((positions @ towards) / distance[:, None], -1.0, 1.0)
    wave_number = 2.0 * np.pi * hertz / SPEED_OF_SOUND
    orders = int(np.ceil(float(wave_number.max() * distance.max()))) + _MORE_ORDERS
    _, near_slope = _hankel(wave_number * radius, orders)
    legendre = _legendre(cosine, orders)
    total = np.zeros((len(hertz), *cosine.shape), np.complex128)
    for index, far in enumerate(distance):
        out, _ = _hankel(wave_number * far, orders)
        # What would be there without the sphere, less what makes its surface stand still.
        seen = out.real - near_slope.real / near_slope * out
        order = np.arange(orders + 1)
        terms = (2 * order + 1) * 1j**order * seen.T
        total[:, index] = terms @ legendre[:, index]
    return total


def _hankel(x: Numbers, orders: int) -> tuple[Waves, Waves]:
    """Spherical Hankel functions of the second kind and their slopes, (orders + 1, len(x))."""
    regular = _regular(x, orders + 1)
    singular = np.empty_like(regular)
    singular[0] = -np.cos(x) / x
    singular[1] = -np.cos(x) / x**2 - np.sin(x) / x
    for n in range(1, orders + 1):
        singular[n + 1] = (2 * n + 1) / x * singular[n] - singular[n - 1]
    values: Waves = regular - 1j * singular
    order = np.arange(orders + 1)[:, None]
    slopes: Waves = order / x * values[:-1] - values[1:]
    return values[:-1], slopes


def _regular(x: Numbers, orders: int) -> Numbers:
    """Spherical Bessel functions of the first kind, (orders + 1, len(x)); Miller's recurrence."""
    start = orders + 20
    above, here = np.zeros_like(x), np.full_like(x, 1e-30)
    found = np.zeros((orders + 1, len(x)))
    for n in range(start, -1, -1):
        if n <= orders:
            found[n] = here
        below = (2 * n + 1) / x * here - above
        above, here = here, below
        # Small arguments grow without bound on the way down.
        large = np.abs(here) > 1e100
        for kept in (above, here):
            kept[large] *= 1e-100
        found[:, large] *= 1e-100
    first = np.sin(x) / x
    second = np.sin(x) / x**2 - np.cos(x) / x
    better = np.abs(first) > np.abs(second)
    scale = np.where(better, first / _nonzero(found[0]), second / _nonzero(found[1]))
    return np.asarray(found * scale)


def _nonzero(values: Numbers) -> Numbers:
    return np.where(values == 0.0, 1.0, values)


def _legendre(x: Numbers, orders: int) -> Numbers:
    """Legendre polynomials, (orders + 1, *x.shape)."""
    found = np.ones((orders + 1, *x.shape))
    found[1] = x
    for n in range(1, orders):
        found[n + 1] = ((2 * n + 1) * x * found[n] - n * found[n - 1]) / (n + 1)
    return found
