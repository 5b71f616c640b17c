"""From maps over azimuth to directions: peaks, what each is, and what it is worth.

Joins what the maps say, reads the peaks of the whole, tells voices from walls
and machines, and refuses where two are too alike. Knows no microphones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from engine.core.angles import difference, wrap
from engine.core.types import SoundKind
from engine.hearing.spectra import Real
from engine.hearing.steady import SteadySource

WAVE_SHARE, WAVE_TRUST = 0.6, 10.0
"""Weight of the wave map beside the steered map, both scaled to a peak of 1: the most,
and how it grows with `Evidence.heard`. Noise spoils the decomposition sooner."""
REFEREE = 0.4
"""Weight of the classical maps, scaled to a peak of 1, beside the network's probability."""
DRAWN_OUT = 6.0
"""Degrees, one sigma, that maps are drawn out by before their peaks are read: in noise the middle
of what is likely is more often near the talker than its highest point. Both were tuned together, in
700 simulated rooms of each reverberation time and 1,300 measured ones; from 0.3 to 0.5 and from 5
to 8 degrees hardly anything changes (models/README.md)."""

APART = 25.0
"""Degrees below which two peaks are one source."""
SECOND = 0.3
"""Share of the best peak's worth from which another one is reported."""
BESIDE = 0.3
"""Weight of the joint maps, scaled to a peak of 1, in `Evidence.spoken`."""
TOLD = 0.18
"""What another voice needs of `Evidence.spoken` to be worth `SECOND`. In 210 simulated rooms of two
equal talkers 98, 98 and 92 of 100 were thereby told by the ear (by the joint maps alone 93, 93 and
86), and of single ones in little noise 6 of 100 got a second direction (10)."""
WALL = 0.25
"""Share of the best wave evidence below which a peak is a reflection."""
RIVAL_APART = 40.0
RIVAL, RIVAL_LEARNED, RIVAL_JOINT, RIVAL_SPOKEN = 0.72, 0.6, 0.81, 0.46
"""Share of the best peak's evidence (of a direct peak, without the network), of its probability,
and of what the peaks are read from, and what of `Evidence.spoken`, something so far away needs.
On a second of speech in 500 tuning rooms 95 of 100 equal talkers were refused, of clear ones 0.6,
and of those beside a television as loud 7; on half a second 89 of 100, 0.6 and 7."""
SPOKEN_TOO = 0.31
"""What of `Evidence.spoken` a rival by probability needs besides: an echo is heard in the whole of
a stretch and seldom in all of its parts."""
UNHEARD = 0.1
"""Probability that the network gives the best peak below which it is not believed about rivals."""
CHANCE, SLIGHT_CHANCE = 0.2, 0.08
"""Probability that the network must give a rival by itself, and with the maps behind it."""
VOICE = 0.15
"""Probability, in parts of the stretch, from which no peak is called a wall."""
MOST = 3
"""Directions that one decision reports at most, steady ones apart."""


@dataclass(frozen=True, slots=True)
class HeardDirection:
    """A direction relative to the array: degrees in (-180, 180], `spread` one sigma."""

    azimuth: float
    confidence: float
    spread: float
    kind: SoundKind = SoundKind.DIRECT


@dataclass(frozen=True, slots=True)
class Location:
    """All directions of one stretch, strongest first; `ambiguous` refuses to choose."""

    directions: tuple[HeardDirection, ...]
    ambiguous: bool = False


@dataclass(frozen=True, eq=False)
class Evidence:
    """All maps of one stretch, (azimuths,), and what they are worth.

    `steered` and `waves` are scaled to a peak of 1; `contrast` is how far the
    steered peak stands out of its map before scaling, `heard` the mean weight
    of a bin (`View.voting`; 0: nothing but background). `learned` is the network's probability
    of a talker, None without it, and `parts` the same of parts of the stretch
    by themselves, on average (as `learned` where that leaves no room for a second
    voice). `sudden`: there was no background to hold it against, and `heard` says little.
    """

    steered: Real
    waves: Real
    contrast: float
    heard: float
    learned: Real | None = None
    parts: Real | None = None
    sudden: bool = False

    @cached_property
    def classical(self) -> Real:
        """Steered and wave map together."""
        share = min(WAVE_SHARE, WAVE_TRUST * self.heard)
        return np.asarray(self.steered + share * self.waves, dtype=np.float32)

    @cached_property
    def joint(self) -> Real:
        """All of them together."""
        if self.learned is None:
            return self.classical
        return np.asarray(
            self.learned + REFEREE * self.classical / max(float(self.classical.max()), 1e-9),
            dtype=np.float32,
        )

    @cached_property
    def likely(self) -> Real:
        """What the peaks are read from."""
        return drawn_out(self.joint)

    @cached_property
    def azimuths(self) -> npt.NDArray[np.float64]:
        """Degrees of the maps' entries."""
        return np.arange(len(self.steered)) * 360.0 / len(self.steered)

    @cached_property
    def peaks(self) -> list[tuple[float, int, float]]:
        """(azimuth in degrees, index, share of the best) of each peak, strongest first."""
        likely, azimuths = self.likely, self.azimuths
        indices = _peaks(likely, azimuths)
        best = float(likely[indices[0]])
        return [(_refined(likely, i, azimuths), i, float(likely[i]) / best) for i in indices]

    @cached_property
    def spoken(self) -> Real | None:
        """Where somebody talks at least part of the time; None where the network has no say."""
        if self.learned is None or self.parts is None or self.sudden:
            return None
        joint = self.joint
        return np.asarray(self.parts + BESIDE * joint / max(float(joint.max()), 1e-9), np.float32)


def drawn_out(around: Real, sigma: float = DRAWN_OUT) -> Real:
    """A map, (azimuths,), with each entry shared out among those around it, `sigma` in degrees."""
    return np.asarray(_shares(len(around), sigma) @ around, np.float32)


@cache
def _shares(azimuths: int, sigma: float) -> Real:
    """(azimuths, azimuths): what each gets of each."""
    apart = np.arange(azimuths) * 360.0 / azimuths
    bell = np.exp(-0.5 * np.square(np.minimum(apart, 360.0 - apart) / sigma))
    index = np.arange(azimuths)
    around = (bell / bell.sum())[(index[:, None] - index) % azimuths]
    return np.asarray(around, np.float32)


def read(found: Evidence, steady: Sequence[SteadySource]) -> Location:
    """Peaks to directions."""
    best = found.peaks[0]
    sure = confidence_of(found)
    directions = [HeardDirection(wrap(best[0]), sure, spread_of(sure))]
    for azimuth, index, share in _others(found):
        if share < SECOND or len(directions) == MOST:
            break
        kind = SoundKind.REFLECTION if _is_wall(found, index) else SoundKind.DIRECT
        confidence = sure * share
        directions.append(HeardDirection(wrap(azimuth), confidence, spread_of(confidence), kind))
    rivals = rivalry(found) >= 1.0
    return Location((*directions, *_machines(directions, steady)), rivals)


def _others(found: Evidence) -> list[tuple[float, int, float]]:
    """Peaks beside the best one, like `Evidence.peaks`, shares in units of what it is worth."""
    best, *rest = found.peaks
    spoken, azimuths = found.spoken, found.azimuths
    if spoken is None:
        return rest
    others = [
        (_refined(spoken, i, azimuths), i, min(1.0, float(spoken[i]) * SECOND / TOLD))
        for i in _peaks(spoken, azimuths)
    ]
    return [other for other in others if abs(difference(other[0], best[0])) >= APART]


def rivalry(found: Evidence) -> float:
    """How much whatever is far from the best peak has, in units of what makes it a rival.

    The network is asked first: it knows echoes, and may hear apart, in parts of
    the stretch, who is not told apart in the whole.
    """
    peaks = found.peaks
    best = peaks[0][0]
    far = [
        share
        for azimuth, index, share in peaks[1:]
        if abs(difference(azimuth, best)) >= RIVAL_APART and not _is_wall(found, index)
    ]
    classical = max(far, default=0.0) / RIVAL
    spoken = found.spoken
    if spoken is None or found.learned is None:
        return classical
    # Its map is asked directly: the decomposition takes a second voice for a wall.
    beyond = [abs(difference(float(a), best)) >= RIVAL_APART for a in found.azimuths]
    chance, likely = float(found.learned[beyond].max(initial=0.0)), found.likely
    sure = _near(found.learned, peaks[0][1])
    learned = chance / max(sure, 1e-9) / RIVAL_LEARNED
    in_parts = float(spoken[beyond].max(initial=0.0))
    together = float(likely[beyond].max(initial=0.0) / likely.max()) / RIVAL_JOINT
    return max(
        learned if chance >= CHANCE and in_parts >= SPOKEN_TOO else 0.0,
        together if chance >= SLIGHT_CHANCE else 0.0,
        in_parts / RIVAL_SPOKEN,
        # Of what it has never heard the like of it says nothing, and the maps have the word.
        classical if sure < UNHEARD else 0.0,
    )


def _is_wall(found: Evidence, index: int) -> bool:
    """Whether the decomposition takes a peak for one, and the network for no voice."""
    network = found.parts if found.learned is not None else None
    voice = network is not None and _near(network, index) >= VOICE
    return _near(found.waves, index) < WALL and not voice


def _near(around: Real, index: int) -> float:
    """The most of a map at `index` and beside it."""
    return max(float(around[(index + k) % len(around)]) for k in (-1, 0, 1))


def _machines(
    directions: Sequence[HeardDirection], steady: Sequence[SteadySource]
) -> list[HeardDirection]:
    """Steady sources that are not where a voice was found anyway."""
    return [
        HeardDirection(wrap(s.azimuth), s.confidence, 8.0, SoundKind.MACHINE)
        for s in steady
        if all(abs(difference(s.azimuth, d.azimuth)) > APART for d in directions)
    ]


def _peaks(around: Real, azimuths: npt.NDArray[np.float64]) -> list[int]:
    """Indices of local maxima, strongest first, `APART` from one another."""
    summit = (around >= np.roll(around, 1)) & (around >= np.roll(around, -1))
    summits = np.flatnonzero(summit)
    chosen: list[int] = []
    for index in summits[np.argsort(-around[summits], kind="stable")]:
        if all(
            abs(difference(float(azimuths[index]), float(azimuths[other]))) >= APART
            for other in chosen
        ):
            chosen.append(int(index))
    return chosen


def _refined(around: Real, index: int, azimuths: npt.NDArray[np.float64]) -> float:
    """The peak of the parabola through a maximum and its neighbours, degrees."""
    left, middle, right = (float(around[(index + k) % len(around)]) for k in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    return float(azimuths[index]) + min(0.5, max(-0.5, shift)) * 360.0 / len(azimuths)


def features(found: Evidence) -> tuple[float, ...]:
    """What the confidence is made of: contrast, lead over the next peak, how much was heard, and
    with a network the log odds that it gives the best peak."""
    peaks = found.peaks
    lead = 1.0 - (peaks[1][2] if len(peaks) > 1 else 0.0)
    plain = (math.log10(max(found.contrast, 1e-4)), lead, math.log10(max(found.heard, 1e-4)))
    if found.learned is None:
        return plain
    chance = _near(found.learned, peaks[0][1])
    return (*plain, max(math.log(max(chance, 1e-9) / max(1.0 - chance, 1e-9)), LEAST_ODDS))


CONFIDENCE = (10.7, 4.72, 2.46, 2.22)
LEARNED_CONFIDENCE = (5.57, 2.36, 2.92, 0.83, 1.02)
"""Offset and weights of `features` in the logistic model of being within 15 degrees.

Fitted by script/hearing_network/calibrate when frames came every 16 ms and peaks were the highest
points of the maps. Of frames that come every 8 fewer count as heard, at the same sounds by a factor
of 0.6, for which the offsets make up. `script/measure hearing` measures anew how true they are.
"""
LEAST_ODDS = -4.0
"""Log odds: how much the network's doubt counts at most."""
AGREE = 10.0
"""Degrees within which both judges mean the same direction."""


def confidence_of(found: Evidence) -> float:
    """Probability that the best peak is within 15 degrees of a voice.

    A network that never heard a room like this one may doubt what is plain to
    the classical maps: where those mean the same direction, their word counts.
    Of sudden sound it knows little, and without them nothing is believed.
    """
    if found.learned is None:
        return _logistic(CONFIDENCE, features(found))
    sure = _logistic(LEARNED_CONFIDENCE, features(found))
    plain = replace(found, learned=None)
    apart = difference(plain.peaks[0][0], found.peaks[0][0])
    if abs(apart) <= AGREE:
        word = confidence_of(plain)
        return word if found.sudden else max(sure, word)
    return 0.0 if found.sudden else sure


def _logistic(weights: Sequence[float], known: Sequence[float]) -> float:
    score = weights[0] + sum(w * f for w, f in zip(weights[1:], known, strict=True))
    return 1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, score))))


def spread_of(confidence: float) -> float:
    """One sigma in degrees of those that are right at all; fitted with `CONFIDENCE`."""
    return 4.0 + 12.0 * (1.0 - confidence)
