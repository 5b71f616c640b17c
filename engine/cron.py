"""Lines of cron as people know them: five fields, Sunday is 0 or 7, a day is either of two.

Reads and checks a line, and says which days and which times of the wall it names, as
crontab(5) has it. APScheduler's own reading counts weekdays from Monday, wants the day of
the month and the weekday both to fit, and loses times after a change of clocks;
`engine.loops.schedule` goes by what is said here. It knows no clock and starts nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


@dataclass(frozen=True, slots=True)
class _Field:
    """The name of a field for people, its bounds, and the words for its numbers."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, tuple(MONTHS)),
    _Field("weekday", 0, 7, DAYS),
)
LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class When:
    """A line as sets of numbers, weekdays with Sunday as 0; None is every one of them."""

    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None
    months: frozenset[int] | None
    weekdays: frozenset[int] | None

    def names(self, day: date) -> bool:
        """Whether it is for `day`; where a day and a weekday are given, either counts."""
        if self.months is not None and day.month not in self.months:
            return False
        by_day = self.days is None or day.day in self.days
        by_weekday = self.weekdays is None or day.isoweekday() % 7 in self.weekdays
        if self.days is None or self.weekdays is None:
            return by_day and by_weekday
        return by_day or by_weekday

    @property
    def times(self) -> list[time]:
        """The times of each of its days by the clock on the wall, in order."""
        hours = range(24) if self.hours is None else sorted(self.hours)
        minutes = range(60) if self.minutes is None else sorted(self.minutes)
        return [time(hour, minute) for hour in hours for minute in minutes]


def parse(line: str) -> When:
    """Raises ValueError, which says what field is wrong and why."""
    texts = line.lower().split()
    if len(texts) != len(FIELDS):
        raise ValueError(f"has {len(texts)} fields; cron has minute hour day month weekday")
    minutes, hours, days, months, weekdays = (
        _read(field, text) for field, text in zip(FIELDS, texts, strict=True)
    )
    if weekdays is not None:
        weekdays = frozenset(day % 7 for day in weekdays)
    elif days is not None:
        longest = max(LONGEST_MONTH[m - 1] for m in months or range(1, 13))
        if min(days) > longest:
            raise ValueError(f"never comes: no such month has a day {min(days)}")
    return When(minutes, hours, days, months, weekdays)


def _read(field: _Field, text: str) -> frozenset[int] | None:
    if text == "*":
        return None
    return frozenset(n for part in text.split(",") for n in _part(field, part))


def _part(field: _Field, part: str) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"has {part!r} for the {field.name}, which is not cron")
    first, last, step = found.groups()
    if first == "*":
        if last is not None:
            raise ValueError(f"has {part!r} for the {field.name}, which is not cron")
        low, high = field.low, field.high
    else:
        low = _number(field, first)
        # `5/15` is "from 5 on, every 15".
        high = _number(field, last) if last else field.high if step else low
    if low > high:
        raise ValueError(f"has {part!r} for the {field.name}: it ends before it begins")
    every = int(step) if step else 1
    if every == 0:
        raise ValueError(f"has {part!r} for the {field.name}: a step of 0 never comes on")
    return range(low, high + 1, every)


def _number(field: _Field, text: str) -> int:
    if text in field.words:
        return field.words.index(text) + field.low
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise ValueError(f"has {text!r} for the {field.name}; it is {field.low} to {field.high}")
    return int(text)
