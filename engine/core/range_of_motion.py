"""The range of motion: which headings the head may take, and what it can face.

An interval around the mechanical centre, in unwrapped degrees. Changing it
never moves 0. Pure: it knows nothing of motors; the brain asks it what can
be faced, the profile keeps to it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.angles import clamp, difference, into_range

WIDEST = 720.0  # degrees; cables allow no more, and `into_range` looks one turn to either side


@dataclass(frozen=True, slots=True)
class RangeOfMotion:
    """Headings in [low, high], both reachable. Raises ValueError for no interval at all."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"a range needs low < high, not {self.low:g} and {self.high:g} degrees"
            )
        if self.high - self.low > WIDEST:
            raise ValueError(f"a range of more than {WIDEST:g} degrees would wind up the cables")

    @property
    def width(self) -> float:
        return self.high - self.low

    def contains(self, heading: float) -> bool:
        return self.low <= heading <= self.high

    def clamp(self, heading: float) -> float:
        """The heading inside the range that lies nearest to `heading` (not wrapped)."""
        return clamp(heading, self.low, self.high)

    def facing(self, bearing: float, reference: float) -> float | None:
        """A heading that faces `bearing`, the one nearest to `reference`; None where none does."""
        return into_range(bearing, self.low, self.high, reference)

    def closest(self, bearing: float, reference: float) -> tuple[float, float]:
        """The heading that comes closest to facing `bearing`, and what is missing in degrees.

        Out of the range that is one of its ends; of two as good, the one
        nearer to `reference`, so that the head does not swing across the room.
        """
        facing = self.facing(bearing, reference)
        if facing is not None:
            return facing, 0.0
        ends = ((end, abs(difference(bearing, end))) for end in (self.low, self.high))
        return min(ends, key=lambda end: (round(end[1], 6), abs(end[0] - reference)))
