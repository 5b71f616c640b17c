"""Nothing that happened in between wedges the brain, and no old business outlives what ended it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.core import brain
from engine.core.alarm import Alarm
from engine.core.modes import ModeState
from engine.core.settings import CoreSettings
from engine.core.state import Move, State
from engine.core.types import (
    Action,
    AlarmState,
    Alert,
    AxisFault,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    Indicate,
    Mode,
    MoveTo,
    PeopleSeen,
    Reason,
    Reply,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundKind,
    Stop,
    Touched,
    VoiceHeard,
)

PERIOD = 0.1
CORE = CoreSettings()


class Room:
    """An ideal eye and an axis that is where it was told to be at once, or stalls at `wall`."""

    def __init__(self, mode: Mode = Mode.FOLLOW) -> None:
        self.t, self.wall = 0.0, 1000.0
        self.done: list[tuple[float, Action]] = []
        self.state: State = brain.start(CORE, 0.0, 0.0)
        self.send(ShutterChanged(0.0, ShutterState.OPEN))
        self.wait(CORE.follow.after_opening + 0.3)
        armed = Alarm(AlarmState.ARMED_AWAY) if mode is Mode.AWAY else Alarm()
        self.state = replace(self.state, modes=ModeState(mode=mode), alarm=armed)

    def send(self, event: Event) -> list[Action]:
        self.state, actions, _ = brain.step(self.state, event)
        self.done += [(self.t, a) for a in actions]
        for action in actions:
            if isinstance(action, MoveTo):
                reached = min(action.heading, self.wall)
                self.send(AxisMoved(self.t, reached, 0.0, None, False))
                if reached < action.heading:
                    self.send(ContactFelt(self.t, "stall", reached))
        return list(actions)

    def ask(self, name: str, **arguments: float | str) -> Reply:
        actions = self.send(Command(self.t, name, arguments, "test", "1"))
        (reply,) = (a for a in actions if isinstance(a, Reply))
        return reply

    def say(self, bearing: float, wake_word: str | None = None) -> list[Action]:
        direction = SoundDirection(bearing, 0.9, 4.0)
        return self.send(VoiceHeard(self.t, (direction,), 0.95, wake_word))

    def wait(self, seconds: float, *bearings: float, distance: float = 2.0) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.t += PERIOD
            heading = self.state.heading
            seen = tuple(
                Sighting(b, 1.5, 0.8, distance=distance, distance_std=0.3)
                for b in bearings
                if abs(b - heading) < 33.0
            )
            view = (heading - 33.0, heading + 33.0)
            self.send(PeopleSeen(self.t, seen, heading, view))

    def lose_a_walker(self) -> None:
        """Somebody walks through the picture and is gone; the search for them has begun."""
        for k in range(20):
            self.wait(PERIOD, -20.0 + 3.0 * k)
        for _ in range(20):
            if self.state.search.active:
                return
            self.wait(PERIOD)
        raise AssertionError("no search")

    def moves(self, since: float = -1.0) -> list[MoveTo]:
        return [a for t, a in self.done if isinstance(a, MoveTo) and t > since]

    def alerts(self) -> list[Alert]:
        return [a for _, a in self.done if isinstance(a, Alert)]


# ------------------------------------------------------------------ armed


@pytest.mark.parametrize(
    "trouble", [lambda t: AxisFault(t, "overheated"), lambda t: Touched(t, True)]
)
def test_an_alert_needs_no_motion(trouble: Callable[[float], Event]) -> None:
    room = Room(Mode.AWAY)
    room.send(trouble(room.t))
    room.wait(3.0, 5.0)
    assert room.alerts()


def test_a_radio_hides_no_intruder() -> None:
    room = Room(Mode.AWAY)
    for _ in range(4):
        room.say(-120.0)
        room.wait(0.5)
    for _ in range(20):
        room.say(-120.0)
        room.wait(0.5, 5.0)
    assert room.alerts()


def test_an_intruder_across_the_room_is_one() -> None:
    room = Room(Mode.AWAY)
    room.wait(3.0, 5.0, distance=CORE.attention.max_distance + 1.0)
    assert room.alerts()


# ----------------------------------------------------------------- search, pan


def test_a_search_that_is_blocked_ends_and_hides_no_wake_word() -> None:
    room = Room()
    room.wall = 35.0
    room.lose_a_walker()
    room.wait(15.0)
    assert not room.state.search.active
    called = room.t
    room.say(-90.0, "okay_nabu")
    room.wait(1.0)
    assert any(abs(m.heading + 90.0) < 10.0 for m in room.moves(called - PERIOD))


def test_the_wake_word_ends_a_search_at_once() -> None:
    room = Room()
    room.lose_a_walker()
    actions = room.say(-150.0, "okay_nabu")
    assert any(isinstance(a, MoveTo) for a in actions)


def test_the_wake_word_ends_a_pan_at_once() -> None:
    room = Room()
    room.ask("pan")
    room.wait(3.0)
    called = room.t
    room.say(-60.0, "okay_nabu")
    room.wait(1.0)
    assert any(abs(m.heading + 60.0) < 10.0 for m in room.moves(called - PERIOD))


@pytest.mark.parametrize("end", ["shutter", "turn", "push", "stop", "pause"])
def test_a_search_does_not_outlive_what_ended_it(end: str) -> None:
    room = Room()
    room.lose_a_walker()
    if end == "shutter":
        room.send(ShutterChanged(room.t, ShutterState.CLOSED))
        room.wait(5.0)
        room.send(ShutterChanged(room.t, ShutterState.OPEN))
    elif end == "push":
        room.send(ContactFelt(room.t, "push", room.state.heading))
    else:
        room.ask(end, **({"heading": -100.0} if end == "turn" else {}))
    since = room.t
    room.wait(3.0)
    if end == "pause":
        room.ask("resume")
    room.wait(CORE.follow.hold + 5.0)
    assert [m for m in room.moves(since) if m.reason == "search"] == []


def test_a_heading_asked_for_ends_a_pan() -> None:
    room = Room()
    room.ask("pan")
    room.wait(3.0)
    room.ask("turn", heading=77.0)
    room.wait(5.0)
    assert room.state.heading == 77.0


def test_a_pan_that_is_blocked_leaves_out_what_it_cannot_reach() -> None:
    room = Room()
    room.wall = 40.0
    room.ask("pan")
    room.wait(200.0)
    assert not room.state.pan.active


def test_a_pan_stays_inside_the_range_though_a_hand_turned_the_head_beyond() -> None:
    room = Room()
    low, high = CORE.range
    room.send(AxisMoved(room.t, high + 3.0, 0.0, None, False))
    room.ask("pan")
    room.wait(60.0)
    assert all(low <= m.heading <= high for m in room.moves())


# ----------------------------------------------------------------- requests


def test_stop_does_not_end_a_manual_mode_that_was_set() -> None:
    room = Room()
    room.ask("mode", mode="manual")
    room.ask("stop")
    room.wait(CORE.follow.hold + 3.0)
    assert room.state.modes.mode is Mode.MANUAL


@pytest.mark.parametrize("trouble", ["fault", "follow off", "night"])
def test_face_me_does_not_promise_what_it_cannot_do(trouble: str) -> None:
    room = Room()
    room.wait(1.0, 25.0)
    if trouble == "fault":
        room.send(AxisFault(room.t, "gone"))
    elif trouble == "night":
        room.ask("arm", mode="night", delay=0.0)
    else:
        room.ask("follow", policy="off")
    before = room.t
    reply = room.ask("face_me")
    room.wait(1.0, 25.0)
    assert not reply.ok or room.moves(before - PERIOD)


# ----------------------------------------------------------------- the rest


def test_a_finger_stops_the_head_in_a_call_too() -> None:
    room = Room(Mode.CALL)
    state, _, _ = brain.step(room.state, AxisMoved(room.t, 0.0, 30.0, None, True))
    state = replace(state, move=Move(30.0, room.t, Reason("motion", "")))
    _, actions, _ = brain.step(state, Touched(room.t, True))
    assert any(isinstance(a, Stop) for a in actions)


def test_the_ring_points_where_the_direct_sound_came_from() -> None:
    room = Room()
    echo = SoundDirection(120.0, 0.9, 4.0, SoundKind.REFLECTION)
    actions = room.send(
        VoiceHeard(room.t, (echo, SoundDirection(-40.0, 0.8, 4.0)), 0.9, "okay_nabu")
    )
    assert [a.bearing for a in actions if isinstance(a, Indicate)] == [-40.0]


def test_a_bump_at_rest_does_not_lift_a_block() -> None:
    room = Room()
    room.wall = 15.0
    room.wait(8.0, 30.0)
    until = room.state.blocked.until
    assert until > room.t
    room.send(ContactFelt(room.t, "bump", room.state.heading))
    since = room.t
    room.wait(min(until - room.t, 5.0) - 0.5, 30.0)
    assert room.moves(since) == []


def test_a_fault_is_one_even_without_a_reason() -> None:
    room = Room()
    room.send(AxisFault(room.t, ""))
    assert not room.ask("turn", heading=10.0).ok


def test_a_faulty_axis_is_not_shown_as_moving() -> None:
    room = Room()
    room.send(AxisMoved(room.t, 0.0, 80.0, None, True))
    room.send(AxisFault(room.t, "gone"))
    room.wait(1.0)
    assert (room.state.moving, room.state.velocity) == (False, 0.0)


def test_one_wake_word_behind_a_covered_lens_is_one_turn() -> None:
    room = Room()
    room.say(100.0, "okay_nabu")
    for k in range(40):
        for _ in range(5):
            room.t += PERIOD
            h = room.state.heading
            room.send(PeopleSeen(room.t, (), h, (h - 33.0, h + 33.0), usable=False))
        room.say(100.0 + (6.0 if k % 2 else -6.0))
    assert len(room.moves()) <= 3
