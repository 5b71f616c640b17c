"""Kept stills: for their owner's eyes, for some days, up to a size, and gone in one act."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alerts.evidence import DAY, EvidenceStore
from alerts.notice import Notice

WALL = 1_700_000_000.0
NOTICE = Notice("heliotrope-x-1", "person", "A person", "", at=WALL)


def store(folder: Path, days: float = 7.0, megabytes: float = 1.0) -> EvidenceStore:
    return EvidenceStore(folder, days, megabytes, lambda: WALL)


def put(at: EvidenceStore, name: str, size: int, age: float) -> Path:
    at.folder.mkdir(exist_ok=True)
    file = at.folder / name
    file.write_bytes(b"x" * size)
    os.utime(file, (WALL - age, WALL - age))
    return file


async def test_a_still_is_for_its_owner_alone(tmp_path: Path) -> None:
    kept = store(tmp_path)
    notice = await kept.attach(NOTICE, b"picture")
    file = kept.path(notice.picture)
    assert file is not None
    assert file.stat().st_mode & 0o077 == 0
    assert kept.folder.stat().st_mode & 0o077 == 0


def test_old_ones_go_and_of_too_much_the_oldest(tmp_path: Path) -> None:
    kept = store(tmp_path, days=7, megabytes=1)
    old = put(kept, "old.jpg", 10, 8 * DAY)
    files = [put(kept, f"{n}.jpg", 400_000, n * 60.0) for n in range(4)]
    kept.tidy()
    assert not old.exists()
    assert [file.exists() for file in files] == [True, True, False, False]


def test_what_a_power_cut_left_half_written_goes_with_the_rest(tmp_path: Path) -> None:
    kept = store(tmp_path, days=7)
    old = put(kept, ".old.jpg.part", 10, 8 * DAY)
    new = put(kept, ".new.jpg.part", 10, 60.0)
    kept.tidy()
    assert (old.exists(), new.exists()) == (False, True)
    assert kept.delete_all() == 1
    assert list(kept.folder.iterdir()) == []


def test_one_act_deletes_all(tmp_path: Path) -> None:
    kept = store(tmp_path)
    assert kept.delete_all() == 0
    for n in range(3):
        put(kept, f"{n}.jpg", 10, 0.0)
    assert kept.delete_all() == 3
    assert list(kept.folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../secret", "", "a.jpg/../../b", "x.png", ".hidden.jpg", "a b.jpg"]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    kept = store(tmp_path)
    kept.folder.mkdir()
    (tmp_path / "secret").write_text("no")
    assert kept.path(name) is None
