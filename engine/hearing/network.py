"""The learned map over azimuth: a small network that has heard many rooms and arrays.

It looks at `band_maps` only, so whatever turns the array turns its answer, and
one network serves every geometry. Trained by script/hearing_network; card and
measured worth in models/README.md. It is one of two judges: `directions` lets
the classical maps overrule it where it is unsure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import onnxruntime

from engine import networks
from engine.hearing.band_maps import BandMaps, band_maps_of
from engine.hearing.maps import Turns, View
from engine.hearing.spectra import Complex, Real
from engine.hearing.steering import Dictionary

FEWEST = 3
"""Microphones that still tell front from back."""


@cache
def _session() -> onnxruntime.InferenceSession:
    return networks.session("azimuth", networks.HEARING)


class LearnedMap:
    """The network. Raises UserError where its file is missing or has changed."""

    def __init__(self) -> None:
        self._session = _session()

    def probabilities(
        self,
        looks: Sequence[View],
        plain: Complex,
        dictionary: Dictionary,
        turns: Turns | None = None,
    ) -> Real:
        """Probability of a talker at each azimuth, (azimuths,).

        `looks` are the stretch through one or more whiteners on the directions
        of `dictionary`, which has the one elevation `ELEVATION`; `plain` the
        amplitudes as heard, (microphones, bins, frames); `turns` how many
        azimuths each frame is turned by. Each look and its mirror image are
        judged, and the log odds averaged: the mistakes are unlike.
        """
        by_bin = np.ascontiguousarray(plain.transpose(1, 0, 2))
        odds = []
        for made in band_maps_of(looks, by_bin, dictionary, turns):
            odds.append(self._odds(made, made.maps))
            odds.append(mirrored(self._odds(made, mirrored(made.maps))))
        mean = np.clip(np.mean(odds, axis=0), -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-mean)), np.float32)

    def _odds(self, made: BandMaps, maps: Real) -> Real:
        (odds,) = self._session.run(
            None,
            {
                "maps": np.ascontiguousarray(maps[None]),
                "gates": made.gates[None],
                "blur": made.blur[None],
            },
        )
        return np.asarray(odds[0], np.float32)


def mirrored(around: Real) -> Real:
    """(..., azimuths) as if in a mirror: azimuth a becomes -a."""
    return np.roll(around[..., ::-1], 1, axis=-1)
