"""What the owner chose: how briskly it follows, what the wake word does, what the screen says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.state import Preferences, State
from engine.core.types import (
    Action,
    Command,
    Indicate,
    Measured,
    MoveTo,
    Pace,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    Tick,
    VoiceHeard,
    WakeWordResponse,
)


def opened(**preferences: object) -> State:
    state = brain.start(CoreSettings(), 0.0, 0.0)
    state, _, _ = brain.step(state, ShutterChanged(0.0, ShutterState.OPEN))
    state, _, _ = brain.step(state, Tick(5.0))
    return replace(state, preferences=Preferences(**preferences))  # type: ignore[arg-type]


def wake_word(state: State) -> tuple[Action, ...]:
    voice = SoundDirection(80.0, 0.9, 4.0)
    _, actions, _ = brain.step(state, VoiceHeard(6.0, (voice,), 0.9, "okay_nabu"))
    return actions


def pace_of_following(preferred: Pace) -> Pace:
    """The pace of the first turn to somebody who stands still out in the motion zone."""
    state = opened(pace=preferred)
    for k in range(40):
        seen = PeopleSeen(6.0 + k / 10, (Sighting(30.0, 1.5, 0.8),), 0.0, (-33.0, 33.0))
        state, actions, _ = brain.step(state, seen)
        for action in actions:
            if isinstance(action, MoveTo):
                return action.pace
    raise AssertionError("it never turned")


def test_the_wake_word_turns_the_head() -> None:
    kinds = {type(action) for action in wake_word(opened())}
    assert {MoveTo, Indicate} <= kinds


def test_it_may_only_show_that_it_listens() -> None:
    kinds = {type(a) for a in wake_word(opened(wake_word_response=WakeWordResponse.LISTEN))}
    assert Indicate in kinds
    assert MoveTo not in kinds


def test_it_may_ignore_the_wake_word() -> None:
    kinds = {type(a) for a in wake_word(opened(wake_word_response=WakeWordResponse.OFF))}
    assert not kinds & {MoveTo, Indicate}


def test_a_gentler_preference_makes_the_same_turn_gentler() -> None:
    order = [Pace.GENTLE, Pace.NORMAL, Pace.BRISK]
    gentle, normal, brisk = (order.index(pace_of_following(pace)) for pace in order)
    assert gentle <= normal <= brisk
    assert gentle < brisk


@pytest.mark.parametrize(
    ("name", "arguments", "field", "expected"),
    [
        ("pace", {"pace": "gentle"}, "pace", Pace.GENTLE),
        ("wake_word", {"response": "off"}, "wake_word_response", WakeWordResponse.OFF),
    ],
)
def test_a_choice_is_shown_at_once(
    name: str, arguments: dict[str, str], field: str, expected: object
) -> None:
    state, actions, _ = brain.step(opened(), Command(6.0, name, arguments))
    (shown,) = (a.state for a in actions if hasattr(a, "state"))
    assert getattr(shown, field) == expected
    assert getattr(state.preferences, field) == expected


def test_a_text_stays_on_the_screen_for_its_time_and_no_longer() -> None:
    show = Command(6.0, "show", {"text": "Dinner", "seconds": 5.0})
    state, _, _ = brain.step(opened(), show)
    told = []
    for t in (7.0, 10.0, 12.0):
        state, actions, _ = brain.step(state, Tick(t))
        told += [a.state.message for a in actions if hasattr(a, "state")]
    assert told == ["Dinner", "Dinner", ""]


def test_a_figure_is_shown_until_it_cannot_be_told() -> None:
    state, _, _ = brain.step(opened(), Measured(6.0, "loop_lag_ms", 3.0))
    assert state.measures == {"loop_lag_ms": 3.0}
    state, _, _ = brain.step(state, Measured(7.0, "loop_lag_ms", None))
    assert state.measures == {}
