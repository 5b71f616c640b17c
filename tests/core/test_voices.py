"""Whose voice it was: somebody's, somebody new, or nobody's where a look finds nobody."""

from dataclasses import replace

import pytest
from watched_people import ATTENTION, NOISE, PERIOD, TRACKING, Watch

from engine.core import fusion, voices
from engine.core.angles import difference
from engine.core.places import Places
from engine.core.types import PeopleSeen, SoundDirection, SoundKind, VoiceHeard


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


# ----------------------------------------------- where a look found nobody


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
