"""A second, thorough look at a frame with somebody new in it, before anything is believed.

Somebody who enters is mostly seen so surely from several sides (`Thorough`)
that no second frame is needed; a coat on a stand or a painting seldom is,
however often one quick look takes it for a person. What was refused is not
looked at again for a while, longer each time, so that a painting costs next
to nothing. Remembers bearings and times; no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.angles import difference
from engine.core.types import Label
from engine.ports import Image, PersonDetector
from engine.seeing.boxes import Box, overlap

SAME = 0.35
"""Overlap from which what is found is who was meant."""
BESIDE = 1.5
"""Degrees from what was refused within which it is still the same thing: who walks is seen anew."""
PAUSE, LONGEST = 0.08, 30.0
"""Seconds until what was refused is looked at again: doubling."""
FORGOTTEN = 10.0
"""Seconds without a sighting there after which a refusal is forgotten."""
SURER = 0.15
"""By how much the score must have risen to be another look worth while at once."""
MOST = 32
"""Refusals that are kept."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody of whom nobody has said yet that they are what they seem; degrees."""

    label: Label
    score: float
    box: Box
    bearing: float


@dataclass(slots=True)
class Refusal:
    """What was refused at a bearing, and when it may be looked at again."""

    bearing: float
    score: float
    again: float
    pause: float
    seen: float


class SecondLook:
    """`words` gives what a thorough look says of newcomers, where one is due."""

    def __init__(self, detector: PersonDetector, pass_mark: float) -> None:
        """`pass_mark`: the score below which somebody is refused."""
        self._detector = detector
        self._pass_mark = pass_mark
        self.refusals: list[Refusal] = []
        self.looks = 0

    def forget(self) -> None:
        self.refusals.clear()

    def words(
        self, image: Image, newcomers: Sequence[Newcomer], known: Sequence[Box], t: float
    ) -> Sequence[tuple[Label, float]] | None:
        """What each newcomer is and how surely, 0..1; None where none of them is due.

        Somebody seen from behind and above is a dog at first sight, and a person at the second.

        What the look finds speaks for one only: for somebody in a `known` box
        rather than for a newcomer who is a second box around them.
        """
        self.refusals = [r for r in self.refusals if 0.0 <= t - r.seen < FORGOTTEN][-MOST:]
        refused = [self._refused(n) for n in newcomers]
        for refusal in refused:
            if refusal is not None:
                refusal.seen = t
        if not any(_due(n, r, t) for n, r in zip(newcomers, refused, strict=True)):
            return None
        self.looks += 1
        found = self._detector.detect(image)
        words = [(n.label, 0.0) for n in newcomers]
        for d in found:
            shared = [overlap(d.box, n.box) for n in newcomers]
            best = max(range(len(shared)), key=lambda i: shared[i])
            taken = max((overlap(d.box, box) for box in known), default=0.0)
            fits = shared[best] >= SAME and shared[best] > taken
            if fits and d.score > words[best][1]:
                words[best] = (d.label, d.score)
        for newcomer, before, (_, word) in zip(newcomers, refused, words, strict=True):
            self._remember(newcomer, before, word, t)
        return words

    def _refused(self, newcomer: Newcomer) -> Refusal | None:
        near = (r for r in self.refusals if abs(difference(newcomer.bearing, r.bearing)) < BESIDE)
        return next(near, None)

    def _remember(self, newcomer: Newcomer, before: Refusal | None, word: float, t: float) -> None:
        if word >= self._pass_mark:
            if before in self.refusals:
                self.refusals.remove(before)
        elif before is None:
            new = Refusal(newcomer.bearing, newcomer.score, t + PAUSE, PAUSE, t)
            self.refusals.append(new)
        else:
            before.pause = min(2.0 * before.pause, LONGEST)
            before.again, before.score = t + before.pause, max(before.score, newcomer.score)


def _due(newcomer: Newcomer, before: Refusal | None, t: float) -> bool:
    return before is None or t >= before.again or newcomer.score >= before.score + SURER
