"""The device's own condition: how late the loop runs, how warm the board is."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import NoReturn

import pytest

from engine.core.types import Event, Measured
from engine.loops.vitals import LOOK_EVERY, TELL_EVERY, Vitals, temperature


class SlowClock:
    """Sleeps in no time, and once `late` seconds too long."""

    def __init__(self, late: float) -> None:
        self.t = 0.0
        self.late = late

    def now(self) -> float:
        return self.t

    async def sleep(self, seconds: float) -> None:
        self.t += seconds
        if self.t > 3.0:
            self.t, self.late = self.t + self.late, 0.0
        await asyncio.sleep(0)


async def measured(late: float, warmth: float | None) -> dict[str, float | None]:
    told: asyncio.Queue[Event] = asyncio.Queue()
    task = asyncio.ensure_future(Vitals(SlowClock(late), told.put_nowait, lambda: warmth).run())
    events = [await told.get(), await told.get()]
    task.cancel()
    return {event.name: event.value for event in events if isinstance(event, Measured)}


async def test_the_worst_lag_since_the_last_report_is_told() -> None:
    assert await measured(0.25, None) == {
        "loop_lag_ms": pytest.approx(250.0),
        "temperature_c": None,
    }


async def test_a_report_comes_seldom() -> None:
    assert TELL_EVERY >= 10.0 * LOOK_EVERY
    assert (await measured(0.0, 51.5))["temperature_c"] == 51.5


def test_the_warmest_zone_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    for number, text in enumerate(("48500\n", "61250\n", "no sensor")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert temperature(tmp_path) == 61.25


def test_a_board_without_zones_has_no_temperature(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None


def test_where_no_file_can_be_opened_there_is_no_temperature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "glob", full)
    assert temperature(tmp_path) is None
