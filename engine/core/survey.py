"""Setting up the range of motion: the owner turns the head by hand, both ends are noted.

Torque is off meanwhile. What was reached, less a margin, becomes the range; it
can only narrow what the configuration allows, and the mechanical centre lies
inside. Ends by itself once the head rests after both ends, or when nobody
turns it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MARGIN = 3.0  # deg kept from where the hand stopped: usually at a wall or a cable's end
NARROWEST = 30.0  # deg of range that are still worth a motor
REST = 5.0  # s without motion after which both ends were shown
PATIENCE = 120.0  # s that it waits for hands
STIRS = 1.5  # deg that count as being turned
CLEARLY = 10.0  # deg beyond where it stood that show an end; standing there shows none


@dataclass(frozen=True, slots=True)
class Survey:
    """`low` and `high` are the headings reached so far, `mark` and `stirred` the last motion.

    `start` is where the head stood.
    """

    active: bool = False
    start: float = 0.0
    low: float = 0.0
    high: float = 0.0
    mark: float = 0.0
    since: float = 0.0
    stirred: float = 0.0

    @property
    def both_shown(self) -> bool:
        """Whether it was turned to either side of where it stood."""
        return self.low < self.start - CLEARLY and self.high > self.start + CLEARLY

    @property
    def text(self) -> str:
        return (
            "range set-up: turn the head by hand to both ends, then let go; "
            f"{self.low:.0f}° to {self.high:.0f}° so far"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a survey came to: a range, or None and why not."""

    range: tuple[float, float] | None
    text: str


def begin(heading: float, now: float) -> Survey:
    return Survey(True, heading, heading, heading, heading, now, now)


def turned(survey: Survey, heading: float, now: float) -> Survey:
    """The survey after the head was read at `heading`."""
    if abs(heading - survey.mark) > STIRS:
        survey = replace(survey, mark=heading, stirred=now)
    return replace(survey, low=min(survey.low, heading), high=max(survey.high, heading))


def outcome(survey: Survey, limits: tuple[float, float]) -> Outcome:
    """What would come of it if it ended now; `limits` are the configuration's."""
    low = max(survey.low + MARGIN, limits[0])
    high = min(survey.high - MARGIN, limits[1])
    if not low < 0.0 < high:
        return Outcome(
            None,
            f"not set: it was turned from {survey.low:.0f}° to {survey.high:.0f}°, and the centre "
            "(0°) must lie well inside",
        )
    if high - low < NARROWEST:
        return Outcome(None, f"not set: {high - low:.0f}° are too few, {NARROWEST:g}° are needed")
    return Outcome((low, high), f"range of motion: {low:.0f}° to {high:.0f}°")


def over(survey: Survey, limits: tuple[float, float], now: float) -> Outcome | None:
    """The outcome once both ends were shown, or once nobody turns it; None: go on.

    Who rests after one end looks at the cable. A head that stood at an end shows
    it only to whoever says that both were shown.
    """
    found = outcome(survey, limits)
    if found.range is not None and not survey.both_shown:
        found = Outcome(None, "not set: it was turned to one side of where it stood")
    if now - survey.since > PATIENCE:
        return found if found.range else replace(found, text=f"{found.text} (gave up waiting)")
    rested = now - survey.stirred >= REST
    return found if rested and found.range is not None else None
