"""Places: what a bearing means, whatever is seen or heard there. The one store of them.

What it decides: which bearings are no evidence of a person (a painting that was
learned, a window that the owner masked, a wall that returns voices), and which
word the owner has for a bearing. It must not know of people, frames or files:
`engine.places_file` keeps the store, `engine.core.lifeless` finds what to learn.

How to use it, all pure and frozen:

    places.named(bearing)               the owner's word for where that is, or ""
    places.refuted(bearing, Sense.SEEN, now, margin=2.0)
                                        the place that makes a sighting there no news, or None
    places.masked(bearing, Sense.SEEN)  the same, of the owner's masks alone (alerts)
    places.with_(place)                 a store with one more; `id` 0 is given a number
    places.without(which)               a store without some: "learned", "masks", "names",
                                        "all", a number or a name; LookupError for none of them
    places.items                        all of them, for lists and entities

The brain owns the store (`State.places`), everyone reads it in `Snapshot.places`;
`Places(snapshot.places)` gives the questions above to whoever holds a snapshot.
It is changed by the commands `name_place`, `mask_place` and `clear_places`.
Bearings are in the world (degrees from the mechanical centre), so a place stays
where it is when the head turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.angles import difference, wrap

MOST = 64
"""Places that are kept; a home with more has another problem."""
NARROWEST, WIDEST = 2.0, 180.0
"""Degrees that a place of the owner's may be wide."""
BOTH = "both"
"""The word for a place that concerns every sense."""
PASSING_FOR = 3600.0
"""Seconds from its last sighting in which whoever was told of without moving is not told again."""
USUAL_WIDTH = 20.0
"""Degrees from edge to edge of a place whose width nobody gave: a sofa at 3 m."""


class Sense(StrEnum):
    """By what something at a place is noticed."""

    SEEN = "seen"
    HEARD = "heard"


class Origin(StrEnum):
    """Who made a place: the device learned it, the owner masked it, or gave it a name."""

    LEARNED = "learned"
    MASK = "mask"
    NAME = "name"


class Full(ValueError):
    """There are `MOST` places of the owner's already."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees of the world from `bearing` - `width` / 2 to + `width` / 2.

    `sense` None means both. `distance` in metres, where it was learned with one.
    `until`: when it ends on the monotonic clock; None for good. What ends is not
    kept over a restart.
    """

    bearing: float
    sense: Sense | None
    origin: Origin
    name: str = ""
    width: float = USUAL_WIDTH
    distance: float | None = None
    until: float | None = None
    id: int = 0

    @property
    def passing(self) -> bool:
        """Whether it is where somebody was told of who never moved, and so ends by itself."""
        learned = self.origin is Origin.LEARNED and self.sense is Sense.SEEN
        return learned and self.until is not None

    def covers(self, bearing: float, margin: float = 0.0) -> bool:
        """Whether `bearing` lies in it, or at most `margin` degrees beside it."""
        return abs(difference(bearing, self.bearing)) <= self.width / 2.0 + margin

    def concerns(self, sense: Sense) -> bool:
        return self.sense is None or self.sense is sense


Holds = Callable[[Place], bool]
GROUPS: dict[str, Holds] = {
    "all": lambda _: True,
    "learned": lambda place: place.origin is Origin.LEARNED,
    "masks": lambda place: place.origin is Origin.MASK,
    "names": lambda place: place.origin is Origin.NAME,
}


@dataclass(frozen=True, slots=True)
class Places:
    """All places, oldest first."""

    items: tuple[Place, ...] = ()

    def named(self, bearing: float) -> str:
        """The owner's word for `bearing`: of several, the place whose middle is nearest."""
        around = [p for p in self.items if p.name and p.covers(bearing)]
        words = [p for p in around if p.origin is Origin.NAME] or around
        nearest = min(words, key=lambda p: abs(difference(bearing, p.bearing)), default=None)
        return nearest.name if nearest else ""

    def masked(self, bearing: float, sense: Sense, margin: float = 0.0) -> Place | None:
        """The owner's mask at `bearing`, or None."""
        for place in self.items:
            owners = place.origin is Origin.MASK and place.concerns(sense)
            if owners and place.covers(bearing, margin):
                return place
        return None

    def refuted(
        self,
        bearing: float,
        sense: Sense,
        now: float,
        margin: float = 0.0,
        distance: float | None = None,
    ) -> Place | None:
        """What makes something at `bearing` no evidence of anybody: a mask or a learned place.

        What is much nearer or farther than what was learned there is something else.
        """
        for place in self.items:
            counts = place.origin is not Origin.NAME and place.concerns(sense)
            ended = place.until is not None and place.until <= now
            there = place.covers(bearing, margin) and _as_far(place.distance, distance)
            if counts and not ended and there:
                return place
        return None

    def with_(self, place: Place) -> Places:
        """One more. A name, and what is learned again, moves instead.

        Raises Full, and ValueError for a name that `without` would take for others.
        """
        if place.name in GROUPS or place.name.isdigit():
            raise ValueError(f"{place.name!r} cannot be a name: clear_places means others by it")
        kept = [p for p in self.items if not _same(p, place)]
        if len(kept) >= MOST:
            # What was learned can be learned again; what the owner said is theirs.
            oldest = next((p for p in kept if p.origin is Origin.LEARNED), None)
            if oldest is None:
                raise Full(f"there are {MOST} places already: clear some first")
            kept.remove(oldest)
        before = next((p.id for p in self.items if _same(p, place)), 0)
        number = place.id or before or max((p.id for p in self.items), default=0) + 1
        return Places((*kept, replace(place, bearing=wrap(place.bearing), id=number)))

    def without(self, which: str) -> Places:
        """Without a group of `GROUPS`, a number, or a name. Raises LookupError for nothing."""
        holds = GROUPS.get(which)
        if holds is None:
            found = [p for p in self.items if which in (str(p.id), p.name)]
            if not found or not which:
                raise LookupError(f"there is no place {which!r}")
            return Places(tuple(p for p in self.items if p not in found))
        return Places(tuple(p for p in self.items if not holds(p)))

    def without_one(self, place: Place) -> Places:
        """Without this one, and whatever else is called as it is numbered left alone."""
        return Places(tuple(p for p in self.items if p.id != place.id))

    def current(self, now: float) -> Places:
        """Without those that have ended; itself where none has."""
        kept = tuple(p for p in self.items if p.until is None or p.until > now)
        return self if len(kept) == len(self.items) else Places(kept)

    def lasting(self) -> tuple[Place, ...]:
        """What is worth keeping over a restart."""
        return tuple(p for p in self.items if p.until is None)


def _same(old: Place, new: Place) -> bool:
    """Whether the new one takes the old one's place."""
    if old.origin is not new.origin:
        return False
    if new.id and old.id == new.id:
        return True
    if new.origin is Origin.NAME:
        return old.name == new.name
    if new.origin is Origin.MASK:
        return bool(new.name) and old.name == new.name
    overlapping = old.covers(new.bearing) and new.covers(old.bearing)
    return old.sense is new.sense and overlapping and _as_far(old.distance, new.distance)


def _as_far(a: float | None, b: float | None) -> bool:
    return a is None or b is None or math.isclose(a, b, rel_tol=0.4)
