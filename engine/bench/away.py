"""Away mode over seeds: how soon somebody is told of, and how often nobody: `script/measure away`.

Somebody enters during a pan: seconds from the moment at which half of them is in the
picture, at 15 % of its height or more, to the alert in the outbox. A day alone: alerts
in 24 hours with a pet, a television and changing light; and with a painting besides.
"""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.notice import Notice
from alerts.outbox import Outbox
from engine.bench.away_home import HOUR, MINUTE, Day, Glare, Home, Screen, pans
from engine.core.angles import difference
from engine.core.types import AlertKind, Label
from engine.sim.scenario import Actor, Leg, Place, Scenario, Spot, Spread, When
from engine.sim.scenario_world import stream

SEEDS, DAYS, WITH_A_PAINTING = 400, 3, 1
WITHIN = 3.0  # s
LEAST_HEIGHT = 0.15  # of the picture
ASPECT = 0.75  # of a picture of 4:3
GIVE_UP = 25.0  # s after somebody was first to be seen
STRAIGHT = 70.0  # deg of the room that somebody crosses in a straight line at the most
NEAREST = 1.2  # m

Progress = Callable[[str], None]


# ---------------------------------------------------------------- somebody enters


def entering(rng: random.Random) -> tuple[Scenario, float]:
    """A room, a door and somebody who comes in and walks about; and when."""
    enters = rng.uniform(2.0, 30.0)
    bearing = rng.uniform(-170.0, 170.0)
    door = _place(bearing, rng.uniform(2.2, 4.5))
    legs = []
    for _ in range(6):
        to = rng.uniform(-170.0, 170.0)
        # The device stands on something: nobody walks through it.
        around = abs(difference(to, bearing)) > STRAIGHT
        where = _place(to, rng.uniform(NEAREST, 4.0))
        stay, speed = Spread(1.0, 6.0), Spread(0.7, 1.4)
        legs.append(Leg(go=where, speed=speed, stay=stay, arc=around))
        bearing = to
    person = Actor("intruder", door, tuple(legs), enters=When(Spread(enters, enters)), height=1.7)
    scenario = Scenario(
        "somebody enters", "", 120.0, (person,), heading=Spread(-170.0, 170.0), peers=False
    )
    return scenario, enters


def _place(bearing: float, distance: float) -> Place:
    return Place(bearing=Spread(bearing, bearing), distance=Spread(distance, distance))


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: seconds from being to be seen to the alert, None for never; and for how long."""

    seed: int
    seconds: float | None
    in_view: float


def entry(seed: int) -> Entry | None:
    """None where the person never came to be seen."""
    scenario, _ = entering(stream(seed, "entering"))
    home = Home(scenario, seed)
    player = home.world.players[0]
    vertical = 2.0 * math.tan(math.radians(home.camera.model.field_of_view / 2.0)) * ASPECT
    visible: list[float] = []

    def watch(t: float, heading: float) -> None:
        if not player.present(t):
            return
        x, y = player.where(t)
        inside = abs(difference(math.degrees(math.atan2(y, x)), heading))
        tall = player.actor.height / math.hypot(x, y) / vertical
        if inside <= home.camera.model.field_of_view / 2.0 and tall >= LEAST_HEIGHT:
            visible.append(t)

    def told() -> bool:
        return any(a.kind is AlertKind.PERSON for _, a in home.alerts)

    home.on_frame = watch
    home.run(1.0)
    home.pan()
    home.run(110.0, lambda: told() or bool(visible and home.t > visible[0] + GIVE_UP))
    if not visible:
        return None
    alerted = next((t for t, a in home.alerts if a.kind is AlertKind.PERSON), None)
    seconds = None if alerted is None else alerted - visible[0]
    return Entry(seed, seconds, len(visible) * 0.1)


def entries(count: int, progress: Progress) -> dict[str, Any]:
    """Over `count` seeds; the time to the disk is measured on one."""
    found: list[Entry] = []
    for seed in range(count):
        progress(f"somebody enters, {seed + 1} of {count}")
        one = entry(seed)
        if one is not None:
            found.append(one)
    disk = commit_seconds()
    delays = sorted(e.seconds + disk for e in found if e.seconds is not None)
    late = [e for e in found if e.seconds is None or e.seconds + disk > WITHIN]
    return {
        "seen": len(found),
        "in_time": round(1.0 - len(late) / max(1, len(found)), 4),
        "never": sum(e.seconds is None for e in found),
        "median_s": round(delays[len(delays) // 2], 2) if delays else None,
        "p99_s": round(delays[int(0.99 * (len(delays) - 1))], 2) if delays else None,
        "worst_s": round(delays[-1], 2) if delays else None,
        "late_seeds": [e.seed for e in late],
        "commit_s": round(disk, 4),
    }


def commit_seconds(count: int = 50) -> float:
    """The slowest of some commits of an alert to the outbox."""
    with tempfile.TemporaryDirectory() as folder:
        box = Outbox(Path(folder))
        box.open()
        slowest = 0.0
        for n in range(count):
            begun = time.perf_counter()
            box.put(Notice(f"tag-{n}", "person", "A person was seen", "", at=float(n)), ["mqtt"])
            slowest = max(slowest, time.perf_counter() - begun)
        box.close()
    return slowest


# -------------------------------------------------------------------- a day alone


def empty_home(rng: random.Random, hours: float, painting: bool) -> tuple[Scenario, Day]:
    """A pet that wanders and sleeps, a television at breakfast and in the evening, light."""
    until = hours * HOUR
    pet = Actor(
        "pet",
        _place(rng.uniform(-150.0, 150.0), 2.0),
        tuple(
            Leg(
                go=_place(rng.uniform(-160.0, 160.0), rng.uniform(1.0, 4.0)),
                speed=Spread(0.3, 1.5),
                stay=Spread(20.0, 900.0),
            )
            for _ in range(12)
        ),
        label=rng.choice((Label.CAT, Label.DOG)),
        height=0.35,
        repeat=True,
    )
    spots = (Spot(_place(rng.uniform(-160.0, 160.0), 3.0), 0.5),) if painting else ()
    scenario = Scenario(
        "a day alone", "", until, (pet,), spots=spots, heading=Spread(-90.0, 90.0), peers=False
    )
    on = tuple(
        (a * HOUR, b * HOUR) for a, b in ((1.0, 2.5), (10.0, 16.0), (20.0, 21.0)) if a < hours
    )
    screen = Screen(rng.uniform(-150.0, 150.0), 14.0, 3.0, on)
    glares = tuple(
        Glare(
            rng.uniform(-150.0, 150.0),
            rng.uniform(2.0, 4.0),
            begins := rng.uniform(0.0, until),
            begins + rng.uniform(10.0, 40.0) * MINUTE,
            rng.uniform(-15.0, 15.0) / HOUR,
            rng.uniform(0.05, 0.25),
        )
        for _ in range(round(hours / 4.0))
    )
    switches = tuple(sorted(rng.uniform(0.0, until) for _ in range(round(1.5 * hours))))
    dark = ((18.5 * HOUR, 19.5 * HOUR),)
    return scenario, Day(screen, glares, switches, dark)


@dataclass(frozen=True, slots=True)
class Alone:
    """A day: the moments (h) and kinds of what was told, and where."""

    told: tuple[tuple[float, str, float | None], ...]


def alone(seed: int, hours: float, progress: Progress, painting: bool = False) -> Alone:
    scenario, day = empty_home(stream(seed, "alone"), hours, painting)
    home = Home(scenario, seed, day)
    for moment in pans(stream(seed, "pans"), hours * HOUR, 20.0 * MINUTE, 3.0 * MINUTE):
        home.run(min(moment, hours * HOUR))
        progress(f"a day alone, seed {seed}, hour {home.t / HOUR:.1f}, {len(home.alerts)} alerts")
        if home.t >= hours * HOUR - 1.0:
            break
        home.pan()
    told = tuple(
        (round(t / HOUR, 3), a.kind.value, None if a.bearing is None else round(a.bearing, 1))
        for t, a in home.alerts
        if not a.update
    )
    return Alone(told)


def days(seeds: Sequence[int], hours: float, progress: Progress, painting: bool) -> dict[str, Any]:
    found = [alone(seed, hours, progress, painting) for seed in seeds]
    counts = [len(day.told) for day in found]
    return {
        "days": len(found),
        "hours": hours,
        "false_alerts": counts,
        "per_24_h": round(sum(counts) / len(counts) * 24.0 / hours, 2),
        "told": [list(day.told) for day in found],
    }


def measure(
    _data: Path | None, progress: Progress, seeds: int = SEEDS, day_count: int = DAYS
) -> dict[str, Any]:
    return {
        "within_s": WITHIN,
        "somebody_enters": entries(seeds, progress),
        "alone": days(range(day_count), 24.0, progress, painting=False),
        "alone_with_a_painting": days(range(WITH_A_PAINTING), 24.0, progress, painting=True),
        "note": "simulated senses; the head follows its set-points exactly",
    }
