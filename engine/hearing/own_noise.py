"""The noise of the device's own motor, by frequency, microphone pair and speed of the head.

Learned while the head turns and nobody speaks, less what the room sounds like
when it stands still; `expected` is what to whiten a stretch by beside the
background. Ego noise by templates of the joints' speed, after Ince 2009
(power) and Deleforge and Kellermann 2015 (its direction). Knows no motor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.hearing.spectra import Complex
from engine.hearing.whitening import covariance

Speeds = npt.NDArray[np.float64]

MOVING = 2.0
"""Degrees per second below which the head stands still."""
STEP = 10.0
"""Degrees per second that share one template: a gear's whine moves with the speed."""
ENOUGH = 32
"""Frames (8 ms each) that make a template worth using."""
MEMORY = 1200
"""Frames after which a template begins to forget: about ten seconds at one speed."""
FARTHEST = 2.0
"""Ratio of speeds up to which one stands for another, scaled by its square."""


@dataclass(eq=False)
class _Template:
    """Mean covariances while moving and of the stillness beside it, over `frames` frames."""

    moving: Complex
    still: Complex
    frames: float
    own: Complex | None = None


class OwnNoise:
    """Templates of one array; covariances are (bins, microphones, microphones)."""

    def __init__(self) -> None:
        self._templates: dict[int, _Template] = {}

    @property
    def speeds(self) -> tuple[float, ...]:
        """Degrees per second that a usable template is known for."""
        return tuple(STEP * k for k in sorted(self._known()))

    def learn(self, amplitudes: Complex, speeds: Speeds, still: Complex | None) -> None:
        """Frames (microphones, bins, frames) with the head's speed in each, nobody speaking.

        `still` is the covariance of the same room with the motor at rest.
        """
        for step in np.unique(_steps(speeds)):
            if step == 0:
                continue
            some = amplitudes[:, :, _steps(speeds) == step]
            self._add(int(step), covariance(some), still, some.shape[2])

    def expected(self, speeds: Speeds) -> Complex | None:
        """What the motor adds on average over frames at `speeds`; None where that is unknown."""
        total, steps = None, _steps(speeds)
        for step in np.unique(steps):
            if step == 0 or (own := self._nearest(int(step))) is None:
                continue
            part = np.float32(np.mean(steps == step)) * own
            total = part if total is None else total + part
        return None if total is None else np.asarray(total, np.complex64)

    def _add(self, step: int, moving: Complex, still: Complex | None, count: int) -> None:
        rest = np.zeros_like(moving) if still is None else still
        known = self._templates.get(step)
        if known is None:
            self._templates[step] = _Template(moving, rest, float(count))
            return
        share = np.float32(count / (known.frames + count))
        known.moving = known.moving + share * (moving - known.moving)
        known.still = known.still + share * (rest - known.still)
        known.frames = min(known.frames + count, float(MEMORY))
        known.own = None

    def _known(self) -> list[int]:
        return [step for step, known in self._templates.items() if known.frames >= ENOUGH]

    def _nearest(self, step: int) -> Complex | None:
        near = min(self._known(), key=lambda k: abs(np.log(k / step)), default=None)
        if near is None or max(near / step, step / near) > FARTHEST:
            return None
        template = self._templates[near]
        if template.own is None:
            template.own = _positive(template.moving - template.still)
        return np.asarray(np.float32((step / near) ** 2) * template.own, np.complex64)


def _steps(speeds: Speeds) -> npt.NDArray[np.intp]:
    moving = np.abs(speeds) >= MOVING
    return np.where(moving, np.maximum(1, np.rint(np.abs(speeds) / STEP)), 0).astype(np.intp)


def _positive(matrices: Complex) -> Complex:
    """The nearest matrices without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrices)
    kept = vectors * np.maximum(values, 0.0)[:, None, :]
    return np.asarray(kept @ vectors.conj().transpose(0, 2, 1), np.complex64)
