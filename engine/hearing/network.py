"""The learned map over azimuth: a small network that has heard many rooms and arrays.

It looks at `band_maps` only, so whatever turns the array turns its answer, and
one network serves every geometry. Trained by script/hearing_network; card and
measured worth in models/README.md. It is one of two judges: `directions` lets
the classical maps overrule it where it is unsure.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import onnxruntime

from engine import networks
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.band_maps import ELEVATION, band_maps
from engine.hearing.maps import Turns, View, seen_from
from engine.hearing.spectra import Complex, Real, band
from engine.hearing.steering import free_field

AZIMUTHS = 72
BAND = (200.0, 7000.0)
"""Hz; what the network was trained on."""
FEWEST = 3
"""Microphones that still tell front from back."""


@cache
def _session() -> onnxruntime.InferenceSession:
    return networks.session("azimuth", networks.HEARING)


class LearnedMap:
    """The network on one array. Raises UserError where its file is missing or has changed."""

    def __init__(self, array: MicrophoneArray) -> None:
        self._session = _session()
        self._dictionary = free_field(array, band(*BAND), AZIMUTHS, (ELEVATION,))

    def probabilities(
        self,
        seen: View,
        whitener: Complex | None,
        plain: Complex,
        kept: np.ndarray[tuple[int], np.dtype[np.bool_]],
        turns: Turns | None = None,
    ) -> Real:
        """Probability of a talker at each azimuth, (azimuths,).

        `seen` is the stretch as any dictionary sees it, with the `whitener` it
        came through; `plain` the amplitudes as heard, (microphones, bins,
        frames); `kept` which microphones of the array those are; `turns` how
        many azimuths each frame is turned by.
        """
        dictionary = self._dictionary if kept.all() else self._dictionary.only(kept)
        whitened = seen_from(seen, dictionary.vectors, whitener)
        by_bin = np.ascontiguousarray(plain.transpose(1, 0, 2))
        made = band_maps(whitened, by_bin, dictionary, turns)
        (odds,) = self._session.run(
            None, {"maps": made.maps[None], "gates": made.gates[None], "blur": made.blur[None]}
        )
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds[0], -30.0, 30.0))), np.float32)
