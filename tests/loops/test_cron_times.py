"""When lines of cron come: its meaning of days, and every day its times as the clocks change."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loops.schedule import of_cron

BERLIN = ZoneInfo("Europe/Berlin")


def fires(line: str, after: str, count: int) -> list[str]:
    trigger = of_cron(line, BERLIN)
    now, found, before = datetime.fromisoformat(after).replace(tzinfo=BERLIN), [], None
    for _ in range(count):
        before = trigger.get_next_fire_time(before, now)
        assert before is not None
        found.append(before.strftime("%a %d %b %H:%M"))
        now = before + timedelta(seconds=1)
    return found


def test_sunday_is_0_and_7_as_in_cron() -> None:
    # 2026-11-28 is a Saturday.
    for day in ("0", "7", "sun"):
        assert fires(f"0 22 * * {day}", "2026-11-28T12:00", 1) == ["Sun 29 Nov 22:00"]
    assert fires("0 8 * * 1-5", "2026-11-28T12:00", 2) == ["Mon 30 Nov 08:00", "Tue 01 Dec 08:00"]


def test_where_a_day_and_a_weekday_are_given_either_counts() -> None:
    assert fires("0 9 1 * mon", "2026-11-28T12:00", 3) == [
        "Mon 30 Nov 09:00",
        "Tue 01 Dec 09:00",
        "Mon 07 Dec 09:00",
    ]


# Zone, the eve of the change, and a time of the hour that is left out, or comes twice.
AHEAD = [
    ("Europe/Berlin", "2026-03-28", "02:30", "2026-03-29T03:00+02:00"),
    ("America/New_York", "2026-03-07", "02:30", "2026-03-08T03:00-04:00"),
    ("Australia/Sydney", "2026-10-03", "02:30", "2026-10-04T03:00+11:00"),
    # Half an hour only.
    ("Australia/Lord_Howe", "2026-10-03", "02:15", "2026-10-04T02:30+11:00"),
    # A day that has no midnight.
    ("America/Santiago", "2026-09-05", "00:00", "2026-09-06T01:00-03:00"),
    ("Africa/Cairo", "2026-04-23", "00:00", "2026-04-24T01:00+03:00"),
    ("Asia/Beirut", "2026-03-28", "00:59", "2026-03-29T01:00+03:00"),
]
BACK = [
    ("Europe/Berlin", "2026-10-24", "02:30", "2026-10-25T02:30+02:00"),
    ("America/New_York", "2026-10-31", "01:30", "2026-11-01T01:30-04:00"),
    ("Australia/Sydney", "2026-04-04", "02:30", "2026-04-05T02:30+11:00"),
    ("Australia/Lord_Howe", "2026-04-04", "01:45", "2026-04-05T01:45+11:00"),
    # A day that has two midnights, and one that has its last hour twice.
    ("America/Havana", "2026-10-31", "00:30", "2026-11-01T00:30-04:00"),
    ("America/Santiago", "2026-04-04", "23:30", "2026-04-04T23:30-03:00"),
]


def moments(line: str, zone: str, eve: str, hours: float) -> list[datetime]:
    """When `line` fires in the hours from noon of `eve`."""
    place = ZoneInfo(zone)
    trigger = of_cron(line, place)
    now = datetime.fromisoformat(f"{eve}T12:00").replace(tzinfo=place)
    end, before = now.timestamp() + hours * 3600.0, None
    found: list[datetime] = []
    while True:
        before = trigger.get_next_fire_time(before, now)
        if before.timestamp() > end:
            return found
        found.append(before)
        now = datetime.fromtimestamp(before.timestamp() + 1.0, place)


@pytest.mark.parametrize(("zone", "eve", "time", "comes"), [*AHEAD, *BACK])
def test_a_time_that_is_left_out_or_comes_twice_fires_once(
    zone: str, eve: str, time: str, comes: str
) -> None:
    hour, minute = time.split(":")
    found = moments(f"{int(minute)} {int(hour)} * * *", zone, eve, 20.0)
    assert [moment.timestamp() for moment in found] == [datetime.fromisoformat(comes).timestamp()]


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 12, 23])
@pytest.mark.parametrize(("zone", "eve", "_time", "_comes"), [*AHEAD, *BACK])
def test_a_daily_line_comes_on_every_day_round_a_change(
    zone: str, eve: str, _time: str, _comes: str, hour: int
) -> None:
    found = moments(f"15 {hour} * * *", zone, eve, 5 * 24.0)
    first = datetime.fromisoformat(eve).date() + timedelta(days=hour < 12)
    assert {first + timedelta(days=n) for n in range(4)} <= {moment.date() for moment in found}
    assert len(found) == len({moment.date() for moment in found})


@functools.cache
def minutes(zone: str, eve: str) -> list[tuple[float, datetime]]:
    """Every minute of the days round a change, and what the wall shows in it."""
    place = ZoneInfo(zone)
    begin = datetime.fromisoformat(f"{eve}T12:00").replace(tzinfo=place).timestamp()
    steps = (begin + 60.0 * n for n in range(4 * 1440))
    return [(at, datetime.fromtimestamp(at, place).replace(tzinfo=None)) for at in steps]


def brute_force(
    zone: str, eve: str, named: Callable[[datetime], bool], every_hour: bool
) -> list[float]:
    """Cron by looking at the wall each minute."""
    found: list[float] = []
    shown: set[datetime] = set()
    last = None
    for at, wall in minutes(zone, eve):
        due = {wall}
        if not every_hour:
            while last is not None and last + timedelta(minutes=1) < wall:
                last += timedelta(minutes=1)
                due.add(last)
            due -= shown
            shown |= due
        if any(map(named, due)):
            found.append(at)
        last = wall
    return found


def some(low: int, high: int, likely: list[int]) -> st.SearchStrategy[set[int] | None]:
    numbers = st.sampled_from(likely) | st.integers(low, high)
    return st.none() | st.sets(numbers, min_size=1, max_size=4)


def field(numbers: set[int] | None) -> str:
    return "*" if numbers is None else ",".join(map(str, sorted(numbers)))


@given(
    change=st.sampled_from([*AHEAD, *BACK]),
    start=st.integers(0, 2 * 86400),
    minute=some(0, 59, [0, 30, 59]),
    hour=some(0, 23, [0, 1, 2, 3]),
    day=some(1, 31, [4, 5, 25, 26, 29, 30]),
    weekday=some(0, 6, [0, 1]),
)
def test_it_fires_as_cron_does_that_looks_at_the_wall_each_minute(
    change: tuple[str, str, str, str],
    start: int,
    minute: set[int] | None,
    hour: set[int] | None,
    day: set[int] | None,
    weekday: set[int] | None,
) -> None:
    def named(wall: datetime) -> bool:
        by_day = day is not None and wall.day in day
        by_weekday = weekday is not None and wall.isoweekday() % 7 in weekday
        return (
            (minute is None or wall.minute in minute)
            and (hour is None or wall.hour in hour)
            and (by_day or by_weekday or (day is None and weekday is None))
        )

    zone, eve, _, _ = change
    place = ZoneInfo(zone)
    trigger = of_cron(f"{field(minute)} {field(hour)} {field(day)} * {field(weekday)}", place)
    begin = minutes(zone, eve)[0][0] + start
    due = [at for at in brute_force(zone, eve, named, hour is None) if at >= begin][:40]
    now, before, found = datetime.fromtimestamp(begin, place), None, []
    for _ in due:
        before = trigger.get_next_fire_time(before, now)
        assert before is not None
        found.append(before.timestamp())
    assert found == due


@pytest.mark.parametrize(("zone", "eve", "_time", "_comes"), [*AHEAD, *BACK])
def test_a_line_for_every_hour_fires_at_each_full_hour_of_the_wall(
    zone: str, eve: str, _time: str, _comes: str
) -> None:
    found = moments("0 * * * *", zone, eve, 24.0)
    assert {moment.minute for moment in found} == {0}
    assert [m.timestamp() for m in found] == sorted({m.timestamp() for m in found})
    gaps = {b.timestamp() - a.timestamp() for a, b in itertools.pairwise(found)}
    assert gaps <= {1800.0, 3600.0, 5400.0}


@pytest.mark.parametrize("day", ["2026-03-28T20:00", "2026-10-24T20:00"])
def test_every_day_has_its_arming_when_the_clocks_change(day: str) -> None:
    found = fires("0 23 * * *", day, 3)
    days = [text.split()[1] for text in found]
    assert days == sorted(set(days))
    assert {text[-5:] for text in found} == {"23:00"}
