"""The learned map over azimuth: two small networks that have heard many rooms and arrays.

They look at `band_maps` only, so whatever turns the array turns their answer, and
they serve every geometry. Trained by script/hearing_network; card and measured
worth in models/README.md. Together they are one of two judges: `directions` lets
the classical maps overrule them where they are unsure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnxruntime

from engine import networks
from engine.hearing.band_maps import MOST, POOL, BandMaps, band_maps
from engine.hearing.maps import Turns, View
from engine.hearing.spectra import Complex, Real
from engine.hearing.steering import Dictionary

FEWEST = 3
"""Microphones that still tell front from back."""
PARTS = (2, 3)
"""Into how many parts a stretch is cut. In a half or a third of it either of two talkers may be
alone, and what is alike in both ways of cutting is seldom an echo: on 210 simulated rooms the two
together told equal talkers better than either, and as well as with fifths, which cost more."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Probabilities of a talker at each azimuth, (azimuths,): `whole` in all of a stretch, `parts`
    in each part of it by itself, on average."""

    whole: Real
    parts: Real


@cache
def _session(name: str) -> onnxruntime.InferenceSession:
    return networks.session(name, networks.HEARING)


class LearnedMap:
    """Both networks. Raises UserError where a file is missing or has changed."""

    def __init__(self) -> None:
        self._sessions = [_session(name) for name in ("azimuth", "azimuth_wide")]

    def probabilities(
        self,
        seen: View,
        plain: Complex,
        dictionary: Dictionary,
        turns: Turns | None = None,
    ) -> Learned:
        """What the networks make of one stretch.

        `seen` is the stretch through a whitener on the directions of `dictionary`,
        which has the one elevation `ELEVATION`; `plain` the amplitudes as heard,
        (microphones, bins, frames); `turns` how many azimuths each frame is turned
        by. It and its mirror image are judged, and the log odds averaged: the mistakes
        are unlike. The parts are judged without their mirror images.
        """
        by_bin = np.ascontiguousarray(plain.transpose(1, 0, 2))
        made = band_maps(seen, by_bin, dictionary, turns)
        odds, image = self._odds([made, BandMaps(mirrored(made.maps), made.gates, made.blur)])
        moments = min(plain.shape[2] // POOL, MOST)
        parts = [
            probability(self._odds(parts_of(made, count, moments))).mean(axis=0) for count in PARTS
        ]
        return Learned(probability((odds + mirrored(image)) / 2.0), np.mean(parts, axis=0))

    def _odds(self, made: Sequence[BandMaps]) -> Real:
        """(made, azimuths) of maps with as many moments each, the mean of both networks."""
        given = {
            "maps": np.stack([each.maps for each in made]),
            "gates": np.stack([each.gates for each in made]),
            "blur": np.stack([each.blur for each in made]),
        }
        odds = [session.run(None, given)[0] for session in self._sessions]
        return np.asarray(np.mean(odds, axis=0), np.float32)


def parts_of(made: BandMaps, count: int, moments: int) -> list[BandMaps]:
    """The first so many `moments` in `count` parts, each a moment longer than its share."""
    width = min(-(-moments // count) + 1, MOST)
    begins = [number * max(moments - width, 0) // (count - 1) for number in range(count)]
    return [
        BandMaps(made.maps[:, b : b + width], made.gates[:, b : b + width], made.blur)
        for b in begins
    ]


def probability(odds: Real) -> Real:
    """Of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))), np.float32)


def mirrored(around: Real) -> Real:
    """(..., azimuths) as if in a mirror: azimuth a becomes -a."""
    return np.roll(around[..., ::-1], 1, axis=-1)
