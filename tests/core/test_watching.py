"""Armed: who counts as an intruder, what is scenery, and how what happens becomes visits."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import pytest

from engine.core import brain
from engine.core.places import PASSING_FOR, Origin
from engine.core.settings import AwaySettings, CoreSettings
from engine.core.state import State
from engine.core.types import (
    AlarmState,
    Alert,
    AlertKind,
    AxisMoved,
    Command,
    Keep,
    Label,
    MicrophoneMuted,
    MoveTo,
    PeopleSeen,
    Reply,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundHeard,
    SoundKind,
    Stop,
    Tick,
    VoiceHeard,
)

FRAME = 0.1
SETTINGS = AwaySettings(exit_delay=0.0)


class Home:
    """An armed device; `see` shows it so many frames of the same."""

    def __init__(
        self,
        away: AwaySettings = SETTINGS,
        state: AlarmState = AlarmState.ARMED_AWAY,
        visits: int = 0,
    ) -> None:
        settings = replace(CoreSettings(), away=away)
        armed_for = state if state is AlarmState.ARMED_NIGHT else AlarmState.ARMED_AWAY
        kept = Keep(state, armed_for, visits)
        self.state: State = brain.start(settings, -5.0, 0.0, kept=kept)
        self.t = 0.0
        self.alerts: list[Alert] = []
        self.moves: list[MoveTo | Stop] = []
        self.tell(ShutterChanged(-5.0, ShutterState.OPEN))

    def tell(self, event: object) -> None:
        self.state, actions, _ = brain.step(self.state, event)  # type: ignore[arg-type]
        self.alerts += [a for a in actions if isinstance(a, Alert)]
        self.moves += [a for a in actions if isinstance(a, MoveTo | Stop)]

    def see(self, frames: int, *sightings: Sighting, usable: bool = True) -> None:
        for _ in range(frames):
            self.t += FRAME
            heading = self.state.heading
            view = (heading - 33.0, heading + 33.0)
            self.tell(PeopleSeen(self.t, sightings, heading, view, usable))
            self.tell(Tick(self.t))

    def turn_at(self, velocity: float) -> None:
        self.tell(AxisMoved(self.t, 0.0, velocity, None, velocity != 0.0))

    @property
    def kinds(self) -> list[tuple[AlertKind, int, bool]]:
        return [(a.kind, a.visit, a.update) for a in self.alerts]


def person(bearing: float = 5.0, score: float = 0.8, track: int | None = 1) -> Sighting:
    return Sighting(bearing, 1.5, score, distance=2.5, track=track)


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


# ----------------------------------------------------------------------- visits


def test_a_visit_goes_on_as_updates_and_the_next_has_a_new_number() -> None:
    home = Home(replace(SETTINGS, visit_over=20.0, update_every=5.0), visits=41)
    for n in range(160):
        home.see(1, person(-20.0 + 0.25 * n))
    assert [(v, u) for _, v, u in home.kinds[:3]] == [(42, False), (42, True), (42, True)]
    home.see(300)
    home.see(10, person())
    assert home.kinds[-1] == (AlertKind.PERSON, 43, False)


def test_an_entry_delay_holds_the_alert_back_and_disarming_drops_it() -> None:
    home = Home(replace(SETTINGS, entry_delay=10.0))
    home.see(20, person())
    assert home.state.alarm.state is AlarmState.PENDING
    assert home.alerts == []
    home.tell(Command(home.t, "disarm", {}))
    home.see(150, person())
    assert home.alerts == []


def test_after_the_entry_delay_it_is_told_even_if_they_hid() -> None:
    home = Home(replace(SETTINGS, entry_delay=5.0))
    home.see(20, person())
    home.see(60)
    assert home.kinds == [(AlertKind.PERSON, 1, False)]


def test_a_restart_in_the_entry_delay_tells_that_somebody_was_there() -> None:
    home = Home(replace(SETTINGS, entry_delay=5.0), state=AlarmState.PENDING, visits=3)
    home.see(60)
    assert home.kinds == [(AlertKind.PERSON, 4, False)]
    assert "before a restart" in home.alerts[0].what


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


def test_somebody_still_there_after_a_restart_is_told_of_at_once() -> None:
    home = Home(state=AlarmState.ARMED_AWAY, visits=7)
    home.see(10, person())
    assert home.kinds[0] == (AlertKind.PERSON, 8, False)
    assert home.alerts[0].t < 1.0


def test_armed_for_the_night_it_tells_and_never_turns() -> None:
    home = Home(state=AlarmState.ARMED_NIGHT)
    for n in range(50):
        home.see(1, person(-20.0 + n))
    assert home.alerts[0].kind is AlertKind.PERSON
    assert not any(isinstance(move, MoveTo) for move in home.moves)


def test_a_covered_camera_is_told(home: Home) -> None:
    home.tell(ShutterChanged(1.0, ShutterState.CLOSED))
    assert home.kinds == [(AlertKind.COVERED, 1, False)]


# ----------------------------------------------------------------------- sounds


@pytest.mark.parametrize(
    ("kind", "alert"),
    [
        ("smoke_alarm", AlertKind.SMOKE_ALARM),
        ("co_alarm", AlertKind.CO_ALARM),
        ("crash", AlertKind.CRASH),
    ],
)
def test_a_sound_turns_the_head_there_and_alerts(home: Home, kind: str, alert: AlertKind) -> None:
    home.tell(SoundHeard(1.0, kind, 90.0, 0.9))
    home.tell(Tick(1.1))
    assert home.kinds == [(alert, 1, False)]
    turns = [m for m in home.moves if isinstance(m, MoveTo)]
    assert turns[-1].heading == pytest.approx(90.0, abs=1.0)


def test_a_sound_from_nowhere_alerts_without_turning(home: Home) -> None:
    home.tell(SoundHeard(1.0, "smoke_alarm", None, 0.9))
    assert home.kinds == [(AlertKind.SMOKE_ALARM, 1, False)]
    assert not any(isinstance(m, MoveTo) for m in home.moves)


def test_what_goes_on_sounding_turns_the_head_once(home: Home) -> None:
    for n in range(5):
        home.tell(SoundHeard(1.0 + n, "smoke_alarm", 90.0, 0.9))
    home.tell(AxisMoved(6.0, 90.0, 0.0, None, False))
    for n in range(200):
        home.tell(Tick(6.0 + 0.1 * n))
    turns = [m for m in home.moves if isinstance(m, MoveTo)]
    assert len(turns) == 2, "there, and back"


def test_nothing_is_heard_while_muted_or_disarmed_or_unwanted() -> None:
    muted = Home()
    muted.tell(MicrophoneMuted(0.5, True))
    deaf = Home(replace(SETTINGS, listen=False))
    disarmed = Home()
    disarmed.tell(Command(0.5, "disarm", {}))
    for home in (muted, deaf, disarmed):
        home.tell(SoundHeard(1.0, "crash", 90.0, 0.9))
        assert home.alerts == []


def test_a_test_alert_goes_out_and_says_so(home: Home) -> None:
    home.state, actions, _ = brain.step(home.state, Command(1.0, "test_alert", {}))
    (reply,) = (a for a in actions if isinstance(a, Reply))
    assert reply.message == "alert sent"
    assert [a.kind for a in actions if isinstance(a, Alert)] == [AlertKind.TEST]
