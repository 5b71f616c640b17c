"""The history: what happened is read back, forgotten in time, and exported without harm."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alerts.historian import Historian
from alerts.history import COLUMNS, FILE, History, Past, as_csv, as_json
from alerts.notice import Notice
from alerts.outbox import Attempt
from engine.bench.push_servers import until
from engine.core.types import Happened, Mode, ShutterState, Snapshot
from integrations import sample
from integrations.hub import Feed, Latest


def opened(folder: Path) -> History:
    history = History(folder)
    history.open()
    return history


def test_what_was_added_is_read_back_in_order_and_window(tmp_path: Path) -> None:
    history = opened(tmp_path)
    events = [Past(float(n), "person", "came", 10.0 * n, "detail") for n in range(10)]
    history.add(events)
    assert history.since(3.0, 6.0) == events[3:6]
    assert history.since(0.0, most=2) == events[-2:]
    history.close()


def test_what_is_too_old_is_forgotten(tmp_path: Path) -> None:
    history = opened(tmp_path)
    history.add([Past(1.0, "a", "b"), Past(9.0, "a", "b")])
    history.forget(before=5.0)
    assert [event.at for event in history.since(0.0)] == [9.0]
    history.close()


def test_a_file_that_is_no_database_does_not_stop_the_engine(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    history = opened(tmp_path)
    history.add([Past(1.0, "a", "b")])
    assert len(history.since(0.0)) == 1
    history.close()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"))


@given(st.lists(st.builds(Past, st.floats(0, 1e9), texts, texts, st.none(), texts)))
def test_both_exports_hold_every_event(events: list[Past]) -> None:
    assert [Past(**entry) for entry in json.loads(as_json(events))] == events
    rows = list(csv.reader(io.StringIO(as_csv(events), newline="")))
    assert rows[0] == list(COLUMNS)
    assert len(rows) == len(events) + 1


@given(st.sampled_from("=+-@"), st.text(max_size=20))
def test_a_spreadsheet_calculates_nothing_of_ours(first: str, rest: str) -> None:
    text = as_csv([Past(1.0, "key", "kind", None, first + rest)])
    row = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert row[4].startswith("'")


async def test_the_historian_writes_down_what_everybody_is_told(tmp_path: Path) -> None:
    historian = Historian(History(tmp_path), keep=1e9)
    states: Latest[Snapshot] = Latest()
    happened: Feed[Happened] = Feed()
    task = asyncio.create_task(historian.run(states, happened))
    await until(lambda: happened._listeners)
    now = time.monotonic()
    quiet = replace(sample.at(now), shutter=ShutterState.OPEN, mode=Mode.FOLLOW)
    states.put(quiet)
    await asyncio.sleep(0)
    happened.put(Happened(now, "person", "came", 12.0))
    happened.put(Happened(now, "viewer", "came"))  # told below with who it was
    historian.viewers(("Anna",), "Anna", True)
    historian.raised(Notice("tag-1", "person", "A person", "", at=time.time()))
    historian.attempted(Attempt(time.time(), "tag-1", "mqtt", 1, True, 0.1, "yes"))
    await asyncio.sleep(0.05)
    states.put(replace(quiet, shutter=ShutterState.CLOSED))
    await asyncio.sleep(0.05)
    found = {(e.key, e.kind) for e in await historian.read(0.0, 1e12, 100)}
    assert found >= {
        ("engine", "started"),
        ("person", "came"),
        ("viewer", "came"),
        ("alert", "person"),
        ("delivery", "delivered"),
        ("shutter", "open"),
        ("shutter", "closed"),
    }
    looked = [e.detail for e in await historian.read(0.0, 1e12, 100) if e.key == "viewer"]
    assert looked == ["Anna"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    history = opened(tmp_path)
    await until(lambda: ("engine", "stopped") in {(e.key, e.kind) for e in history.since(0.0)})
    history.close()


def test_what_stands_at_a_moment_is_the_newest_of_what_lasts_since_the_engine_began(
    tmp_path: Path,
) -> None:
    history = opened(tmp_path)
    assert history.standing(1e9) == []
    day = 86_400.0
    history.add(
        [
            Past(10.0, "engine", "started"),
            Past(11.0, "alarm", "armed_away"),
            Past(12.0, "engine", "started"),
            Past(13.0, "shutter", "open"),
            Past(14.0, "person", "came"),
            Past(20.0, "shutter", "closed"),
            Past(10.0 + day, "person", "left"),
            Past(11.0 + day, "person", "came"),
            Past(12.0 + day, "sound", "speech"),
            Past(20.0 + day, "alarm", "disarmed"),
        ]
    )

    def kinds(start: float) -> list[tuple[float, str]]:
        return [(event.at, event.kind) for event in history.standing(start)]

    assert kinds(12.0) == [(10.0, "started"), (11.0, "armed_away")]
    assert kinds(13.5) == [(12.0, "started"), (13.0, "open")]
    # The alarm of the run before is not this run's; the last event is there, whatever it was.
    assert kinds(18.0 + day) == [
        (12.0, "started"),
        (20.0, "closed"),
        (10.0 + day, "left"),
        (11.0 + day, "came"),
        (12.0 + day, "speech"),
    ]
    history.close()
