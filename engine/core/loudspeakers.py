"""Where loudspeakers stand: bearings from which machines talk, not people.

Hearing calls most of what a television says a machine's, and some of it a
person's. A place from which mostly machines are heard is a machine's own:
its voice alone makes nobody there, until people have talked from it for a while
or somebody is seen. A wake word is answered from anywhere. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.core.angles import difference, wrap
from engine.core.types import SoundKind, VoiceHeard

GATE = 14.0
"""Degrees within which two directions are the same source: three sigma of a rough one."""
SURE = 6.0
"""Decisions in favour of a machine that are remembered at most: as many for a person undo them."""
FORGOTTEN = 90.0
"""Seconds without a machine after which a loudspeaker may have been carried away."""
MOST = 8
"""Loudspeakers that are remembered."""


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """One source: its bearing, machine's decisions less people's, and the last machine's moment."""

    bearing: float
    weight: float
    t: float


Loudspeakers = tuple[Loudspeaker, ...]


def hear(known: Loudspeakers, event: VoiceHeard) -> Loudspeakers:
    """What is known after one decision of hearing."""
    for heard in event.directions:
        if heard.kind is SoundKind.MACHINE:
            known = _machine(known, heard.bearing, event.t)
        elif heard.kind is SoundKind.DIRECT:
            known = tuple(
                replace(k, weight=k.weight - 1.0) if _at(k, heard.bearing) else k for k in known
            )
    return tuple(k for k in known if k.weight > 0.0 and event.t - k.t <= FORGOTTEN)


def talks(known: Loudspeakers, bearing: float) -> bool:
    """Whether a voice from `bearing` is a loudspeaker's as far as anybody knows."""
    return any(_at(k, bearing) for k in known)


def _machine(known: Loudspeakers, bearing: float, t: float) -> Loudspeakers:
    index = next((i for i, k in enumerate(known) if _at(k, bearing)), None)
    if index is None:
        return (*known, Loudspeaker(wrap(bearing), 1.0, t))[-MOST:]
    before = known[index]
    step = difference(bearing, before.bearing) / (before.weight + 1.0)
    after = Loudspeaker(wrap(before.bearing + step), min(before.weight + 1.0, SURE), t)
    return (*known[:index], after, *known[index + 1 :])


def _at(known: Loudspeaker, bearing: float) -> bool:
    return abs(difference(bearing, known.bearing)) <= GATE
