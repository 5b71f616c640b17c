"""The schedule: quiet hours, summer time, missed runs, sleeps and set clocks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import apscheduler.executors.base as executing
import apscheduler.schedulers.base as scheduling
import apscheduler.triggers.interval as intervals
import pytest

from engine.core.types import Command, Event, Measured
from engine.loops.schedule import NEXT_PAN, Plan, Schedule, after_quiet
from engine.sim.clock import ManualClock

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (22 * 60, 7 * 60)


def at(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


# --------------------------------------------------------------- quiet hours


def test_a_pan_in_quiet_hours_waits_for_their_end() -> None:
    assert after_quiet(at("2026-11-29T23:10"), [NIGHT]) == at("2026-11-30T07:00")
    assert after_quiet(at("2026-11-29T03:10"), [NIGHT]) == at("2026-11-29T07:00")
    assert after_quiet(at("2026-11-29T07:00"), [NIGHT]) == at("2026-11-29T07:00")
    assert after_quiet(at("2026-11-29T21:59"), [NIGHT]) == at("2026-11-29T21:59")


def test_quiet_spans_that_follow_each_other_are_one() -> None:
    spans = [(13 * 60, 15 * 60), (15 * 60, 16 * 60)]
    assert after_quiet(at("2026-11-29T13:30"), spans) == at("2026-11-29T16:00")


def test_quiet_all_day_never_ends_in_a_loop() -> None:
    whole = [(0, 12 * 60), (12 * 60, 0)]
    assert after_quiet(at("2026-11-29T13:30"), whole).tzinfo is BERLIN


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        # The night in which an hour is left out, and the one in which an hour comes twice.
        ("2026-03-29T01:30", "2026-03-29T07:00"),
        ("2026-10-25T01:30", "2026-10-25T07:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(moment: str, end: str) -> None:
    found = after_quiet(at(moment), [NIGHT])
    assert found == at(end)
    assert found.hour == 7


def test_a_quiet_end_in_the_hour_that_is_left_out_is_a_moment_that_exists() -> None:
    found = after_quiet(at("2026-03-29T01:30"), [(60, 150)])  # 01:00-02:30
    assert datetime.fromtimestamp(found.timestamp(), BERLIN).hour == found.hour


def test_pans_at_an_interval_keep_out_of_quiet_hours() -> None:
    trigger = Schedule(
        Plan(every=1200.0, jitter=180.0, quiet=(NIGHT,)),
        lambda _: None,
        ManualClock(),
        bool,
        BERLIN,
    ).trigger()
    assert trigger is not None
    now, before, found = at("2026-11-29T20:00"), None, []
    for _ in range(60):
        before = trigger.get_next_fire_time(before, now)
        assert before is not None
        found.append(before)
        now = before
    assert all(7 <= moment.hour < 22 for moment in found)
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(found) if a.day == b.day]
    assert all(600.0 <= gap <= 1800.0 for gap in gaps)
    assert len(set(gaps)) > 5, "nobody can count on it"


def test_no_interval_and_no_line_is_never() -> None:
    assert Schedule(Plan(every=0.0), lambda _: None, ManualClock(), bool, BERLIN).trigger() is None


# ------------------------------------------------------------ the clocks run


class Bench:
    """A running schedule whose wall clock is ours: it goes with the steady one until it is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, plan: Plan, start: str) -> None:
        self._set, self.clock = at(start), ManualClock()
        self.posted: list[Event] = []
        self.armed = False

        bench = self

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return bench.wall.astimezone(tz) if tz else bench.wall  # type: ignore[arg-type]

        for module in (scheduling, intervals, executing):
            monkeypatch.setattr(module, "datetime", Datetime)
        self.schedule = Schedule(
            plan, self.posted.append, self.clock, lambda: self.armed, BERLIN, lambda: self.wall
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.schedule.run())
        await self.settle()
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def wall(self) -> datetime:
        return datetime.fromtimestamp(self._set.timestamp() + self.clock.now(), BERLIN)

    async def passes(self, seconds: float, jump: float = 0.0) -> None:
        """Time passes; before it the wall clock is set, or the board slept."""
        self._set += timedelta(seconds=jump)
        end = self.clock.now() + seconds
        while self.clock.now() < end - 1e-6:
            await self.clock.advance(min(30.0, end - self.clock.now()))
            self.schedule._scheduler.wakeup()
            await self.settle()

    @property
    def commands(self) -> list[str]:
        return [c.name for c in self.posted if isinstance(c, Command)]

    @property
    def next_pan(self) -> float | None:
        told = [m for m in self.posted if isinstance(m, Measured) and m.name == NEXT_PAN]
        return told[-1].value if told else None


async def test_it_arms_and_disarms_at_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(arm_night=("0 23 * * *",), arm_away=("0 9 * * *",), disarm=("0 7 * * *",))
    bench = Bench(monkeypatch, plan, "2026-11-29T22:59")
    async with bench.running():
        await bench.passes(61.0)
        await bench.passes(11 * 3600.0)
    commands = [c for c in bench.posted if isinstance(c, Command)]
    assert [(c.name, c.arguments.get("mode")) for c in commands] == [
        ("arm", "night"),
        ("disarm", None),
        ("arm", "away"),
    ]


@pytest.mark.parametrize("eve", ["2026-03-28", "2026-10-24"])
async def test_the_night_of_a_change_of_clocks_arms_and_disarms_once_and_by_the_wall(
    monkeypatch: pytest.MonkeyPatch, eve: str
) -> None:
    plan = Plan(every=0.0, arm_night=("0 23 * * *", "30 2 * * *"), disarm=("0 7 * * *",))
    bench = Bench(monkeypatch, plan, f"{eve}T22:00")
    seen: list[tuple[str, str]] = []
    async with bench.running():
        for _ in range(11 * 60):
            before = len(bench.commands)
            await bench.passes(60.0)
            seen += [(name, f"{bench.wall:%H:%M}") for name in bench.commands[before:]]
    half_past_two = "03:0" if "-03-" in eve else "02:3"
    assert [name for name, _ in seen] == ["arm", "arm", "disarm"]
    assert seen[0][1].startswith("23:0")
    assert seen[1][1].startswith(half_past_two)
    assert seen[2][1].startswith("07:0")


@pytest.mark.parametrize("eve", ["2026-03-29T00:30", "2026-10-25T00:30"])
async def test_pans_keep_their_pace_while_the_clocks_change(
    monkeypatch: pytest.MonkeyPatch, eve: str
) -> None:
    bench = Bench(monkeypatch, Plan(every=600.0, jitter=0.0), eve)
    bench.armed = True
    async with bench.running():
        await bench.passes(2.0)
        await bench.passes(4 * 3600.0)
    times = [c.t for c in bench.posted if isinstance(c, Command)]
    assert len(times) == 24
    assert all(b - a == pytest.approx(600.0, abs=31.0) for a, b in itertools.pairwise(times))


async def test_pans_come_only_while_armed_and_their_time_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, Plan(every=600.0, jitter=0.0), "2026-11-29T12:00")
    async with bench.running():
        await bench.passes(1200.0)
        assert bench.commands == []
        assert bench.next_pan is None
        bench.armed = True
        await bench.passes(2.0)
        assert bench.next_pan == pytest.approx(bench.wall.timestamp() + 600.0, abs=3.0)
        await bench.passes(601.0)
        assert bench.commands == ["pan"]
        bench.armed = False
        await bench.passes(2.0)
        assert bench.next_pan is None
        await bench.passes(1200.0)
    assert bench.commands == ["pan"]


async def test_runs_missed_in_a_long_sleep_are_made_up_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, Plan(every=60.0, jitter=0.0), "2026-11-29T12:00")
    bench.armed = True
    async with bench.running():
        await bench.passes(2.0)
        # The board slept: the wall clock went on for ten hours, the steady one did not.
        await bench.passes(2.0, jump=10 * 3600.0)
        assert len(bench.commands) <= 1
        assert bench.next_pan is not None
        assert 0.0 < bench.next_pan - bench.wall.timestamp() <= 61.0
        await bench.passes(62.0)
        assert 1 <= len(bench.commands) <= 2


async def test_a_run_missed_by_little_is_made_up_for_and_by_much_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = Plan(every=0.0, disarm=("0 7 * * *",))
    for late, wanted in ((120.0, ["disarm"]), (3600.0, [])):
        bench = Bench(monkeypatch, plan, "2026-11-29T06:59")
        async with bench.running():
            await bench.passes(2.0, jump=60.0 + late)
            assert bench.commands == wanted


@pytest.mark.parametrize("days", [1, 400])
async def test_a_clock_set_back_loses_no_run_of_the_new_time(
    monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    plan = Plan(every=600.0, jitter=0.0, arm_night=("0 23 * * *",))
    bench = Bench(monkeypatch, plan, "2026-12-30T12:00")
    bench.armed = True
    async with bench.running():
        await bench.passes(2.0)
        await bench.passes(2.0, jump=-days * 86400.0)
        await bench.passes(2.0)
        assert bench.next_pan is not None
        assert 0.0 < bench.next_pan - bench.wall.timestamp() <= 601.0
        until = bench.wall.replace(hour=23, minute=0, second=30)
        bench.armed = False
        await bench.passes((until - bench.wall).total_seconds())
    assert "arm" in bench.commands


async def test_a_clock_set_ahead_brings_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, Plan(every=60.0, jitter=0.0), "2026-11-29T12:00")
    bench.armed = True
    async with bench.running():
        await bench.passes(2.0)
        await bench.passes(2.0, jump=400 * 86400.0)
        assert len(bench.commands) <= 1
        assert bench.next_pan == pytest.approx(bench.wall.timestamp() + 60.0, abs=5.0)
