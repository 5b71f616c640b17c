"""Nobody is believed in before a second look agrees, and a painting is not looked at for ever."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.types import Label
from engine.ports import Detection, Frame, Image
from engine.seeing.eye import Eye, EyeSettings, Look
from engine.seeing.fakes import FakeDetector
from engine.seeing.geometry import Lens
from engine.seeing.second_look import FORGOTTEN, LONGEST, Newcomer, SecondLook
from engine.seeing.tracker import Observation, Tracker

BOX = (120.0, 60.0, 100.0, 400.0)
LENS = Lens(640, 480, 66.0)


def person(score: float, box: tuple[float, float, float, float] = BOX) -> Detection:
    return Detection(Label.PERSON, score, box)


def picture() -> Image:
    blocks = np.random.default_rng(1).integers(40, 220, (24, 32, 3), np.uint8)
    return np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)


class Room:
    """An eye whose quick and thorough looks say what they are told."""

    def __init__(self, quick: Detection, thorough: Detection | None) -> None:
        self.quick = FakeDetector([quick])
        self.thorough = FakeDetector([] if thorough is None else [thorough])
        settings = EyeSettings(threshold=0.4)
        self.eye = Eye(self.quick, LENS, settings, thorough=self.thorough)
        self.t = 0.0

    def look(self, rate: float = 0.0, heading: float = 0.0) -> Look:
        self.t += 0.1
        return self.eye.examine(Frame(self.t, picture()), heading, rate)

    def tracks(self, frames: int, rate: float = 0.0) -> set[int | None]:
        looks = [self.look(rate) for _ in range(frames)]
        return {o.track for look in looks for o in look.objects}


def test_a_sure_second_look_confirms_in_the_first_frame() -> None:
    assert Room(person(0.6), person(0.8)).tracks(1) == {1}


def test_nobody_is_confirmed_whom_the_second_look_does_not_find() -> None:
    assert Room(person(0.9), None).tracks(50) == {None}


def test_a_hasty_look_at_a_turning_head_needs_more_than_one_frame() -> None:
    room = Room(person(0.6), person(0.8))
    assert room.tracks(1, rate=80.0) == {None}


def test_who_is_known_costs_no_second_look() -> None:
    room = Room(person(0.6), person(0.8))
    room.tracks(20)
    assert room.thorough.calls == 1


def test_what_was_refused_is_looked_at_ever_less_often() -> None:
    room = Room(person(0.6), None)
    room.tracks(600)
    assert room.thorough.calls <= 12, "a minute of a painting"


def test_somebody_at_the_place_of_what_was_refused_is_found_in_time() -> None:
    room = Room(person(0.45), None)
    room.tracks(100)
    room.quick.detections, room.thorough.detections = [person(0.7)], [person(0.8)]
    assert room.look().objects[0].track is not None, "much surer: looked at at once"


def test_a_second_box_around_somebody_known_is_nobody_else() -> None:
    room = Room(person(0.7), person(0.8))
    room.tracks(3)
    echo = person(0.5, (150.0, 70.0, 100.0, 330.0))
    room.quick.detections = [person(0.7), echo]
    assert room.tracks(5) == {1, None}


@pytest.mark.parametrize(("left", "alone"), [(125.0, False), (380.0, True)])
def test_an_arm_that_moves_is_nobody_else(left: float, alone: bool) -> None:
    room = Room(person(0.7), person(0.8))
    room.tracks(3)
    arm = (left, 150.0, 50.0, 250.0)
    room.quick.detections = [person(0.7), person(0.5, arm)]
    room.thorough.detections = [person(0.8), person(0.45, arm)]
    still = picture()
    seen = set()
    for step in range(4):
        room.t += 0.1
        moved = still.copy()
        moved[150:400, int(left) : int(left) + 50] = 40 + 150 * (step % 2)
        look = room.eye.examine(Frame(room.t, moved))
        seen |= {o.track for o in look.objects if o.box == arm}
    assert (seen - {None} != set()) is alone


def test_the_frame_is_overwritten_when_the_second_look_fails() -> None:
    def fail(_image: Image) -> list[Detection]:
        raise RuntimeError("the network broke")

    eye = Eye(FakeDetector([person(0.6)]), LENS, thorough=FakeDetector(answer=fail))
    frame = Frame(0.1, picture())
    with pytest.raises(RuntimeError):
        eye.look(frame)
    assert not frame.pixels.any()


def test_refusals_are_bounded_end_and_are_forgotten() -> None:
    second = SecondLook(FakeDetector(), 0.5)
    for k in range(300):
        second.words(picture(), [Newcomer(Label.PERSON, 0.5, BOX, 2.0 * k)], (), 0.001 * k)
        assert len(second.refusals) <= 33
    second.words(picture(), [Newcomer(Label.PERSON, 0.5, BOX, 0.0)], (), FORGOTTEN + 1.0)
    assert len(second.refusals) == 1
    assert all(r.pause <= LONGEST for r in second.refusals)
    second.forget()
    assert not second.refusals


def test_who_looks_like_a_dog_at_first_is_what_the_second_look_says() -> None:
    dog = Detection(Label.DOG, 0.6, BOX)
    seen = Room(dog, person(0.8)).look().objects[0]
    assert seen.label is Label.PERSON
    assert seen.track is not None


def test_somebody_who_moves_while_the_room_stands_still_needs_less() -> None:
    def tracks(moving: bool) -> set[int | None]:
        room = Room(person(0.5), person(0.45))
        found: set[int | None] = set()
        for k in range(6):
            scene = picture()
            if moving:
                x = 130 + 10 * k
                scene[100:400, x : x + 60] = (200, 40, 60) if k % 2 else (10, 200, 240)
            room.t += 0.1
            found |= {o.track for o in room.eye.examine(Frame(room.t, scene)).objects}
        return found

    assert tracks(moving=True) == {None, 1}
    assert tracks(moving=False) == {None}


def test_two_tracks_of_one_person_become_one() -> None:
    """A newcomer confirmed where somebody known was seen a moment ago carries on their number."""
    tracker = Tracker(vouching=True)
    here = Observation(Label.PERSON, 0.8, 10.0, 1.0, 12.0, 15.0, -15.0)
    (first,) = tracker.update(0.1, [here])
    assert first is not None
    tracker.heed(first, Label.PERSON, 0.9)
    number = first.id
    first.bearing = 80.0  # its filter has run away
    (second,) = tracker.update(0.2, [here])
    assert second is not first
    assert second is not None
    first.bearing = 10.5
    tracker.heed(second, Label.PERSON, 0.9)
    assert second.id == number
    assert second.confirmed
    assert not first.confirmed
