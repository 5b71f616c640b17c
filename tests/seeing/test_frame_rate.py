"""How many frames a second are looked at, and the reason given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import Label, PeopleSeen, Sighting
from engine.seeing.frame_rate import (
    BUSY_FOR,
    IDLE,
    LEAST,
    STILL,
    WALKING_FOR,
    FrameRate,
    FrameRateSettings,
    Why,
)

CHEAP = 0.001


def seen(t: float, bearing: float | None = None) -> PeopleSeen:
    there = () if bearing is None else (Sighting(bearing, 1.0, 0.9, Label.PERSON, track=1),)
    return PeopleSeen(t, there, 0.0, (-33.0, 33.0))


def test_an_empty_room_gets_a_look_a_second() -> None:
    rate = FrameRate()
    rate.looked(seen(0.0), CHEAP)
    assert rate.at(0.1) == (IDLE, Why.NOBODY)
    assert IDLE <= 1.0


def test_motion_wakes_it_and_quiet_lets_it_sleep_again() -> None:
    rate = FrameRate()
    rate.moved(5.0)
    assert rate.at(5.0) == (10.0, Why.MOTION)
    assert rate.at(5.0 + BUSY_FOR)[1] is Why.NOBODY


def test_who_sits_still_needs_fewer_frames_than_who_walks() -> None:
    rate = FrameRate()
    for step in range(6):
        rate.looked(seen(0.2 * step, 10.0), CHEAP)
    assert rate.at(1.1) == (STILL, Why.STILL)
    rate.looked(seen(1.2, 18.0), CHEAP)
    assert rate.at(1.2) == (10.0, Why.MOTION)
    rate.looked(seen(1.2 + WALKING_FOR, 18.0), CHEAP)
    assert rate.at(1.3 + WALKING_FOR) == (STILL, Why.STILL)


def test_a_turning_head_needs_all_frames_while_somebody_is_there() -> None:
    rate = FrameRate()
    rate.looked(seen(0.0), CHEAP, heading_rate=60.0)
    assert rate.at(0.1)[1] is Why.NOBODY
    rate.looked(seen(1.0, 10.0), CHEAP, heading_rate=60.0)
    assert rate.at(1.1) == (10.0, Why.MOTION)


def test_the_processors_share_is_kept() -> None:
    rate = FrameRate(FrameRateSettings(most=10.0, budget=0.5))
    rate.looked(seen(0.0, 10.0), 0.1)
    rate.moved(0.0)
    assert rate.at(0.1) == (pytest.approx(5.0), Why.BUDGET)


def test_a_look_that_costs_too_much_is_a_small_one_and_then_there_are_more_of_them() -> None:
    rate = FrameRate(FrameRateSettings(most=10.0, budget=0.5))
    assert not rate.small(0.0), "nothing is known of its cost yet"
    rate.looked(seen(0.0, 10.0), 0.1)
    rate.moved(0.0)
    assert rate.small(0.1)
    rate.looked(seen(0.1, 10.0), 0.06, small=True)
    assert rate.at(0.2) == (pytest.approx(0.5 / 0.06), Why.BUDGET)
    rate.looked(seen(0.2, 10.0), 0.03, small=True)
    for step in range(3, 60):
        rate.looked(seen(step / 10, 10.0), 0.03, small=True)
        rate.moved(step / 10)
    assert rate.at(6.0)[1] is Why.MOTION


def test_the_usual_size_is_tried_again_and_kept_when_it_is_cheap_by_now() -> None:
    rate = FrameRate(FrameRateSettings(most=10.0, budget=0.5))
    rate.looked(seen(0.0, 10.0), 0.06)
    usual = 0
    for step in range(1, 1000):
        t = step / 10
        rate.moved(t)
        small = rate.small(t)
        usual += not small
        rate.looked(seen(t, 10.0), 0.02, small=small)
    assert not rate.small(100.0)
    assert usual > 100
    tries = FrameRate(FrameRateSettings(most=10.0, budget=0.5))
    tries.looked(seen(0.0, 10.0), 0.1)
    sizes = []
    for step in range(1, 1000):
        tries.moved(step / 10)
        sizes.append(tries.small(step / 10))
        tries.looked(seen(step / 10, 10.0), 0.04 if sizes[-1] else 0.1, small=sizes[-1])
    assert 9 <= sizes.count(False) <= 10


def test_in_an_empty_room_there_is_time_for_the_usual_size() -> None:
    rate = FrameRate(FrameRateSettings(most=10.0, budget=0.5))
    rate.looked(seen(0.0), 0.1)
    assert not rate.small(0.5)


def test_a_warm_board_takes_small_looks() -> None:
    rate = FrameRate()
    rate.looked(seen(0.0, 10.0), CHEAP)
    rate.moved(0.0)
    rate.warmth(90.0)
    assert rate.small(0.1)
    rate.warmth(20.0)
    assert not rate.small(0.1)


def test_a_warm_board_looks_less_often_until_it_has_cooled() -> None:
    rate = FrameRate()
    rate.moved(0.0)
    rate.warmth(None)
    assert rate.at(0.1)[1] is Why.MOTION
    rate.warmth(81.0)
    assert rate.at(0.1) == (2.0, Why.WARM)
    rate.warmth(78.0)
    assert rate.at(0.1) == (2.0, Why.WARM), "not cooled yet"
    rate.warmth(76.0)
    assert rate.at(0.1) == (5.0, Why.WARM)
    rate.warmth(73.0)
    assert rate.at(0.1) == (5.0, Why.WARM), "not cooled yet"
    rate.warmth(71.0)
    assert rate.at(0.1)[1] is Why.MOTION


def test_darkness_is_told() -> None:
    rate = FrameRate()
    rate.dark = True
    assert rate.at(0.0) == (IDLE, Why.DARK)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 100.0),
            st.none() | st.floats(-170.0, 170.0),
            st.floats(0.0, 5.0),
            st.floats(-200.0, 200.0),
            st.none() | st.floats(-40.0, 120.0),
        ),
        max_size=20,
    ),
    st.floats(0.2, 60.0),
    st.floats(0.05, 4.0),
)
def test_the_rate_is_never_nothing_and_never_more_than_wanted(
    events: list[tuple[float, float | None, float, float, float | None]],
    most: float,
    budget: float,
) -> None:
    rate = FrameRate(FrameRateSettings(most, budget))
    for t, bearing, cost, speed, celsius in events:
        rate.looked(seen(t, bearing), cost, speed)
        rate.warmth(celsius)
        fps, why = rate.at(t)
        assert min(LEAST, most) <= fps <= most
        assert why in Why


def at_the_painting(sighting: Sighting, _t: float) -> bool:
    return abs(sighting.bearing - 10.0) < 4.0


def test_a_painting_that_is_known_keeps_no_rate_up() -> None:
    rate = FrameRate(scenery=at_the_painting)
    for step in range(20):
        rate.looked(seen(0.2 * step, 10.0), CHEAP)
        assert rate.at(0.2 * step) == (IDLE, Why.NOBODY)


def test_who_walks_in_front_of_the_painting_is_followed_there_too() -> None:
    rate = FrameRate(scenery=at_the_painting)
    for step in range(40):
        rate.looked(seen(0.2 * step, max(40.0 - 2.0 * step, 10.0)), CHEAP)
    assert rate.at(0.2 * 39)[0] >= STILL
