"""Short-term ids, in the world's bearings."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import Label
from engine.seeing.detector import PersonNet
from engine.seeing.tracker import Observation, Track, Tracker


def person(bearing: float, score: float = 0.8, label: Label = Label.PERSON) -> Observation:
    return Observation(label, score, bearing, 1.0, 12.0, 15.0, -15.0)


def ids(owners: list[Track | None]) -> list[int | None]:
    return [o.id if o is not None and o.confirmed else None for o in owners]


def feed(tracker: Tracker, start: float, *frames: list[Observation]) -> list[list[int | None]]:
    return [ids(tracker.update(start + i / 10, f)) for i, f in enumerate(frames)]


def test_the_second_sure_sighting_confirms() -> None:
    seen = feed(Tracker(), 0.0, [person(10)], [person(11)], [person(12)])
    assert seen == [[None], [1], [1]]


def test_doubtful_sightings_start_nothing() -> None:
    seen = feed(Tracker(), 0.0, *[[person(10, 0.35)]] * 20)
    assert all(frame == [None] for frame in seen)


def test_doubtful_sightings_carry_on_a_track() -> None:
    tracker = Tracker()
    feed(tracker, 0.0, *[[person(10)]] * 3)
    assert feed(tracker, 0.3, *[[person(10, 0.3)]] * 10) == [[1]] * 10


def test_a_sure_sighting_of_an_arm_does_not_take_the_number_of_who_it_belongs_to() -> None:
    tracker = Tracker()
    feed(tracker, 0.0, *[[person(10)]] * 5)
    arm = Observation(Label.PERSON, 0.5, 14.5, 1.0, 4.0, 12.0, -13.0)
    assert feed(tracker, 0.5, [arm, person(10, 0.36)]) == [[None, 1]]


def test_a_track_does_not_live_on_doubt_for_ever() -> None:
    tracker = Tracker()
    feed(tracker, 0.0, *[[person(10)]] * 3)
    assert feed(tracker, 0.3, *[[person(10, 0.3)]] * 100)[-1] == [None]


def test_a_blurred_frame_does_not_confirm() -> None:
    tracker = Tracker()
    for step in range(10):
        owners = tracker.update(step / 10, [person(10, 0.6)], trust=0.5)
        assert ids(owners) == [None]


@pytest.mark.parametrize("gap", [0.5, 1.0, 2.0])
def test_an_id_survives_an_occlusion(gap: float) -> None:
    tracker = Tracker()
    feed(tracker, 0.0, *[[person(10)]] * 5)
    tracker.update(0.4 + gap / 2, [])
    assert ids(tracker.update(0.4 + gap, [person(11)])) == [1]


def test_an_id_is_never_given_again() -> None:
    tracker = Tracker()
    feed(tracker, 0.0, *[[person(10)]] * 5)
    later = feed(tracker, 10.0, *[[person(10)]] * 5)
    assert later[-1] == [2]


def test_two_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    noise = random.Random(5)
    last: list[int | None] = []
    for step in range(60):
        t = step / 10
        a, b = -15 + 6 * t + noise.gauss(0, 0.5), 15 - 6 * t + noise.gauss(0, 0.5)
        # While one hides the other there is only one to be seen.
        seen = [person(a), person(b)] if abs(a - b) > 6 else [person((a + b) / 2)]
        owners = ids(tracker.update(t, seen))
        if len(owners) == 2:
            last = owners
    assert last == [1, 2]


def test_two_cameras_worth_of_people_cost_nothing_noticeable() -> None:
    """Twelve people who walk about, against the least that finding them costs: the network."""
    tracker, network = Tracker(), PersonNet()
    picture = np.zeros((240, 320, 3), np.uint8)
    network.detect(picture)
    begun = time.process_time()
    for step in range(100):
        t = step / 10
        owners = tracker.update(t, [person(30 * k + 5 * math.sin(t + k)) for k in range(12)])
    tracking, begun = (time.process_time() - begun) / 100, time.process_time()
    for _ in range(5):
        network.detect(picture)
    assert len({o.id for o in owners if o is not None and o.confirmed}) == 12
    assert tracking < 0.25 * (time.process_time() - begun) / 5


def test_the_seam_behind_is_no_border() -> None:
    tracker = Tracker()
    feed(tracker, 0.0, [person(178)], [person(179)], [person(180)])
    assert ids(tracker.update(0.3, [person(-179)])) == [1]


def test_a_dog_taken_for_a_person_now_and_then_stays_a_dog() -> None:
    tracker = Tracker()
    for step in range(30):
        label = Label.PERSON if step % 4 == 3 else Label.DOG
        owners = tracker.update(step / 10, [person(10, 0.7, label)])
    (track,) = owners
    assert track is not None
    assert track.label is Label.DOG


@given(
    st.lists(
        st.lists(
            st.builds(
                person,
                st.floats(-180, 180),
                st.floats(0, 1),
                st.sampled_from(list(Label)),
            ),
            max_size=5,
        ),
        max_size=20,
    )
)
def test_no_two_sightings_of_a_frame_share_a_track(frames: list[list[Observation]]) -> None:
    tracker = Tracker()
    for step, frame in enumerate(frames):
        owners = [o.id for o in tracker.update(step / 10, frame) if o is not None]
        assert len(owners) == len(set(owners))
        for track in tracker.tracks:
            assert math.isfinite(track.bearing)
            assert track.variance[0] > 0


def test_time_that_stands_still_or_runs_back_does_no_harm() -> None:
    tracker = Tracker()
    for t in (1.0, 1.0, 0.5, 2.0):
        tracker.update(t, [person(10)])
    assert len(tracker.tracks) == 1


def turning(tracker: Tracker, bearing: Callable[[float], float], frames: int = 12) -> bool:
    """Whether a head at 40 deg/s confirms something that it sees at `bearing(heading)`."""
    confirmed = False
    for step in range(frames):
        heading = 4.0 * step
        owners = tracker.update(step / 10, [person(bearing(heading))], 0.95, heading)
        confirmed = confirmed or any(o is not None and o.confirmed for o in owners)
    return confirmed


def test_what_one_heading_showed_in_motion_is_not_believed_until_another_shows_it() -> None:
    tracker = Tracker()
    assert not turning(tracker, lambda _: 10.0, frames=2)
    assert turning(Tracker(), lambda _: 10.0, frames=4)


def test_a_reflection_that_turns_with_the_camera_is_nobody() -> None:
    assert not turning(Tracker(), lambda heading: heading + 3.0)


def test_a_camera_that_stands_still_confirms_what_a_turn_has_shown() -> None:
    tracker = Tracker()
    turning(tracker, lambda _: 10.0, frames=2)
    owners = tracker.update(0.2, [person(10.0)])
    assert ids(owners) == [1]


@pytest.mark.parametrize("speed", [5.0, 8.0, 10.0])
def test_a_surer_newcomer_beside_somebody_known_does_not_take_their_number(speed: float) -> None:
    tracker = Tracker()
    walk = [[person(-20.0 + speed * k / 10, 0.6)] for k in range(11)]
    feed(tracker, 0.0, *walk)
    at = -20.0 + speed
    # The detector gives the surest first.
    both = [[person(at + 4.2, 0.9), person(at, 0.6)]] * 10
    for newcomer, known in feed(tracker, 1.1, *both):
        assert known == 1
        assert newcomer in (None, 2)
