"""The learned map over azimuth: a small network that has heard many rooms and arrays.

It looks at `band_maps` only, so whatever turns the array turns its answer, and
it serves every geometry. Trained by script/hearing_network; card and measured
worth in models/README.md. It is one of two judges: `directions` lets
the classical maps overrule it where it is unsure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnxruntime

from engine import networks
from engine.hearing.band_maps import BandMaps, band_maps
from engine.hearing.maps import Turns, View
from engine.hearing.reading import APART
from engine.hearing.spectra import Complex, Real
from engine.hearing.steering import Dictionary

FEWEST = 3
"""Microphones that still tell front from back."""
PARTS = (2, 3)
"""Into how many parts a stretch is cut. In a half or a third of it either of two talkers may be
alone, and what is alike in both ways of cutting is seldom an echo: on 210 simulated rooms the two
together told equal talkers better than either, and as well as with fifths, which cost more."""

SURE, NOBODY = 0.5, 0.02
"""Where the whole of a stretch has one azimuth of at least the first probability, and `APART`
from it and further none of the second, its parts are not asked. In 180 simulated rooms with
all mixtures that spared 60 of 100 stretches of one talker in little noise, and none of two at once.
What was ambiguous stayed so, and what was not did, in every one; a few lost a second direction."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Probabilities of a talker at each azimuth, (azimuths,): `whole` in all of a stretch, `parts`
    in each part of it by itself, on average (of all of it where nobody else may be there)."""

    whole: Real
    parts: Real


@cache
def _session() -> onnxruntime.InferenceSession:
    return networks.session("azimuth", networks.HEARING)


class LearnedMap:
    """The network. Raises UserError where its file is missing or has changed."""

    def __init__(self) -> None:
        self._session = _session()

    def probabilities(
        self,
        seen: View,
        plain: Complex,
        dictionary: Dictionary,
        turns: Turns | None = None,
    ) -> Learned:
        """What the network makes of one stretch.

        `seen` is the stretch through a whitener on the directions of `dictionary`,
        which has the one elevation `ELEVATION`; `plain` the amplitudes as heard,
        (microphones, bins, frames); `turns` how many azimuths each frame is turned
        by. It and its mirror image are judged, and the log odds averaged: the mistakes
        are unlike. The parts are judged without their mirror images, where somebody else
        may be there at all.
        """
        by_bin = np.ascontiguousarray(plain.transpose(1, 0, 2))
        made = band_maps(seen, by_bin, dictionary, turns)
        odds, image = self._odds([made, BandMaps(mirrored(made.maps), made.gates, made.blur)])
        whole = probability((odds + mirrored(image)) / 2.0)
        if _alone(whole):
            return Learned(whole, whole)
        parts = [probability(self._odds(parts_of(made, count))).mean(axis=0) for count in PARTS]
        return Learned(whole, np.mean(parts, axis=0))

    def _odds(self, made: Sequence[BandMaps]) -> Real:
        """(made, azimuths) of maps with as many moments each."""
        given = {
            "maps": np.stack([each.maps for each in made]),
            "gates": np.stack([each.gates for each in made]),
            "blur": np.stack([each.blur for each in made]),
        }
        (odds,) = self._session.run(None, given)
        return np.asarray(odds, np.float32)


def _alone(whole: Real) -> bool:
    """Whether one talker is sure and a second one out of the question."""
    azimuths = len(whole)
    apart = np.abs(np.arange(azimuths) - int(whole.argmax()))
    beyond = np.minimum(apart, azimuths - apart) * 360.0 / azimuths >= APART
    return bool(whole.max() >= SURE and whole[beyond].max(initial=0.0) < NOBODY)


def parts_of(made: BandMaps, count: int) -> list[BandMaps]:
    """All moments in `count` parts, each a moment longer than its share."""
    moments = made.maps.shape[1]
    width = min(-(-moments // count) + 1, moments)
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
