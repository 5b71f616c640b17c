"""Armed: who counts as an intruder, and what is scenery."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import pytest
from armed_home import Home, person

from engine.core.places import PASSING_FOR, Origin
from engine.core.types import (
    AlarmState,
    AlertKind,
    Command,
    Label,
    SoundDirection,
    SoundKind,
    Tick,
    VoiceHeard,
)


@pytest.fixture
def home() -> Home:
    return Home()


# --------------------------------------------------------------- who is somebody


def test_somebody_seen_sharply_three_times_is_told_of_once(home: Home) -> None:
    home.see(2, person())
    assert home.alerts == []
    home.see(3, person())
    (alert,) = home.alerts
    assert (alert.kind, alert.visit, alert.update) == (AlertKind.PERSON, 1, False)
    assert alert.bearing == pytest.approx(5.0, abs=1.0)
    assert alert.distance == pytest.approx(2.5, abs=0.3)
    assert home.state.alarm.state is AlarmState.TRIGGERED


def test_a_single_false_detection_alerts_nobody(home: Home) -> None:
    for n in range(40):
        home.see(1, person(-25.0 + 7.0 * (n % 8), 0.9, track=None))
        home.see(5)
    assert home.alerts == []


def test_what_flickers_faintly_at_one_place_alerts_nobody(home: Home) -> None:
    for n in range(600):
        home.see(1, *([person(score=0.52, track=7)] if n % 4 == 0 else []))
    assert home.alerts == []


def test_a_turning_head_needs_more_looks_and_gets_there(home: Home) -> None:
    home.turn_at(60.0)
    home.see(5, person())
    assert home.alerts == []
    home.see(10, person())
    assert len(home.alerts) >= 1


def test_a_glimpse_in_motion_stops_the_head_for_a_second_look(home: Home) -> None:
    home.tell(Tick(0.0))
    home.tell(Command(0.05, "pan", {}))
    home.turn_at(-60.0)
    home.moves.clear()
    home.see(1, person(5.0))
    assert home.moves != []
    assert home.state.reason.code == "glimpse"


@pytest.mark.parametrize("label", [Label.CAT, Label.DOG])
def test_a_pet_that_passes_for_a_person_now_and_then_alerts_nobody(
    home: Home, label: Label
) -> None:
    pet = replace(person(score=0.7), label=label)
    for n in range(400):
        home.see(1, person(score=0.5) if n % 12 in (3, 4) else pet)
    assert home.alerts == []


def test_a_person_beside_a_pet_is_told_of_all_the_same(home: Home) -> None:
    pet = replace(person(12.0, score=0.7, track=2), label=Label.CAT)
    home.see(30, person(), pet)
    assert home.kinds[0] == (AlertKind.PERSON, 1, False)


def test_pictures_that_show_nothing_are_no_evidence(home: Home) -> None:
    home.see(2, person())
    home.see(20, usable=False)
    assert home.alerts == []


def test_identities_that_leap_bring_no_evidence_along(home: Home) -> None:
    home.tell(VoiceHeard(0.0, (SoundDirection(-20.0, 0.8, 4.0, SoundKind.MACHINE),), 0.8))
    home.see(40, person(-20.0))  # somebody on the television
    home.see(2, person(20.0))
    assert home.alerts == []


# ------------------------------------------------------------------ what is scenery


def test_whoever_talks_like_a_loudspeaker_and_stays_there_is_on_its_screen(home: Home) -> None:
    home.tell(VoiceHeard(0.0, (SoundDirection(5.0, 0.8, 4.0, SoundKind.MACHINE),), 0.8))
    home.see(100, person(8.0))
    assert home.alerts == []


def test_whoever_leaves_the_screens_place_is_somebody(home: Home) -> None:
    home.tell(VoiceHeard(0.0, (SoundDirection(-20.0, 0.8, 4.0, SoundKind.MACHINE),), 0.8))
    for n in range(40):
        home.see(1, person(-20.0 + n))
    assert home.kinds[0] == (AlertKind.PERSON, 1, False)


def test_somebody_who_never_moves_is_told_of_once_and_then_a_place(home: Home) -> None:
    home.see(700, person())
    learned = [p for p in home.state.places.items if p.origin is Origin.LEARNED]
    assert len(learned) == 1
    assert learned[0].covers(5.0)
    assert learned[0].until is not None, "not for good: it may have been a sleeper"
    told = len(home.alerts)
    home.see(700, person())
    assert len(home.alerts) == told
    assert [a.update for a in home.alerts].count(False) == 1


def test_arming_anew_forgets_who_never_moved(home: Home) -> None:
    home.see(700, person())
    for name in ("disarm", "arm"):
        home.tell(Command(home.t, name, {"delay": 0.0} if name == "arm" else {}))
    assert [p for p in home.state.places.items if p.until is not None] == []
    home.see(10, person())
    assert home.kinds[-1] == (AlertKind.PERSON, 2, False)


def test_the_owners_masks_hide_people_from_alerts(home: Home) -> None:
    home.tell(Command(0.0, "mask_place", {"bearing": 5.0, "width": 20.0, "sense": "seen"}))
    home.see(50, person())
    assert home.alerts == []


@pytest.fixture(scope="module")
def a_picture_hangs() -> Home:
    """A quarter of an hour in front of what the eye takes for a person in every other frame,
    placed anew by a degree whenever the head has looked elsewhere."""
    rng, home = random.Random(7), Home()
    for _ in range(60):
        off = rng.gauss(0.0, 1.0)
        for _ in range(150):
            seen = person(20.0 + off + rng.gauss(0.0, 1.2), score=0.55)
            home.see(1, *([seen] if rng.random() < 0.5 else []))
    return home


def copied(home: Home) -> Home:
    other = copy.copy(home)
    other.alerts, other.moves = list(home.alerts), list(home.moves)
    return other


def test_a_picture_is_told_once_however_roughly_it_is_placed(a_picture_hangs: Home) -> None:
    assert [kind for kind in a_picture_hangs.kinds if not kind[2]] == [(AlertKind.PERSON, 1, False)]


def test_whoever_walks_away_from_the_picture_is_told(a_picture_hangs: Home) -> None:
    home = copied(a_picture_hangs)
    for n in range(60):
        home.see(1, person(20.0 - 0.7 * n))
    assert home.kinds[-1][1] == 2


def test_the_picture_is_forgotten_an_hour_after_its_last_sighting(a_picture_hangs: Home) -> None:
    home = copied(a_picture_hangs)
    assert any(p.passing for p in home.state.places.items)
    home.t += PASSING_FOR - 90.0
    home.see(1)
    assert any(p.passing for p in home.state.places.items)
    home.t += 120.0
    home.see(1)
    assert not any(p.passing for p in home.state.places.items)
