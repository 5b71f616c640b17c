"""Floors for seeing on a small sample of real pictures and one real video.

The full measurement is script/measure's; these floors only catch a detector,
a tracker or a decoder that broke.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bench import seeing_quality as quality

pytestmark = pytest.mark.needs("data")


@pytest.fixture(scope="module")
def bench() -> quality.Bench:
    return quality.Bench()


def every(number: int, folder: Path, pattern: str) -> Callable[[Path], bool]:
    """A sample of the reported half: each `number`th file."""
    files = [p for p in sorted(folder.glob(pattern)) if quality.odd(p)]
    chosen = {p.name for p in files[::number]}
    return lambda path: path.name in chosen


def test_people_at_a_table(bench: quality.Bench, data_dir: Path) -> None:
    folder = data_dir / "panorama"
    found = quality.panorama(bench, folder, every(6, folder, "images/seg*.jpg"), sequence=False)
    assert found["boxes"] > 40
    assert found["precision"] >= 0.93
    assert found["recall"] >= 0.93


def test_people_at_home(bench: quality.Bench, data_dir: Path) -> None:
    folder = data_dir / "household"
    found = quality.household(bench, folder, every(2, folder, "images/*.jpg"))
    assert found["boxes"] >= 8
    assert found["precision"] >= 0.85
    assert found["recall"] >= 0.75


def test_nobody_in_an_empty_room(bench: quality.Bench, data_dir: Path) -> None:
    folder = data_dir / "empty_rooms"
    found = quality.empty_rooms(bench, folder, every(10, folder, "*.jpg"))
    assert found["rooms"] >= 20
    assert len(found["single"]) <= 1
    assert not found["confirmed"]


def test_cats_and_dogs(bench: quality.Bench, data_dir: Path) -> None:
    folder = data_dir / "pets"
    found = quality.pets(bench, folder, every(6, folder, "*/*.jpg"))
    for pet in (found["cat"], found["dog"]):
        assert pet["pictures"] >= 8
        assert pet["recall"] >= 0.85


def test_visits_in_a_video(bench: quality.Bench, data_dir: Path) -> None:
    found = quality.indoor_video(bench, data_dir / "indoor_video", every=3, frames=400)
    assert found["occupied"] > 80
    assert found["recall"] >= 0.96
    assert found["alarms"] == 0
    assert found["ids"] <= found["visits"] + 2


def test_which_way_a_head_points(bench: quality.Bench, data_dir: Path) -> None:
    found = quality.head_pose(bench, data_dir / "head_pose")
    for width in ("60px", "36px", "24px", "18px"):
        assert found[width]["found"] == 8
        assert found[width]["facing_right"] == 8
        assert found[width]["yaw_error"] <= 5.0


def test_the_back_of_a_head_seldom_faces_us(bench: quality.Bench, data_dir: Path) -> None:
    found = quality.back_turned(bench, data_dir / "indoor_video", every=10)
    assert found["frames"] >= 15
    assert found["facing"] <= 0.3 * found["frames"]
