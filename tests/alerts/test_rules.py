"""The owner's rules, and the gate that asks them with the time of day."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.gate import AlertGate, minute_of_day
from alerts.rules import ALWAYS, Hours, Memory, Rules, Situation, hours, judge
from engine.core.types import Alert, AlertKind

PERSON = Alert(100.0, 1, AlertKind.PERSON, "somebody is there", 0.9)
NOON, MIDNIGHT = 12 * 60, 30


def told(rules: Rules, *alerts: Alert, situation: Situation = Situation(NOON)) -> list[bool | None]:  # noqa: B008
    """For each: None held back, else whether it goes out as an update."""
    memory, found = Memory(), []
    for alert in alerts:
        memory, verdict = judge(rules, memory, alert, situation)
        assert (verdict.alert is None) is bool(verdict.why)
        found.append(verdict.alert.update if verdict.alert else None)
    return found


def test_a_visit_is_one_alert_that_updates() -> None:
    assert told(Rules(), PERSON, replace(PERSON, t=110.0)) == [False, True]


def test_another_visit_within_the_cooldown_is_held_back() -> None:
    soon, later = replace(PERSON, t=130.0, visit=2), replace(PERSON, t=161.0, visit=3)
    assert told(Rules(cooldown=60.0), PERSON, soon, later) == [False, None, False]


def test_a_visit_that_was_held_back_is_new_once_nothing_holds_it_back() -> None:
    again = replace(PERSON, t=170.0, visit=2)
    soon = replace(again, t=130.0)
    assert told(Rules(cooldown=60.0), PERSON, soon, again) == [False, None, False]


def test_kinds_cool_down_by_themselves() -> None:
    crash = replace(PERSON, t=101.0, visit=2, kind=AlertKind.CRASH)
    assert told(Rules(), PERSON, crash) == [False, False]


@pytest.mark.parametrize(("kind", "out"), [(AlertKind.CRASH, True), (AlertKind.VOICE, False)])
def test_sounds_alert_only_where_the_owner_wants_them(kind: AlertKind, out: bool) -> None:
    assert (told(Rules(), replace(PERSON, kind=kind)) == [False]) is out


def test_somebody_at_home_is_no_intruder_but_for_the_night_or_the_owners_wish() -> None:
    home = Situation(NOON, someone_home=True)
    assert told(Rules(), PERSON, situation=home) == [None]
    assert told(Rules(while_home=True), PERSON, situation=home) == [False]
    assert told(Rules(), PERSON, situation=replace(home, night=True)) == [False]


@pytest.mark.parametrize("kind", sorted(ALWAYS))
def test_no_rule_holds_a_fire_back(kind: AlertKind) -> None:
    rules = Rules(quiet=(Hours(0, 1440),), cooldown=3600.0, sounds=frozenset())
    alarm = replace(PERSON, kind=kind)
    again = replace(alarm, t=101.0, visit=2)
    assert told(rules, alarm, again, situation=Situation(NOON, someone_home=True)) == [False, False]


def test_quiet_hours_hold_people_back() -> None:
    rules = Rules(quiet=(hours("22:00-07:00"),))
    assert told(rules, PERSON, situation=Situation(MIDNIGHT)) == [None]
    assert told(rules, PERSON, situation=Situation(NOON)) == [False]


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_a_span_covers_its_begin_and_not_its_end(begins: int, ends: int, minute: int) -> None:
    span = Hours(begins, ends)
    length = (ends - begins) % 1440
    assert span.cover(minute) is ((minute - begins) % 1440 < length)


@pytest.mark.parametrize("text", ["", "22-7", "24:00-07:00", "22:00-07:60", "22:00 - 07:00", "a"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 22:00-07:00"):
        hours(text)


# ------------------------------------------------------------------- the gate


def test_the_gate_asks_with_the_local_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        # One UTC time of day on both sides of a change of clocks: 02:30 and 03:30 in Berlin.
        assert minute_of_day(1774747800.0 - 86400.0) == 2 * 60 + 30
        assert minute_of_day(1774747800.0) == 3 * 60 + 30
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_gate_passes_on_what_may_go_out_and_logs_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    sent: list[Alert] = []
    home = False
    gate = AlertGate(Rules(), sent.append, lambda: (home, False), lambda: 43200.0)
    gate.put(PERSON)
    gate.put(replace(PERSON, t=105.0))
    home = True
    gate.put(replace(PERSON, t=300.0, visit=2))
    assert [alert.update for alert in sent] == [False, True]
    assert "somebody is at home" in caplog.text
