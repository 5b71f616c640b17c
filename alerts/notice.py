"""What people are told: one notice a visit, as a frozen value that survives in a file.

Says what, where, when and how sure, in words and in numbers. It knows no
channel, no clock and no disk; whoever makes one gives the time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum


class Urgency(StrEnum):
    """How far a phone goes to be noticed: its silent and sleep modes stand between these."""

    NORMAL = "normal"
    TIME_SENSITIVE = "time_sensitive"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing worth telling. The same `tag` is the same notification, whatever else changed.

    `at` is the moment it was noticed, seconds since 1970 by the device's clock.
    `bearing` in world degrees, counter-clockwise positive; `place` the owner's
    word for it. `picture` is the name of a kept still, empty without one.
    """

    tag: str
    kind: str
    title: str
    message: str
    at: float
    bearing: float | None = None
    place: str = ""
    confidence: float = 1.0
    urgency: Urgency = Urgency.TIME_SENSITIVE
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A notice on its way: `revision` counts its updates from 1; `age` in seconds since `at`."""

    notice: Notice
    revision: int = 1
    age: float = 0.0

    @property
    def late(self) -> bool:
        return self.age > LATE_SECONDS

    @property
    def title(self) -> str:
        return f"Late: {self.notice.title}" if self.late else self.notice.title

    @property
    def message(self) -> str:
        if not self.late:
            return self.notice.message
        return f"{self.notice.message} (told {duration(self.age)} later)"


LATE_SECONDS = 60.0
"""A notice older than this says so: somebody who runs home should know what has passed."""


def encode(notice: Notice) -> str:
    """`notice` as JSON."""
    return json.dumps(asdict(notice), separators=(",", ":"), allow_nan=False)


def decode(text: str) -> Notice:
    """The notice in `text`; a field of another version is left out. Raises ValueError."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("a notice is a JSON object")  # noqa: TRY004 - one kind of error for the caller
    known = {field.name for field in fields(Notice)}
    kept = {name: value for name, value in values.items() if name in known}
    kept["urgency"] = Urgency(kept.get("urgency", Urgency.TIME_SENSITIVE))
    try:
        return Notice(**kept)
    except TypeError as problem:
        raise ValueError(str(problem)) from None


def duration(seconds: float) -> str:
    """A length of time as people say it: `3 min`, `2 h 5 min`."""
    minutes = round(seconds / 60.0)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (rest, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
