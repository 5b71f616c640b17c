"""Lines of cron as people know them: five fields, Sunday is 0 or 7, a day is either of two.

Reads and checks a line. APScheduler's own reading counts weekdays from Monday and wants
the day of the month and the weekday both to fit; `engine.loops.schedule` gets parts here
that mean to it what cron means (crontab(5), "The command field ... day of month or day of
week"). It knows no clock and starts nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
