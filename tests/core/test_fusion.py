"""People out of sightings: one human, one id, and nothing made of noise."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watched_people import NOISE, PERIOD, TRACKING, VIEW, Watch

from engine.core.types import Label, PeopleSeen, Sighting


def test_it_takes_several_sightings_to_believe_in_somebody() -> None:
    watch = Watch()
    for _ in range(TRACKING.confirm_sightings - 1):
        watch.frame(10.0)
        assert watch.confirmed == ()
    watch.frame(10.0)
    assert abs(watch.only.track.bearing - 10.0) < NOISE


def test_sightings_spread_over_too_long_a_time_confirm_nobody() -> None:
    watch = Watch()
    for _ in range(10):
        watch.frame(10.0)
        watch.stand(TRACKING.confirm_within)
    assert watch.confirmed == ()


@pytest.mark.parametrize("seed", range(5))
def test_whoever_stands_still_keeps_their_id_through_two_seconds_behind_something(
    seed: int,
) -> None:
    watch = Watch(seed)
    watch.stand(2.0, 8.0, noise=NOISE)
    before = watch.only.id
    watch.stand(2.0)
    assert watch.only.id == before, "believed in while hidden"
    watch.stand(1.0, 8.0, noise=NOISE)
    assert watch.only.id == before


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("after", [-12.0, 8.0, 20.0])
def test_whoever_walks_on_or_turns_round_while_hidden_comes_back_as_themselves(
    seed: int, after: float
) -> None:
    """Hidden for two seconds with 15 deg/s at the start, they reappear at `after`."""
    watch = Watch(seed)
    for k in range(20):
        watch.frame(-30.0 + 1.5 * k, noise=NOISE)
    before = watch.only.id
    watch.stand(2.0)
    watch.stand(1.0, after, noise=NOISE)
    assert watch.only.id == before
    assert abs(watch.only.track.bearing - after) < 3.0 * NOISE


def test_somebody_else_where_nobody_could_have_walked_is_somebody_else() -> None:
    watch = Watch()
    watch.stand(2.0, -28.0)
    first = watch.only.id
    watch.stand(0.3)
    watch.stand(0.5, 30.0)
    assert {p.id for p in watch.confirmed} > {first}


def test_who_left_for_good_is_forgotten_and_their_id_is_not_given_again() -> None:
    watch = Watch()
    watch.stand(1.0, 5.0)
    first = watch.only.id
    watch.stand(TRACKING.forget_seen + 1.0)
    assert watch.people.persons == ()
    watch.stand(1.0, 5.0)
    assert watch.only.id > first


def test_who_cannot_be_seen_is_believed_in_for_longer_than_who_should_be() -> None:
    watch = Watch()
    watch.stand(1.0, 5.0)
    aside = PeopleSeen(0.0, (), 90.0, (57.0, 123.0))
    for _ in range(round((TRACKING.forget_seen + 1.0) / PERIOD)):
        watch.show(replace(aside, t=watch.t))
    assert watch.only.missed_for == 0.0
    for _ in range(round(TRACKING.forget_unseen / PERIOD)):
        watch.show(replace(aside, t=watch.t))
    assert watch.people.persons == ()


def test_frames_that_show_nothing_are_no_evidence_of_absence() -> None:
    watch = Watch()
    watch.stand(1.0, 5.0)
    before = watch.only
    for _ in range(round(TRACKING.forget_seen / PERIOD) + 10):
        watch.frame(usable=False)
    assert (watch.only.confidence, watch.only.missed_for) == (before.confidence, 0.0)


@pytest.mark.parametrize("seed", range(8))
def test_two_people_who_cross_keep_their_ids_by_the_tracker_s_hints(seed: int) -> None:
    def right(k: int) -> float:
        return -24.0 + 1.2 * k

    watch = Watch(seed)
    watch.frame(right(0), -right(0), hints=(7, 9))
    for k in range(1, 10):
        watch.frame(right(k), -right(k), hints=(7, 9), noise=NOISE)
    from_right, from_left = sorted(watch.confirmed, key=lambda p: p.track.bearing)
    for k in range(10, 40):
        watch.frame(right(k), -right(k), hints=(7, 9), noise=NOISE)
    after = sorted(watch.confirmed, key=lambda p: p.track.bearing)
    assert [p.id for p in after] == [from_left.id, from_right.id]


@pytest.mark.parametrize("seed", range(8))
def test_two_people_who_meet_and_turn_back_are_told_apart_by_the_tracker_s_hints(
    seed: int,
) -> None:
    """Their motion alone would rather say that they crossed."""

    def right(k: int) -> float:
        return -abs(24.0 - 1.2 * k)

    watch = Watch(seed)
    watch.frame(right(0), -right(0), hints=(7, 9))
    for k in range(1, 10):
        watch.frame(right(k), -right(k), hints=(7, 9), noise=NOISE)
    before = [p.id for p in sorted(watch.confirmed, key=lambda p: p.track.bearing)]
    for k in range(10, 40):
        watch.frame(right(k), -right(k), hints=(7, 9), noise=NOISE)
    assert [p.id for p in sorted(watch.confirmed, key=lambda p: p.track.bearing)] == before


@pytest.mark.parametrize("rate", [0.0, 15.0])
@pytest.mark.parametrize("seed", range(5))
def test_missing_a_quarter_of_the_frames_changes_nobody(seed: int, rate: float) -> None:
    watch = Watch(seed)
    chance = random.Random(seed + 100)
    ids: set[int] = set()
    for k in range(40):
        bearing = -30.0 + rate * PERIOD * k
        watch.frame(*(() if chance.random() < 0.25 else (bearing,)), noise=NOISE)
        ids |= {p.id for p in watch.confirmed}
    assert len(ids) == 1
    assert abs(watch.only.track.bearing - bearing) < 4.0 * NOISE


def test_false_detections_are_almost_never_taken_for_a_person() -> None:
    """Two frames in a hundred show something that is nobody, anywhere in the picture."""
    believed, frames = 0, 6 * 3000
    for seed in range(6):
        watch = Watch(seed)
        ids: set[int] = set()
        for _ in range(frames // 6):
            somewhere = watch.rng.uniform(*VIEW)
            watch.frame(*((somewhere,) if watch.rng.random() < 0.02 else ()))
            ids |= {p.id for p in watch.confirmed}
            assert len(watch.people.persons) <= 4, "what is not confirmed is soon dropped"
        believed += len(ids)
    minutes = frames * PERIOD / 60.0
    assert believed <= minutes / 10.0


def test_a_false_detection_beside_somebody_does_not_drag_them_along() -> None:
    watch = Watch()
    watch.stand(2.0, 0.0, noise=NOISE)
    before = watch.only
    watch.frame(0.0, 25.0)
    assert watch.only.id == before.id
    assert abs(watch.only.track.bearing) < 2.0 * NOISE


def test_a_second_box_on_somebody_is_not_a_second_person() -> None:
    watch = Watch()
    for _ in range(20):
        watch.frame(0.0, 1.5)
    assert len(watch.people.persons) == 1


def test_pets_are_shown_and_are_nobody() -> None:
    watch = Watch()
    cat = Sighting(4.0, 1.5, 0.9, Label.CAT, distance=1.5)
    for _ in range(10):
        watch.show(PeopleSeen(watch.t, (cat,), 0.0, VIEW))
    assert watch.people.persons == ()
    assert [(p.label, p.bearing) for p in watch.people.pets] == [(Label.CAT, 4.0)]


@given(st.lists(st.lists(st.floats(-180, 180), max_size=4), max_size=25), st.integers(0, 99))
@settings(deadline=None)
def test_ids_are_unique_and_never_given_twice(frames: list[list[float]], seed: int) -> None:
    watch = Watch(seed)
    born: set[int] = set()
    for bearings in frames:
        before = {p.id for p in watch.people.persons}
        highest = watch.people.next_id
        watch.frame(*bearings)
        now = [p.id for p in watch.people.persons]
        assert len(now) == len(set(now))
        assert all(i in before or i >= highest for i in now)
        assert watch.people.next_id > max(now, default=0)
        born |= set(now)
        assert all(0.0 <= p.confidence <= 1.0 for p in watch.people.persons)


def test_somebody_lost_is_one_of_two_newcomers_and_the_other_one_stays() -> None:
    watch = Watch()
    watch.stand(2.0, 0.0)
    before = watch.only.id
    watch.stand(1.0)
    watch.stand(0.2, -25.0, 25.0)
    places = sorted(p.track.bearing for p in watch.people.persons)
    assert places == pytest.approx([-25.0, 25.0], abs=3.0)
    assert before in {p.id for p in watch.people.persons}


def test_whether_somebody_faces_us_is_forgotten_where_their_face_is_not_read_any_more() -> None:
    watch = Watch()
    near = Sighting(5.0, NOISE, 0.8, distance=1.0, distance_std=0.2, engagement=0.95)
    for _ in range(10):
        watch.show(PeopleSeen(watch.t, (near,), 0.0, VIEW))
    assert watch.only.engagement == pytest.approx(0.95)
    turned = replace(near, engagement=None)
    for seconds, known in ((2.0, True), (2.0, False)):
        for _ in range(round(seconds / PERIOD)):
            watch.show(PeopleSeen(watch.t, (turned,), 0.0, VIEW))
        assert (watch.only.engagement is not None) is known
