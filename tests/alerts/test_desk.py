"""The desk: words and tags of alerts, the quiet and the stills that the owner asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from alerts.desk import CONTINUES_SECONDS, Desk, Kept, Manner
from alerts.evidence import EvidenceStore
from alerts.notice import Notice
from engine.bench.push_servers import until
from engine.core.types import Alert, AlertKind, Command, Reply
from integrations.commands import FOR_THE_DESK

NOW, WALL = 50.0, 1_700_000_000.0


class Office:
    """A desk with clocks that a test turns, and what it posted."""

    def __init__(self, **more: object) -> None:
        self.now, self.wall = NOW, WALL
        self.posted: list[Notice] = []
        self.sirens = 0
        self.desk = Desk(
            Manner("0a1b", "Kitchen"),
            self.posted.append,
            siren=self.siren,
            now=lambda: self.now,
            wall=lambda: self.wall,
            **more,  # type: ignore[arg-type]
        )

    async def siren(self, on: bool) -> None:
        self.sirens += 1 if on else -1

    def alert(self, visit: int = 1, kind: AlertKind = AlertKind.PERSON, **more: object) -> None:
        self.desk.raise_alert(
            Alert(self.now, visit, kind, "a person was seen", 0.92, **more)  # type: ignore[arg-type]
        )

    def told(self, name: str, **arguments: object) -> Reply:
        command = Command(self.now, name, arguments, "test", "1")  # type: ignore[arg-type]
        calls = {
            "snooze": self.desk.snooze,
            "dismiss": self.desk.dismiss,
            "siren": self.desk.sound_siren,
        }
        assert set(calls) == FOR_THE_DESK
        return calls[name](command)


def test_it_says_what_where_when_and_how_sure() -> None:
    office = Office()
    office.alert(bearing=35.2, place="the sofa", distance=3.14)
    (notice,) = office.posted
    assert notice.title == "A person was seen"
    for words in ("Kitchen", "near the sofa", "35° to the left", "3.1 m", "92 % sure"):
        assert words in notice.message
    assert (notice.bearing, notice.place, notice.confidence) == (35.2, "the sofa", 0.92)
    assert notice.at == WALL


def test_where_nobody_knows_nothing_is_claimed() -> None:
    office = Office()
    office.alert(kind=AlertKind.SMOKE_ALARM)
    assert "to the" not in office.posted[0].message


def test_one_visit_is_one_tag_and_another_visit_another() -> None:
    office = Office()
    office.alert(1)
    office.alert(1, update=True)
    office.alert(2)
    first, again, other = (notice.tag for notice in office.posted)
    assert first == again != other
    assert office.desk.mine(first)
    assert not office.desk.mine("heliotrope-another-1")


@pytest.mark.parametrize(
    ("ago", "kind", "same"),
    [
        (CONTINUES_SECONDS / 2, "person", True),
        (CONTINUES_SECONDS * 2, "person", False),
        (CONTINUES_SECONDS / 2, "smoke_alarm", False),
        (-3600.0, "person", False),
    ],
)
def test_a_visit_goes_on_over_a_restart(ago: float, kind: str, same: bool) -> None:
    office = Office()
    office.desk.continues(Kept("heliotrope-0a1b-old-7", kind, WALL - ago))
    office.alert(8)
    assert (office.posted[0].tag == "heliotrope-0a1b-old-7") == same
    office.alert(9)
    assert office.posted[1].tag != office.posted[0].tag


def test_snoozed_it_is_quiet_of_people_and_not_of_fire() -> None:
    office = Office()
    assert office.told("snooze", minutes=30.0).ok
    office.alert(1)
    office.alert(2, AlertKind.SMOKE_ALARM)
    assert [notice.kind for notice in office.posted] == ["smoke_alarm"]
    office.now += 30 * 60 + 1
    office.alert(3)
    assert office.posted[-1].kind == "person"


def test_it_s_fine_ends_one_visit_only() -> None:
    office = Office()
    assert not office.told("dismiss").ok
    office.alert(1)
    assert office.told("dismiss", tag=office.posted[0].tag).ok
    office.alert(1, update=True)
    office.alert(2)
    assert len(office.posted) == 2


async def test_the_siren_sounds_or_says_that_there_is_none() -> None:
    office = Office()
    assert office.told("siren").ok
    await until(lambda: office.sirens == 1)
    assert office.told("siren", state="off").ok
    await until(lambda: office.sirens == 0)
    office.desk.siren = None
    assert not office.told("siren").ok


async def test_a_still_goes_along_only_where_the_owner_opted_in(tmp_path: Path) -> None:
    office = Office(still=lambda: b"picture")
    office.alert(1)
    assert office.posted[0].picture == ""
    store = EvidenceStore(tmp_path, 7, 1, lambda: WALL)
    office = Office(still=lambda: b"picture", evidence=store)
    office.alert(1)
    await until(lambda: office.posted)
    file = store.path(office.posted[0].picture)
    assert file is not None
    assert await asyncio.to_thread(file.read_bytes) == b"picture"


async def test_a_still_that_cannot_be_kept_costs_no_alert(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("in the way")
    store = EvidenceStore(tmp_path, 7, 1, lambda: WALL)
    office = Office(still=lambda: b"picture", evidence=store)
    office.alert(1)
    await until(lambda: office.posted)
    assert office.posted[0].picture == ""
