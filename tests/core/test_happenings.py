"""What is told to others once: who came and left, what was heard and felt."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.core import brain
from engine.core.happenings import KINDS
from engine.core.settings import CoreSettings
from engine.core.state import State
from engine.core.types import (
    Action,
    ContactFelt,
    Event,
    Happened,
    Label,
    MicrophoneMuted,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundHeard,
    SoundKind,
    Tick,
    ViewerChanged,
    VoiceHeard,
)


def play(events: Sequence[Event]) -> list[Happened]:
    state: State = brain.start(CoreSettings(), 0.0, 0.0)
    told: list[Action] = []
    for event in (ShutterChanged(0.0, ShutterState.OPEN), *events):
        state, actions, _ = brain.step(state, event)
        told += actions
    return [action for action in told if isinstance(action, Happened)]


def seen(t: float, *bearings: float, label: Label = Label.PERSON) -> PeopleSeen:
    sightings = tuple(Sighting(b, 1.5, 0.8, label, 2.0, 0.3) for b in bearings)
    return PeopleSeen(t, sightings, 0.0, (-33.0, 33.0))


def speech(t: float, bearing: float, wake_word: str | None = None) -> VoiceHeard:
    voice = SoundDirection(bearing, 0.9, 4.0, SoundKind.DIRECT)
    return VoiceHeard(t, (voice,), 0.9, wake_word)


def frames(start: float, stop: float, *bearings: float) -> list[Event]:
    return [seen(start + i / 10, *bearings) for i in range(round((stop - start) * 10))]


def test_somebody_comes_once_and_leaves_once() -> None:
    told = play([*frames(1.0, 4.0, 10.0), *frames(4.0, 12.0)])
    assert [(h.key, h.kind) for h in told] == [("person", "came"), ("person", "left")]
    assert all(h.bearing == pytest.approx(10.0, abs=3.0) for h in told)


def test_a_single_sighting_is_nobody_yet() -> None:
    assert play([seen(1.0, 10.0), *frames(1.1, 6.0)]) == []


def test_closing_the_shutter_tells_nobody_that_somebody_left() -> None:
    told = play([*frames(1.0, 4.0, 10.0), ShutterChanged(4.1, ShutterState.CLOSED), Tick(9.0)])
    assert [h.kind for h in told] == ["came"]


def test_a_cat_is_told_as_a_cat() -> None:
    told = play([seen(1.0 + i / 10, 5.0, label=Label.CAT) for i in range(20)])
    assert [(h.key, h.kind) for h in told] == [("pet", "cat")]


def test_speech_is_news_once_and_again_after_a_silence() -> None:
    talk = [speech(t / 2, 0.0) for t in range(2, 20)] + [speech(60.0, 0.0)]
    assert [h.kind for h in play(talk) if h.key == "sound"] == ["speech", "speech"]


def test_the_wake_word_says_where_it_came_from() -> None:
    (told,) = (h for h in play([speech(1.0, 77.0, "okay_nabu")]) if h.key == "wake_word")
    assert (told.kind, told.bearing) == ("heard", 77.0)


def test_muted_microphones_tell_nothing() -> None:
    muted = MicrophoneMuted(0.5, True)
    crash = SoundHeard(2.0, "crash", 10.0, 0.9)
    assert play([muted, speech(1.0, 0.0, "okay_nabu"), crash]) == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ContactFelt(1.0, "push", 20.0), ("contact", "push", 20.0)),
        (SoundHeard(1.0, "smoke_alarm", -40.0, 0.9), ("sound", "smoke_alarm", -40.0)),
        (ViewerChanged(1.0, 1), ("viewer", "came", None)),
    ],
)
def test_an_event_is_told(event: Event, expected: tuple[str, str, float | None]) -> None:
    assert [(h.key, h.kind, h.bearing) for h in play([event])] == [expected]


def test_a_viewer_goes() -> None:
    told = play([ViewerChanged(1.0, 2), ViewerChanged(2.0, 1), ViewerChanged(3.0, 0)])
    assert [h.kind for h in told] == ["came", "went", "went"]


def test_every_kind_that_is_told_is_in_the_table() -> None:
    busy = [
        *frames(1.0, 4.0, 10.0),
        *frames(4.0, 12.0),
        speech(13.0, 1.0, "alexa"),
        speech(14.0, 1.0),
        ContactFelt(15.0, "stall", 0.0),
        ViewerChanged(16.0, 1),
    ]
    told = play(busy)
    assert {h.key for h in told} == {"person", "wake_word", "contact", "viewer"}
    assert all(h.kind in KINDS[h.key] for h in told)
