"""What the bench of seeing counts, and what it takes for truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bench import seeing_pets
from engine.bench.seeing_distance import (
    SEATED,
    STANDING,
    Source,
    compose,
    enlarged,
    large_enough,
    lens,
    mirrored,
    scenes,
)
from engine.bench.seeing_truth import Score, interval, windows
from engine.bench.seeing_visitors import outline


@given(st.integers(1, 400), st.data())
def test_an_interval_holds_the_share_and_narrows_with_more(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = interval(hits, of)
    assert 0.0 <= low <= hits / of + 1e-3
    assert hits / of - 1e-3 <= high <= 1.0
    more_low, more_high = interval(10 * hits, 10 * of)
    assert more_high - more_low <= high - low + 2e-3


def test_an_interval_is_wilsons() -> None:
    # Wilson's of 15 of 21, by hand: centre (15 + 1.921) / (21 + 3.841).
    assert interval(15, 21) == (0.5, 0.862)
    assert interval(0, 0) == (0.0, 1.0)


def test_a_box_that_nobody_looked_at_is_a_pet_taken_for_a_person() -> None:
    assert seeing_pets.verdict("dog.4023.jpg", (101, 10, 150, 290)) == seeing_pets.PERSON
    assert seeing_pets.verdict("dog.4023.jpg", (174, 96, 309, 268)) == seeing_pets.PET
    assert seeing_pets.verdict("dog.9999.jpg", (101, 10, 150, 290)) == seeing_pets.PET


def test_who_sits_on_a_panoramas_seam_is_no_mistake_on_its_other_side() -> None:
    panorama = np.zeros((640, 1280, 3), np.uint8)
    first, *_, last = windows(panorama, [(1.0, 300.0, 20.0, 54.0), (700.0, 300.0, 40.0, 90.0)])
    assert first[1] == [(1.0, 100.0, 20.0, 54.0)], "the side that truth has is to be found"
    assert last[1] == []
    score = Score()
    score.add([(298.0, 130.0, 22.0, 60.0), (150.0, 96.0, 22.0, 70.0)], last[1], last[2], 0.3)
    assert score.false == 1, "and elsewhere in that window nobody is"


def test_somebody_is_outlined_by_what_changed_and_not_by_their_shadow() -> None:
    empty = np.full((200, 300, 3), 150, np.uint8)
    shown = empty.copy()
    cv2.rectangle(shown, (100, 150), (180, 190), (130, 130, 130), -1)
    cv2.rectangle(shown, (120, 40), (159, 179), (30, 40, 50), -1)
    box = outline(shown, empty)
    assert box is not None
    assert box == pytest.approx((120, 40, 40, 140), abs=3)
    assert outline(empty, empty) is None
    cv2.rectangle(shown, (120, 40), (159, 199), (30, 40, 50), -1)
    assert outline(shown, empty) is None, "cut by the picture's border"


@pytest.mark.parametrize("distance", [1.5, 3.0])
def test_somebody_is_as_high_as_the_lens_makes_them(distance: float) -> None:
    picture = np.full((400, 300, 3), 90, np.uint8)
    source = Source("a", picture, (100.0, 50.0, 100.0, 300.0), ())
    room = np.zeros((360, 640, 3), np.uint8)
    shown = compose(source, STANDING, distance, 0.0, room)
    assert shown.person[3] == pytest.approx(lens().focal * 1.7 / distance, rel=0.01)
    assert enlarged(source, STANDING, distance) == pytest.approx(shown.person[3] / 300.0, rel=0.01)
    assert enlarged(source, SEATED, 0.5) <= SEATED.most


def test_a_mirror_image_exchanges_left_and_right_alone() -> None:
    picture = np.zeros((100, 80, 3), np.uint8)
    picture[20:60, 10:30] = 255
    source = Source("a", picture, (10.0, 20.0, 20.0, 40.0), ((50.0, 0.0, 5.0, 9.0),))
    other = mirrored(source)
    x, y, w, h = (int(v) for v in other.person)
    assert other.picture[y : y + h, x : x + w].min() == 255
    assert other.picture.sum() == picture.sum()
    assert other.others == ((25.0, 0.0, 5.0, 9.0),)
    again = mirrored(other)
    assert np.array_equal(again.picture, picture)
    assert (again.person, again.others) == (source.person, source.others)


def test_everybody_who_is_large_enough_is_put_into_several_rooms(tmp_path: Path) -> None:
    (tmp_path / "empty_rooms").mkdir()
    for grey in range(0, 200, 20):
        room = np.full((36, 64, 3), grey, np.uint8)
        cv2.imwrite(str(tmp_path / "empty_rooms" / f"{grey}.jpg"), room)
    picture = np.full((400, 300, 3), 255, np.uint8)
    picture[:, :150, 0] = 0  # the left half is yellow
    large = Source("large", picture, (100.0, 50.0, 100.0, 300.0), ())
    small = Source("small", picture, (100.0, 50.0, 20.0, 60.0), ())
    chosen = large_enough([small, large], STANDING, 2.0)
    assert chosen == [(1, large)]
    shown = [s for s, _ in scenes(tmp_path, STANDING, 2.0, chosen, lambda _: True, 3)]
    assert [s.name for s in shown] == ["large"] * 3
    assert len({int(s.pixels[0, 0, 0]) for s in shown}) == 3, "three rooms"
    assert len({s.person[0] for s in shown}) == 3, "in three directions"
    yellow = []
    for one in shown:
        x, y, w, h = (round(v) for v in one.person)
        inside = one.pixels[y + 2 : y + h - 2, x + 2 : x + w - 2]
        assert inside[..., 1:].min() > 250, "the person's pixels"
        yellow.append(bool(inside[0, 0, 0] < inside[0, -1, 0]))
    assert yellow == [True, False, True], "in the mirror image every second time"
