"""Setting up the range: hands turn the head, and what they reached becomes the range."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import brain, survey
from engine.core.settings import CoreSettings
from engine.core.state import State, snapshot
from engine.core.types import (
    Action,
    AxisMoved,
    Command,
    Event,
    Json,
    MoveTo,
    Publish,
    Release,
    Reply,
    SetRange,
    ShutterChanged,
    ShutterState,
    Tick,
)

LIMITS = (-175.0, 175.0)


@given(st.lists(st.floats(-400.0, 400.0), max_size=20), st.floats(-300, -1), st.floats(1, 300))
def test_a_range_is_inside_of_what_was_reached_and_of_what_is_allowed(
    headings: list[float], low: float, high: float
) -> None:
    seen = survey.begin(0.0, 0.0)
    for index, heading in enumerate(headings):
        seen = survey.turned(seen, heading, float(index))
    found = survey.outcome(seen, (low, high)).range
    if found is None:
        return
    assert low <= found[0] < 0.0 < found[1] <= high
    assert min(headings) < found[0]
    assert found[1] < max(headings)
    assert found[1] - found[0] >= survey.NARROWEST


class Device:
    """The brain of a device whose head is in somebody's hands."""

    def __init__(self, core: CoreSettings = CoreSettings()) -> None:  # noqa: B008 - frozen
        self.t = 0.0
        self.state: State = brain.start(core, 0.0, 0.0)
        self.done: list[Action] = []
        self.send(ShutterChanged(0.0, ShutterState.OPEN))

    def send(self, event: Event) -> None:
        self.state, actions, _ = brain.step(self.state, event)
        self.done += actions

    def ask(self, name: str, **arguments: Json) -> Reply:
        self.send(Command(self.t, name, arguments, "test", "1"))
        return [a for a in self.done if isinstance(a, Reply)][-1]

    def turn(self, *headings: float) -> None:
        for heading in headings:
            self.t += 0.5
            self.send(AxisMoved(self.t, heading, 0.0, 0.0, False))

    def rest(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            self.t += 0.5
            self.send(Tick(self.t))

    def of(self, kind: type[Action]) -> list[Action]:
        return [action for action in self.done if isinstance(action, kind)]


def test_turned_to_both_ends_and_let_go_it_ends_by_itself() -> None:
    device = Device()
    assert device.ask("range_setup").ok
    assert isinstance(device.of(Release)[-1], Release)
    device.turn(30.0, 80.0, 0.0, -60.0, -100.0, -40.0)
    device.rest(survey.REST + 1.0)
    assert device.of(SetRange) == [SetRange(-97.0, 77.0)]
    shown = snapshot(device.state)
    assert shown.range == (-97.0, 77.0)
    assert "-97° to 77°" in shown.message
    assert not device.ask("turn", heading=90.0).ok
    assert device.ask("turn", heading=70.0).ok


def test_meanwhile_nothing_moves_the_head_and_the_page_says_why() -> None:
    device = Device()
    device.ask("range_setup")
    device.turn(40.0)
    for name in ("turn", "pan", "face_me", "centre"):
        assert "range of motion" in device.ask(name, heading=0.0).message
    assert device.of(MoveTo) == []
    reason = snapshot(device.state).reason
    assert reason.code == "range_setup"
    assert "0° to 40°" in reason.text


def test_one_that_was_not_turned_far_enough_changes_nothing() -> None:
    device = Device()
    device.ask("range_setup")
    device.turn(10.0, 60.0)
    refused = device.ask("range_setup", step="done")
    assert not refused.ok
    assert "centre" in refused.message
    assert device.of(SetRange) == []
    assert snapshot(device.state).range == LIMITS
    device.turn(-60.0)
    assert device.ask("range_setup", step="done").ok


def test_without_hands_it_gives_up() -> None:
    device = Device()
    device.ask("range_setup")
    device.rest(survey.PATIENCE + 1.0)
    assert not device.state.survey.active
    assert device.of(SetRange) == []
    assert "gave up" in snapshot(device.state).message


@pytest.mark.parametrize(("name", "step"), [("range_setup", "cancel"), ("stop", None)])
def test_it_can_be_called_off(name: str, step: str | None) -> None:
    device = Device()
    device.ask("range_setup")
    device.turn(90.0, -90.0)
    assert device.ask(name, **({"step": step} if step else {})).ok
    device.rest(survey.REST + 1.0)
    assert device.of(SetRange) == []


def test_where_it_stood_is_no_end_that_was_shown() -> None:
    device = Device()
    device.turn(-20.0)
    device.ask("range_setup")
    device.turn(40.0, 100.0)
    device.rest(survey.REST + 3.0)  # a look at the cable
    assert device.state.survey.active
    assert device.of(SetRange) == []
    device.turn(0.0, -80.0)
    device.rest(survey.REST + 1.0)
    assert device.of(SetRange) == [SetRange(-77.0, 97.0)]


def test_a_head_that_stood_at_an_end_is_set_up_by_saying_so() -> None:
    device = Device()
    device.turn(-100.0)
    device.ask("range_setup")
    device.turn(80.0)
    device.rest(survey.REST + 1.0)
    assert device.ask("range_setup", step="done").ok
    assert device.of(SetRange) == [SetRange(-97.0, 77.0)]


def test_one_end_is_not_taken_for_two_when_nobody_comes_back() -> None:
    device = Device()
    device.turn(-20.0)
    device.ask("range_setup")
    device.turn(100.0)
    device.rest(survey.PATIENCE + 1.0)
    assert device.of(SetRange) == []
    assert "one side" in snapshot(device.state).message


def test_done_says_both_ends_at_once() -> None:
    device = Device()
    device.ask("range_setup")
    device.turn(90.0, -90.0)
    assert device.ask("range_setup", step="done").ok
    assert device.of(SetRange) == [SetRange(-87.0, 87.0)]


def test_a_reset_brings_back_what_is_configured() -> None:
    device = Device(replace(CoreSettings(), range=(-50.0, 60.0), limits=LIMITS))
    assert device.ask("range_setup", step="reset").ok
    assert device.of(SetRange) == [SetRange(*LIMITS)]
    assert snapshot(device.state).range == LIMITS


def test_a_wider_one_than_configured_is_cut() -> None:
    device = Device(replace(CoreSettings(), range=(-50.0, 60.0)))
    device.ask("range_setup")
    device.turn(90.0, -90.0)
    device.ask("range_setup", step="done")
    assert device.of(SetRange) == [SetRange(-50.0, 60.0)]


def test_a_head_that_hands_cannot_turn_has_none() -> None:
    device = Device(replace(CoreSettings(), turned_by_hand=False))
    assert not device.ask("range_setup").ok
    assert not snapshot(device.state).turned_by_hand


def test_the_beginning_and_the_end_are_published_at_once() -> None:
    device = Device()
    device.done.clear()
    device.ask("range_setup")
    device.ask("range_setup", step="cancel")
    assert len(device.of(Publish)) == 2
