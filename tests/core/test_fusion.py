"""People out of sightings and voices: one human, one id, and nothing made of noise."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import fusion, voices
from engine.core.angles import difference
from engine.core.fusion import People, Person
from engine.core.places import Places
from engine.core.settings import AttentionSettings, TrackingSettings
from engine.core.types import (
    Label,
    PeopleSeen,
    Sighting,
    SoundDirection,
    SoundKind,
    VoiceHeard,
)

TRACKING = TrackingSettings()
ATTENTION = AttentionSettings()
PERIOD = 0.1  # s between two frames
VIEW = (-33.0, 33.0)
NOISE = 1.5  # deg


class Watch:
    """Shows frames to the fusion at ten a second and lets it forget as the brain does."""

    def __init__(self, seed: int = 0) -> None:
        self.t = 0.0
        self.people = People()
        self.places = Places()
        self.rng = random.Random(seed)

    def frame(
        self, *bearings: float, hints: tuple[int, ...] = (), usable: bool = True, noise: float = 0.0
    ) -> None:
        sightings = tuple(
            Sighting(
                b + self.rng.gauss(0.0, noise), NOISE, 0.8, distance=2.0, distance_std=0.4,
                track=hints[i] if hints else None,
            )
            for i, b in enumerate(bearings)
        )  # fmt: skip
        self.show(PeopleSeen(self.t, sightings, 0.0, VIEW, usable))

    def show(self, event: PeopleSeen) -> None:
        self.people = fusion.see(self.people, event, TRACKING)
        self.pass_time()

    def pass_time(self, seconds: float = PERIOD) -> None:
        self.people, self.places = fusion.forget(
            self.people, self.places, self.t, TRACKING, ATTENTION
        )
        self.t += seconds

    def stand(self, seconds: float, *bearings: float, noise: float = 0.0) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.frame(*bearings, noise=noise)

    def hear(
        self,
        bearing: float,
        kind: SoundKind = SoundKind.DIRECT,
        wake_word: str | None = None,
        ambiguous: bool = False,
    ) -> int | None:
        direction = SoundDirection(bearing, 0.9, 4.0, kind)
        event = VoiceHeard(self.t, (direction,), 0.95, wake_word, ambiguous)
        self.people, owner = voices.hear(self.people, self.places, event, TRACKING, ATTENTION)
        return owner

    @property
    def confirmed(self) -> tuple[Person, ...]:
        return tuple(p for p in self.people.persons if p.confirmed)

    @property
    def only(self) -> Person:
        (person,) = self.confirmed
        return person


# ------------------------------------------------------------------- sightings


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


# ---------------------------------------------------------------------- voices


def test_somebody_seen_only_gains_a_voice() -> None:
    watch = Watch()
    watch.stand(1.0, 5.0)
    seen = watch.only
    assert not seen.speaking(watch.t)
    for _ in range(5):
        assert watch.hear(11.0) == seen.id
    assert watch.only.track == seen.track
    assert watch.only.confidence == seen.confidence
    assert watch.only.speaking(watch.t)
    assert not watch.only.speaking(watch.t + 2.0 * fusion.SPEAKING_FOR)


@pytest.mark.parametrize("kind", [SoundKind.REFLECTION, SoundKind.MACHINE])
@pytest.mark.parametrize("wake_word", [None, "okay_nabu"])
def test_reflections_and_machines_are_nobody(kind: SoundKind, wake_word: str | None) -> None:
    watch = Watch()
    watch.stand(1.0, 5.0)
    before = watch.people
    for _ in range(10):
        assert watch.hear(5.0, kind, wake_word) is None
        assert watch.hear(-90.0, kind, wake_word) is None
    assert watch.people == before


def test_where_hearing_refuses_to_choose_so_does_the_fusion() -> None:
    watch = Watch()
    assert watch.hear(30.0, wake_word="okay_nabu", ambiguous=True) is None
    assert watch.people.persons == ()


def test_the_direct_sound_counts_though_its_echo_is_stronger() -> None:
    watch = Watch()
    echo = SoundDirection(120.0, 0.9, 4.0, SoundKind.REFLECTION)
    direct = SoundDirection(-40.0, 0.8, 4.0)
    event = VoiceHeard(0.0, (echo, direct), 0.9, "okay_nabu")
    watch.people, owner = voices.hear(watch.people, watch.places, event, TRACKING, ATTENTION)
    assert owner == watch.only.id
    assert abs(difference(watch.only.track.bearing, -40.0)) < 1.0


def test_a_voice_is_somebody_only_after_enough_of_it() -> None:
    watch = Watch()
    for _ in range(ATTENTION.voice_evidence - 1):
        watch.hear(120.0)
        assert watch.confirmed == ()
        watch.pass_time(0.3)
    watch.hear(120.0)
    assert not watch.only.ever_seen


def test_the_wake_word_is_somebody_at_once() -> None:
    watch = Watch()
    owner = watch.hear(120.0, wake_word="okay_nabu")
    assert watch.only.id == owner
    assert watch.only.confidence >= ATTENTION.min_confidence


def test_a_voice_that_is_then_seen_stays_one_person_at_the_place_the_eye_says() -> None:
    watch = Watch()
    owner = watch.hear(14.0, wake_word="okay_nabu")
    watch.pass_time()
    watch.stand(1.0, 8.0)
    assert watch.only.id == owner
    assert len(watch.people.persons) == 1
    assert abs(watch.only.track.bearing - 8.0) < NOISE


def test_a_voice_that_fell_silent_out_of_sight_is_forgotten() -> None:
    watch = Watch()
    watch.hear(120.0, wake_word="okay_nabu")
    watch.pass_time(TRACKING.forget_unseen - 1.0)
    watch.pass_time(2.0)
    assert len(watch.people.persons) == 1
    watch.pass_time()
    assert watch.people.persons == ()


def disprove(watch: Watch, bearing: float) -> None:
    for _ in range(ATTENTION.voice_evidence):
        watch.hear(bearing)
    assert watch.only
    watch.stand(ATTENTION.disprove + 5.0 * PERIOD)
    assert watch.people.persons == ()


def test_a_place_where_a_look_found_nobody_stays_silent_for_a_while() -> None:
    watch = Watch()
    disprove(watch, 10.0)
    until = watch.t + ATTENTION.disproved_for
    while watch.t < until - 5.0:
        watch.hear(10.0 + watch.rng.uniform(-5.0, 5.0))
        assert watch.people.persons == ()
        watch.pass_time(1.0)
    watch.t = until + 1.0
    watch.pass_time()
    watch.hear(10.0)
    assert len(watch.people.persons) == 1, "people move into places where nobody was"
    assert watch.places == Places()


def test_a_disproved_place_is_no_reason_to_ignore_another_or_a_wake_word() -> None:
    watch = Watch()
    disprove(watch, 10.0)
    assert watch.hear(-100.0) is not None
    watch.people = replace(watch.people, persons=())
    assert watch.hear(10.0, wake_word="okay_nabu") == watch.only.id


def test_a_look_that_shows_nothing_or_looks_elsewhere_disproves_nothing() -> None:
    watch = Watch()
    watch.hear(10.0, wake_word="okay_nabu")
    for _ in range(round(2.0 * ATTENTION.disprove / PERIOD)):
        watch.frame(usable=False)
        watch.show(PeopleSeen(watch.t, (), 90.0, (57.0, 123.0)))
    assert watch.only.missed_for == 0.0
    assert watch.places == Places()


def test_disproved_places_do_not_pile_up() -> None:
    watch = Watch()
    most = 0
    for _ in range(200):
        for _ in range(ATTENTION.voice_evidence):
            watch.hear(watch.rng.uniform(-28.0, 28.0))
        watch.stand(ATTENTION.disprove + 2.0 * PERIOD)
        most = max(most, len(watch.places.items))
    assert 0 < most < 40
