"""The schedule: pans now and then while armed, arming and disarming at set times.

APScheduler waits for the times, this says what they are: an interval with jitter,
cron lines, quiet hours. Every job posts a command, which the core answers like
any other: a pan is refused unless the home is armed for an absence. Runs that
were missed (a long sleep, a clock that was set) are made up for once, not many
times. It decides nothing about the home.
"""

from __future__ import annotations

import contextlib
import logging
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.interval import IntervalTrigger

from engine import cron
from engine.core.types import Command, Event, Measured
from engine.ports import Clock

log = logging.getLogger(__name__)

SOURCE = "schedule"
NEXT_PAN = "next_pan"
PAN = "pan"
MINUTE = 60.0
GRACE = 300
"""Seconds that a run may come late and still counts."""
JUMP = 5.0
"""Seconds that the wall clock may drift from the monotonic one between two looks."""
CHANGE = timedelta(hours=3)
"""As far as the clocks of a place go back at most, with room to spare."""
FARTHEST = 9 * 366
"""Days within which every line comes: a 29 February may be eight years away."""


class Quiet(BaseTrigger):  # type: ignore[misc]
    """Another trigger's times without those that fall into quiet hours.

    A time in a quiet span moves to its end. `spans` are (begins, ends) in minutes
    of the local day.
    """

    def __init__(self, trigger: BaseTrigger, spans: Sequence[tuple[int, int]]) -> None:
        self.trigger = trigger
        self.spans = tuple(spans)

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        found: datetime | None = self.trigger.get_next_fire_time(previous_fire_time, now)
        return found if found is None else after_quiet(found, self.spans)


class Cron(BaseTrigger):  # type: ignore[misc]
    """The times of a line of cron in `zone`, as cron has them when the clocks change.

    A line that names its hour comes once a day: at the end of the gap where its time is
    left out, and not again in an hour that comes twice: whoever arms again after a
    scheduled disarming must not be disarmed once more because it is half past two again.
    A line for every hour comes whenever the wall shows its minutes.
    """

    def __init__(self, when: cron.When, zone: tzinfo) -> None:
        self._when, self._times, self._zone = when, when.times, zone

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """The first time after `previous_fire_time`, or else from `now` on."""
        # In timestamps: two times of one zone compare by what the wall shows.
        if previous_fire_time is None:
            least = now.timestamp()
        else:
            least = math.nextafter(previous_fire_time.timestamp(), math.inf)
        # Each fold by itself goes forward with the wall; both together would not.
        folds = (0, 1) if self._when.hours is None else (0,)
        found = [at for at in (self._first(least, fold) for fold in folds) if at is not None]
        return datetime.fromtimestamp(min(found), self._zone) if found else None

    def _first(self, least: float, fold: int) -> float | None:
        for wall in self._walls(datetime.fromtimestamp(least, self._zone) - CHANGE):
            at = self._at(wall, fold)
            if at is not None and at >= least:
                return at
        return None

    def _walls(self, first: datetime) -> Iterator[datetime]:
        """What the wall shows at its times from `first` on, whether it ever does or not."""
        day, begin = first.date(), bisect_left(self._times, first.time())
        for _ in range(FARTHEST):
            if self._when.names(day):
                for time in self._times[begin:]:
                    yield datetime.combine(day, time)
            day, begin = day + timedelta(days=1), 0

    def _at(self, wall: datetime, fold: int) -> float | None:
        """The timestamp of that wall time, None where it is left out and not made up for."""
        while True:
            at = wall.replace(tzinfo=self._zone, fold=fold).timestamp()
            if datetime.fromtimestamp(at, self._zone).replace(tzinfo=None, fold=0) == wall:
                return at
            if self._when.hours is None:
                return None
            wall += timedelta(minutes=1)


def after_quiet(moment: datetime, spans: Sequence[tuple[int, int]]) -> datetime:
    """`moment`, or the end of the quiet span that it falls into, in its own zone's local time."""
    for _ in range(len(spans) + 1):
        minute = 60 * moment.hour + moment.minute
        span = next((s for s in spans if _covers(s, minute)), None)
        if span is None:
            return moment
        ends = moment.replace(
            hour=span[1] // 60 % 24, minute=span[1] % 60, second=0, microsecond=0, fold=0
        )
        if span[1] <= minute:
            ends += timedelta(days=1)
        # Wall-clock arithmetic may land in an hour that summer time leaves out.
        moment = datetime.fromtimestamp(ends.timestamp(), moment.tzinfo)
    return moment


def _covers(span: tuple[int, int], minute: int) -> bool:
    begins, ends = span
    return begins <= minute < ends if begins <= ends else minute >= begins or minute < ends


def of_cron(line: str, zone: tzinfo) -> BaseTrigger:
    """A line of cron, as cron means it; raises ValueError."""
    return Cron(cron.parse(line), zone)


@dataclass(frozen=True, slots=True)
class Plan:
    """When what is to happen. `every` and `jitter` in seconds, 0 for no interval; cron lines."""

    every: float = 1200.0
    jitter: float = 180.0
    pans: tuple[str, ...] = ()
    quiet: tuple[tuple[int, int], ...] = ()
    arm_away: tuple[str, ...] = ()
    arm_night: tuple[str, ...] = ()
    disarm: tuple[str, ...] = ()


class Schedule:
    """`run` as a task. `armed` tells whether pans are wanted now.

    The next pan is told as `Measured` (seconds since 1970), None while there is none.
    """

    def __init__(
        self,
        plan: Plan,
        post: Callable[[Event], None],
        clock: Clock,
        armed: Callable[[], bool],
        zone: tzinfo | None = None,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        self._plan, self._post, self._clock, self._armed = plan, post, clock, armed
        self._scheduler: Any = AsyncIOScheduler(**({"timezone": zone} if zone else {}))
        self._zone = self._scheduler.timezone
        self._wall = wall or (lambda: datetime.now(self._zone))
        self._told: float | None = None
        self._lines: list[tuple[str, BaseTrigger]] = []
        self._was_armed = False

    def trigger(self) -> BaseTrigger | None:
        """When pans are due; None: never by themselves."""
        plan = self._plan
        found: list[BaseTrigger] = []
        if plan.every > 0.0:
            jitter = round(min(plan.jitter, 0.5 * plan.every)) or None
            found.append(
                IntervalTrigger(seconds=round(plan.every), jitter=jitter, timezone=self._zone)
            )
        found += [of_cron(line, self._zone) for line in plan.pans]
        if not found:
            return None
        return Quiet(OrTrigger(found) if len(found) > 1 else found[0], plan.quiet)

    async def run(self) -> None:
        """Until it is cancelled."""
        options = {"coalesce": True, "misfire_grace_time": GRACE, "max_instances": 1}
        for name, lines, arguments in (
            ("arm", self._plan.arm_away, {"mode": "away"}),
            ("arm", self._plan.arm_night, {"mode": "night"}),
            ("disarm", self._plan.disarm, {}),
        ):
            for line in lines:
                trigger = of_cron(line, self._zone)
                job = self._scheduler.add_job(self._ask, trigger, (name, arguments), **options)
                self._lines.append((job.id, trigger))
        self._scheduler.start()
        try:
            await self._watch(options)
        finally:
            self._scheduler.shutdown(wait=False)
            self._tell(None)

    async def _watch(self, options: dict[str, Any]) -> None:
        """Pans come and go with the alarm; a clock that was set has every time counted anew."""
        # Timestamps: two times of one zone differ by what the wall shows, not by what has passed.
        wall, steady = self._wall().timestamp(), self._clock.now()
        while True:
            armed = self._armed()
            now, later = self._wall().timestamp(), self._clock.now()
            ahead = (now - wall) - (later - steady)
            jumped = abs(ahead) > JUMP
            wall, steady = now, later
            if ahead < -JUMP:
                # What was planned for a future that the clock has left would come far too late.
                for line, trigger in self._lines:
                    self._scheduler.reschedule_job(line, trigger=trigger)
            if armed is not self._was_armed or (jumped and armed):
                self._plan_pans(armed, options)
            elif jumped:
                self._scheduler.wakeup()
            self._was_armed = armed
            job = self._scheduler.get_job(PAN)
            self._tell(job.next_run_time.timestamp() if job and job.next_run_time else None)
            await self._clock.sleep(1.0)

    def _plan_pans(self, armed: bool, options: dict[str, Any]) -> None:
        with contextlib.suppress(JobLookupError):
            self._scheduler.remove_job(PAN)
        trigger = self.trigger() if armed else None
        if trigger is not None:
            self._scheduler.add_job(self._ask, trigger, (PAN, {}), id=PAN, **options)

    async def _ask(self, name: str, arguments: dict[str, str]) -> None:
        # A coroutine: APScheduler runs plain functions in a thread.
        self._post(Command(self._clock.now(), name, arguments, source=SOURCE))

    def _tell(self, at: float | None) -> None:
        if at != self._told:
            self._told = at
            self._post(Measured(self._clock.now(), NEXT_PAN, at))
