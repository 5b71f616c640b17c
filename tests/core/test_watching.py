"""Armed: how what happens becomes visits, and what sounds lead to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from armed_home import SETTINGS, Home, person

from engine.core import brain
from engine.core.types import (
    AlarmState,
    Alert,
    AlertKind,
    AxisMoved,
    Command,
    MicrophoneMuted,
    MoveTo,
    Reply,
    ShutterChanged,
    ShutterState,
    SoundHeard,
    Tick,
)


@pytest.fixture
def home() -> Home:
    return Home()


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
