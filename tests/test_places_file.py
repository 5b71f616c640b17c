"""Places on disk: there after a restart, told when damaged, never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.places import MOST, Origin, Place, Places, Sense
from engine.errors import UserError
from engine.places_file import FILE, PlacesFile

HOME = Places(
    (
        Place(40.0, None, Origin.NAME, "sofa", id=1),
        Place(-60.0, Sense.SEEN, Origin.MASK, "Fenster", 30.0, id=2),
        Place(10.0, Sense.SEEN, Origin.LEARNED, width=6.0, distance=3.25, id=7),
    )
)


def test_no_file_is_no_places_and_none_is_made(tmp_path: Path) -> None:
    file = PlacesFile(tmp_path)
    assert file.load() == Places()
    file.keep(())
    assert list(tmp_path.iterdir()) == []


def test_places_are_there_after_a_restart_without_what_ends(tmp_path: Path) -> None:
    file = PlacesFile(tmp_path)
    file.load()
    ending = Place(0.0, Sense.HEARD, Origin.LEARNED, until=9.0, id=8)
    file.keep((*HOME.items, ending))
    assert PlacesFile(tmp_path).load() == HOME


def test_nothing_is_written_while_nothing_lasting_changes(tmp_path: Path) -> None:
    PlacesFile(tmp_path).write(HOME.items)
    file = PlacesFile(tmp_path)
    file.load()
    before = os.stat(tmp_path / FILE).st_ino
    file.keep((*HOME.items, Place(0.0, Sense.HEARD, Origin.LEARNED, until=9.0, id=8)))
    assert os.stat(tmp_path / FILE).st_ino == before, "an atomic write makes a new file"
    file.keep(HOME.items[:1])
    assert PlacesFile(tmp_path).load().items == HOME.items[:1]


def entry(**changes: object) -> dict[str, object]:
    good: dict[str, object] = {
        "id": 1, "bearing": 1.0, "width": 10.0, "sense": None, "origin": "name",
        "name": "sofa", "distance": None,
    }  # fmt: skip
    return {**good, **changes}


BAD = [
    (b"", "is not JSON"),
    (b"\xff\xfe", "is not JSON"),
    (b'{"version": 1, "places": [', "is not JSON"),
    (b"[]", "version"),
    (b'{"version": 2, "places": []}', "version"),
    (b'{"version": 1}', "places: must be a list"),
    ({"places": [entry()] * (MOST + 1)}, "at most"),
    ({"places": [entry(), 3]}, r"places\[1\].must be an object"),
    ({"places": [entry(bearing="left")]}, r"places\[0\].bearing"),
    ({"places": [entry(bearing=float("nan"))]}, r"places\[0\].bearing"),
    ({"places": [entry(bearing=10**400)]}, r"places\[0\].bearing"),
    ({"places": [entry(width=0)]}, r"places\[0\].width"),
    ({"places": [entry(origin="aliens")]}, r"places\[0\].origin"),
    ({"places": [entry(sense="smelt")]}, r"places\[0\].sense"),
    ({"places": [entry(name="a\nb")]}, r"places\[0\].name"),
    ({"places": [entry(id=0)]}, r"places\[0\].id"),
    ({"places": [entry(), entry()]}, "same id"),
    ({"places": [entry(colour="red")]}, "colour: there is no such key"),
    ({"places": [{"id": 1}]}, "is missing"),
]


@pytest.mark.parametrize(("content", "says"), BAD)
def test_a_bad_file_is_told_and_set_aside_not_lost(
    tmp_path: Path, content: bytes | dict[str, object], says: str
) -> None:
    path = tmp_path / FILE
    data = content if isinstance(content, bytes) else json.dumps({"version": 1, **content}).encode()
    path.write_bytes(data)
    with pytest.raises(UserError, match=says) as told:
        PlacesFile(tmp_path).load()
    assert str(path) in str(told.value)
    assert told.value.remedy
    assert path.read_bytes() == data

    file = PlacesFile(tmp_path)
    places, problem = file.load_or_set_aside()
    assert places == Places()
    assert "set aside as" in problem
    file.keep(HOME.items)
    assert PlacesFile(tmp_path).load() == HOME
    (aside,) = (f for f in tmp_path.iterdir() if f.name != FILE)
    assert aside.read_bytes() == data

    path.write_bytes(data)
    PlacesFile(tmp_path).load_or_set_aside()
    assert aside.read_bytes() == data, "a second bad file does not push out the first"
    assert len(list(tmp_path.iterdir())) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_whatever_the_file_says_it_is_places_or_one_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    lines: tuple[str, ...] = ()
    try:
        PlacesFile(tmp_path).load()
    except UserError as error:
        lines = error.lines
    assert len(lines) <= 1
    assert all(FILE in line for line in lines)


def test_a_full_disk_costs_what_is_new_and_not_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    PlacesFile(tmp_path).write(HOME.items)
    file = PlacesFile(tmp_path)
    file.load()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.places_file.write_atomically", full)
    file.keep(HOME.items[:1])
    assert "No space left" in caplog.text
    assert PlacesFile(tmp_path).load() == HOME
