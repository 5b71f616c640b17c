"""What stands beside a box: what it is, how far, why it is believed, whether it faces us."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.commands.see_drawing import draw, words
from engine.core.types import Label, PeopleSeen
from engine.seeing.eye import Look, Seen
from engine.seeing.frame_check import FrameReport
from engine.seeing.geometry import Lens, locate

BOX = (120.0, 60.0, 100.0, 400.0)
SEEN = Seen(
    Label.PERSON,
    0.85,
    BOX,
    locate(Lens(640, 480, 66.0), BOX),
    3,
    0.83,
    "confirmed by a second look, 0.72",
    "yaw +4, pitch -2",
)


def test_all_of_it_is_said() -> None:
    first, why, facing = words(SEEN, lens=True, sequence=True)
    assert first.startswith("person 0.85 #3, ")
    assert " m, +" in first
    assert why == "confirmed by a second look, 0.72"
    assert facing == "facing us 83%: yaw +4, pitch -2"


def test_without_a_lens_no_metres_and_without_a_sequence_no_confirmation() -> None:
    assert words(SEEN, lens=False, sequence=False) == [
        "person 0.85 #3",
        "facing us 83%: yaw +4, pitch -2",
    ]


@pytest.mark.parametrize(
    ("engagement", "why", "said"),
    [
        (0.08, "no face in sight", "not facing us 8%: no face in sight"),
        (None, "head too small", "facing unknown: head too small"),
    ],
)
def test_who_does_not_face_us_is_explained(engagement: float | None, why: str, said: str) -> None:
    seen = replace(SEEN, engagement=engagement, facing_why=why)
    assert words(seen, lens=True, sequence=True)[-1] == said


@pytest.mark.parametrize("box", [BOX, (0.0, 0.0, 640.0, 480.0), (600.0, 400.0, 40.0, 80.0)])
def test_boxes_anywhere_are_drawn_inside_the_picture(
    box: tuple[float, float, float, float],
) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    people = PeopleSeen(0.0, (), 0.0, (-33.0, 33.0))
    report = FrameReport("", 0.0, 1.0, 1.0)
    draw(picture, Look(people, (replace(SEEN, box=box),), report, (640, 480)))
    assert picture.any()


def test_words_beside_the_right_border_are_not_cut() -> None:
    people = PeopleSeen(0.0, (), 0.0, (-33.0, 33.0))
    report = FrameReport("", 0.0, 1.0, 1.0)
    inks = []
    for left in (100.0, 590.0):
        picture = np.full((480, 640, 3), 120, np.uint8)
        seen = replace(SEEN, box=(left, 200.0, 30.0, 100.0))
        draw(picture, Look(people, (seen,), report, (640, 480)))
        # Above the box there are only words.
        inks.append(int((picture[:190] != 120).any(2).sum()))
    assert inks[0] > 200
    assert inks[1] >= 0.95 * inks[0]
