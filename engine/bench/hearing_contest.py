"""Ours and its rivals on the same sounds: who was how far off, who refused, how sure.

`Contest` keeps plain answers, which add up over processes; `summary`, `gate`
and `reliability` make figures of them. Knows no rooms and no files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.bench.hearing_rivals import NAMES, Rival
from engine.bench.hearing_scenes import PRE_ROLL, Sound
from engine.core.angles import difference
from engine.core.types import SoundKind
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.directions import Localiser
from engine.hearing.ear import EarSettings
from engine.hearing.reading import Location, read
from engine.hearing.spectra import RATE

Cell = dict[str, Any]

ONSET = int(PRE_ROLL * RATE)
GUARD = int(0.05 * RATE)
"""Samples before speech that count neither as background nor as speech."""
OURS, CLASSICAL = "heliotrope", "heliotrope without its network"
RIGHT = 15.0
"""Degrees; what a confidence is the probability of."""
FAR = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One algorithm on one sound. `error` in degrees (180: no direction at all).

    Of ours also: `confidence` in the best direction, `acts` (a direction sure
    enough, and not `ambiguous`), `apart` (degrees between two talkers, 0 for one).
    """

    cell: str
    algorithm: str
    error: float
    confidence: float = 0.0
    acts: bool = False
    ambiguous: bool = False
    apart: float = 0.0


class Contest:
    """Everybody on one array. The rivals are left out where `rivals` is False."""

    def __init__(self, array: MicrophoneArray, *, rivals: bool = True) -> None:
        self._localiser = Localiser(array)
        names = NAMES if rivals else ()
        self._rivals = {name: Rival(name, array) for name in names}
        self._pairs = {name: Rival(name, array, sources=2) for name in names}

    def one(self, cell: str, sound: Sound, truth: float) -> list[Answer]:
        """A talker at `truth` who speaks from `ONSET` on."""
        answers = []
        for name, found in self._ours(sound).items():
            voices = _voices(found)
            error = abs(difference(voices[0], truth)) if voices else 180.0
            answers.append(_answer(cell, name, error, found))
        for name, rival in self._rivals.items():
            azimuths = rival.locate(sound[:, ONSET:])
            error = abs(difference(azimuths[0], truth)) if azimuths else 180.0
            answers.append(Answer(cell, name, error))
        return answers

    def two(self, cell: str, sound: Sound, truth: tuple[float, float]) -> list[Answer]:
        """Two talkers at once: the larger error of the better pairing."""
        apart = abs(difference(*truth))
        answers = [
            replace(_answer(cell, name, pair_error(_voices(found)[:2], truth), found), apart=apart)
            for name, found in self._ours(sound).items()
        ]
        for name, rival in self._pairs.items():
            error = pair_error(rival.locate(sound[:, ONSET:])[:2], truth)
            answers.append(Answer(cell, name, error, apart=apart))
        return answers

    def none(self, cell: str, sound: Sound) -> list[Answer]:
        """Nobody speaks, although something thought so: every direction is wrong."""
        return [_answer(cell, name, 180.0, found) for name, found in self._ours(sound).items()]

    def _ours(self, sound: Sound) -> dict[str, Location]:
        background = self._localiser.learn([sound[:, : ONSET - GUARD]])
        evidence = self._localiser.evidence(sound[:, ONSET:], background)
        if evidence is None:
            return {OURS: Location(()), CLASSICAL: Location(())}
        steady = background.steady if background is not None else ()
        return {
            OURS: read(evidence, steady),
            CLASSICAL: read(replace(evidence, learned=None), steady),
        }


def _voices(found: Location) -> list[float]:
    return [d.azimuth for d in found.directions if d.kind is not SoundKind.MACHINE]


def _answer(cell: str, name: str, error: float, found: Location) -> Answer:
    best = next((d for d in found.directions if d.kind is not SoundKind.MACHINE), None)
    confidence = best.confidence if best is not None else 0.0
    sure = confidence >= EarSettings().min_confidence
    return Answer(cell, name, error, confidence, sure and not found.ambiguous, found.ambiguous)


def pair_error(found: Sequence[float], truth: tuple[float, float]) -> float:
    if len(found) < 2:
        return 180.0
    straight = max(abs(difference(found[0], truth[0])), abs(difference(found[1], truth[1])))
    crossed = max(abs(difference(found[0], truth[1])), abs(difference(found[1], truth[0])))
    return min(straight, crossed)


def summary(errors: Sequence[float]) -> Cell:
    values = np.array(errors)
    return {
        "count": len(errors),
        "median_deg": round(float(np.median(values)), 1),
        "within_10": round(100.0 * float(np.mean(values <= 10.0)), 1),
        "beyond_30": round(100.0 * float(np.mean(values > FAR)), 1),
    }


def table(answers: Iterable[Answer]) -> dict[str, dict[str, Cell]]:
    """Cell -> algorithm -> median error and shares in per cent."""
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for answer in answers:
        errors[answer.cell][answer.algorithm].append(answer.error)
    return {
        cell: {name: summary(some) for name, some in by_name.items()}
        for cell, by_name in errors.items()
    }


def gate(clear: Sequence[Answer], equal: Sequence[Answer], apart: float = 40.0) -> Cell:
    """How often ours acts on one clear talker, wrongly by far when it acts, and refuses two.

    `clear` and `equal` are answers of one of ours to one talker in little noise
    and to two as loud as each other; pairs closer than `apart` degrees are left out.
    """
    acting = [a for a in clear if a.acts]
    wide = [a for a in equal if a.apart > apart]
    return {
        "clear": len(clear),
        "acts": _share([a.acts for a in clear]),
        "gross_when_acting": _share([a.error > FAR for a in acting]),
        "equal_talkers": len(wide),
        "refuses": _share([a.ambiguous for a in wide]),
    }


def _share(hits: Sequence[bool]) -> float | None:
    return round(100.0 * sum(hits) / len(hits), 1) if hits else None


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[Cell]:
    """Of each tenth of confidence: how many, the mean said, and how many were right."""
    rows = []
    for tenth in range(10):
        inside = [p for p in pairs if min(int(p[0] * 10.0), 9) == tenth]
        if inside:
            said = float(np.mean([p[0] for p in inside]))
            right = float(np.mean([p[1] for p in inside]))
            rows.append({"count": len(inside), "said": round(said, 3), "right": round(right, 3)})
    return rows


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error over ten bins (Naeini 2015): mean |confidence - accuracy|."""
    gaps = [abs(r["said"] - r["right"]) * r["count"] for r in reliability(pairs)]
    return float(sum(gaps)) / max(1, len(pairs))


def sureness(answers: Iterable[Answer], algorithm: str = OURS) -> list[tuple[float, bool]]:
    """(confidence, right) of every answer to one talker or none."""
    return [
        (a.confidence, a.error <= RIGHT)
        for a in answers
        if a.algorithm == algorithm and a.apart == 0.0 and a.confidence > 0.0
    ]
