"""The brain: what it does in words a person would use, and what it must never do."""

import pytest

from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.state import State
from engine.core.types import (
    Action,
    Alert,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    FollowPolicy,
    Label,
    Mode,
    MoveTo,
    PeopleSeen,
    Release,
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

SETTINGS = CoreSettings()


class Room:
    """Drives the brain with an ideal axis and an ideal eye, ten frames a second."""

    def __init__(self, core: CoreSettings = SETTINGS, open_shutter: bool = True) -> None:
        self.t = 0.0
        self.state: State = brain.start(core, 0.0, 0.0)
        self.done: list[tuple[float, Action]] = []
        self.wall: float | None = None
        self.send(AxisMoved(0.0, 0.0, 0.0, 0.0, False))
        if open_shutter:
            self.send(ShutterChanged(0.0, ShutterState.OPEN))
            self.wait(2.2)

    def send(self, event: Event) -> list[Action]:
        self.state, actions, deadline = brain.step(self.state, event)
        assert deadline > self.state.now
        self.done += [(self.t, a) for a in actions]
        for action in actions:
            if isinstance(action, MoveTo) and self.wall is not None and action.heading > self.wall:
                self.send(ContactFelt(self.t, "stall", self.wall))
            elif isinstance(action, MoveTo):
                # An ideal axis is there at once.
                self.send(AxisMoved(self.t, action.heading, 0.0, 0.0, False))
        return list(actions)

    def wait(self, seconds: float, *people: tuple[float, float], usable: bool = True) -> None:
        """People are (bearing, distance); those outside the picture are not seen."""
        for _ in range(round(seconds * 10)):
            self.t += 0.1
            heading = self.state.heading
            sightings = tuple(
                Sighting(b, 1.5, 0.8, distance=d, distance_std=0.3)
                for b, d in people
                if abs(b - heading) < 33.0
            )
            view = (heading - 33.0, heading + 33.0)
            self.send(PeopleSeen(self.t, sightings, heading, view, usable))

    def say(self, bearing: float, wake_word: str | None = None, times: int = 1) -> None:
        for _ in range(times):
            direction = SoundDirection(bearing, 0.9, 4.0, SoundKind.DIRECT)
            self.send(VoiceHeard(self.t, (direction,), 0.95, wake_word))
            self.wait(0.5)

    @property
    def moves(self) -> list[float]:
        return [a.heading for _, a in self.done if isinstance(a, MoveTo)]

    def of(self, kind: type) -> list[Action]:
        return [a for _, a in self.done if isinstance(a, kind)]


def test_somebody_in_the_dead_zone_is_left_alone() -> None:
    room = Room()
    room.wait(10.0, (8.0, 2.0))
    assert room.moves == []
    assert room.state.reason.code == "dead"


def test_somebody_in_the_holding_zone_is_faced_once_they_have_settled() -> None:
    room = Room()
    room.wait(0.9, (18.0, 2.0))
    assert room.moves == []
    assert room.state.reason.text.startswith("holding: settled")
    room.wait(2.0, (18.0, 2.0))
    assert len(room.moves) == 1
    assert abs(room.state.heading - 18.0) < 10.0


def test_somebody_in_the_motion_zone_is_faced_at_once() -> None:
    room = Room()
    room.wait(0.6, (30.0, 2.0))
    assert len(room.moves) == 1
    assert abs(room.state.heading - 30.0) < 10.0


def test_a_single_false_detection_moves_nothing() -> None:
    room = Room()
    for _ in range(20):
        room.wait(0.1, (30.0, 2.0))
        room.wait(1.9)
    assert room.moves == []


def test_the_wake_word_from_behind_turns_the_head() -> None:
    room = Room()
    room.say(150.0, "okay_nabu")
    assert abs(room.state.heading - 150.0) < 10.0


def test_the_wake_word_wins_over_a_person_in_view() -> None:
    room = Room()
    room.wait(3.0, (0.0, 1.5))
    room.say(120.0, "okay_nabu")
    assert abs(room.state.heading - 120.0) < 10.0


def test_a_voice_that_a_look_refutes_is_not_looked_at_again() -> None:
    room = Room()
    room.say(-100.0, times=4)  # a television that passes for a voice
    assert len(room.moves) == 1
    room.wait(2.0)
    room.wait(3.0, (room.state.heading + 5.0, 2.0))
    before = len(room.moves)
    room.say(-100.0, times=10)
    assert len(room.moves) == before


@pytest.mark.parametrize("kind", [SoundKind.MACHINE, SoundKind.REFLECTION])
def test_machines_and_reflections_move_nothing(kind: SoundKind) -> None:
    room = Room()
    for _ in range(10):
        room.send(VoiceHeard(room.t, (SoundDirection(90.0, 0.9, 4.0, kind),), 0.9))
        room.wait(0.5)
    assert room.moves == []


def test_two_very_different_directions_move_nothing_and_say_so() -> None:
    room = Room()
    both = (SoundDirection(-90.0, 0.5, 4.0), SoundDirection(90.0, 0.5, 4.0))
    room.send(VoiceHeard(room.t, both, 0.9, ambiguous=True))
    room.wait(0.5)
    assert room.moves == []
    assert room.state.reason.code == "ambiguous"


def test_a_covered_lens_forgets_nobody() -> None:
    room = Room()
    room.wait(2.0, (5.0, 2.0))
    room.wait(3.0, usable=False)
    assert [p.confirmed for p in room.state.people.persons] == [True]


def test_closing_the_shutter_stops_at_once_and_forgets_everybody() -> None:
    room = Room()
    room.wait(2.0, (5.0, 2.0))
    actions = room.send(ShutterChanged(room.t, ShutterState.CLOSED))
    assert any(isinstance(a, Stop) and a.emergency for a in actions)
    assert room.state.people.persons == ()
    before = len(room.moves)
    room.wait(2.0, (60.0, 2.0))
    room.say(100.0, "okay_nabu")
    assert len(room.moves) == before


def test_opening_the_shutter_starts_no_motion_for_two_seconds() -> None:
    room = Room(open_shutter=False)
    room.send(ShutterChanged(room.t, ShutterState.OPEN))
    room.wait(1.9, (30.0, 2.0))
    assert room.moves == []
    room.wait(0.5, (30.0, 2.0))
    assert len(room.moves) == 1


def test_a_push_by_hand_is_yielded_to_and_held() -> None:
    room = Room()
    room.wait(2.0, (0.0, 2.0))
    actions = room.send(ContactFelt(room.t, "push", 20.0))
    assert any(isinstance(a, Release) for a in actions)
    room.send(AxisMoved(room.t, 60.0, 0.0, 0.0, False))
    before = len(room.moves)
    room.wait(9.0, (60.0 + 30.0, 2.0))
    assert len(room.moves) == before
    assert room.state.modes.mode is Mode.MANUAL
    room.wait(2.0, (60.0 + 30.0, 2.0))
    assert room.state.modes.mode is Mode.FOLLOW
    assert len(room.moves) > before


def test_while_the_screen_is_touched_nothing_moves() -> None:
    room = Room()
    room.send(Touched(room.t, True))
    room.wait(3.0, (30.0, 2.0))
    room.send(Touched(room.t, False))
    room.wait(0.5, (30.0, 2.0))
    assert room.moves == []
    room.wait(1.0, (30.0, 2.0))
    assert len(room.moves) == 1


def test_something_in_the_way_is_not_pushed_against_again_and_again() -> None:
    room = Room()
    room.wall = 10.0
    room.wait(30.0, (30.0, 2.0))
    # Three tries with growing rests between them, then a long rest.
    assert 2 <= len(room.moves) <= 3
    room.wall = None
    room.wait(30.0, (30.0, 2.0))
    assert abs(room.state.heading - 30.0) < 10.0


def test_who_talks_is_faced_and_not_who_is_silent() -> None:
    room = Room()
    people = ((-20.0, 2.0), (25.0, 2.0))
    room.wait(2.0, *people)
    for _ in range(8):
        room.send(VoiceHeard(room.t, (SoundDirection(24.0, 0.9, 5.0),), 0.9))
        room.wait(0.5, *people)
    primary = room.state.primary()
    assert primary is not None
    assert abs(primary.track.bearing - 25.0) < 5.0


def test_a_pet_is_shown_and_not_followed() -> None:
    room = Room()
    for _ in range(30):
        room.t += 0.1
        cat = Sighting(30.0, 1.5, 0.9, Label.CAT, 2.0)
        room.send(PeopleSeen(room.t, (cat,), 0.0, (-33.0, 33.0)))
    assert room.moves == []
    assert room.state.people.pets[0].label is Label.CAT


def test_the_head_never_goes_the_long_way_round_unless_asked() -> None:
    room = Room()
    room.send(AxisMoved(room.t, 170.0, 0.0, 0.0, False))
    room.wait(3.0, (170.0, 2.0))
    room.wait(5.0, (200.0, 2.0))  # beyond the end of the range, in the picture
    assert all(m >= 150.0 for m in room.moves)
    room.say(-120.0, "okay_nabu")
    assert abs(room.state.heading + 120.0) < 10.0


@pytest.mark.parametrize("policy", list(FollowPolicy))
def test_the_policy_is_obeyed(policy: FollowPolicy) -> None:
    room = Room()
    room.send(Command(room.t, "follow", {"policy": policy.value}))
    room.wait(3.0, (30.0, 2.0))
    assert bool(room.moves) == (policy is FollowPolicy.ALL)
    room.say(31.0, "okay_nabu")
    room.wait(1.0, (30.0, 2.0))
    assert bool(room.moves) == (policy is not FollowPolicy.OFF)


def test_armed_it_pans_alerts_once_a_visit_and_faces_who_came() -> None:
    room = Room()
    room.send(Command(room.t, "arm", {"delay": 0.0}))
    room.send(Command(room.t, "pan"))
    room.wait(60.0)
    assert room.moves[0] == pytest.approx(-175.0)
    assert max(room.moves) == pytest.approx(175.0)
    assert room.moves[-1] == pytest.approx(0.0, abs=1.0)
    assert room.of(Alert) == []
    room.wait(5.0, (28.0, 2.5))
    assert [a.visit for a in room.of(Alert)] == [1]  # type: ignore[attr-defined]
    assert abs(room.state.heading - 28.0) < 12.0
    room.wait(90.0)
    room.wait(5.0, (room.state.heading + 25.0, 2.5))
    assert [a.visit for a in room.of(Alert)] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["turn", "centre", "stop", "release", "pause", "resume", "arm", "disarm", "pan"]
)
def test_every_command_gets_exactly_one_reply(name: str) -> None:
    room = Room()
    actions = room.send(Command(room.t, name, {"heading": 20.0}, "test", "7"))
    replies = [a for a in actions if isinstance(a, Reply)]
    assert [(r.source, r.id) for r in replies] == [("test", "7")]


def test_a_heading_outside_the_range_is_refused_with_the_range() -> None:
    actions = Room().send(Command(9.0, "turn", {"heading": 300.0}))
    (reply,) = (a for a in actions if isinstance(a, Reply))
    assert not reply.ok
    assert "-175" in reply.message


def test_black_pictures_are_no_reason_to_move_and_no_time_to_settle_in() -> None:
    room = Room()
    room.wait(0.9, (18.0, 2.0))
    assert room.state.reason.code == "holding"
    room.wait(5.0, usable=False)
    assert room.moves == []
    assert room.state.reason.code == "dark"
    room.wait(0.5, (18.0, 2.0))
    assert room.moves == []
    room.wait(2.0, (18.0, 2.0))
    assert len(room.moves) == 1


@pytest.mark.parametrize("name", ["turn", "centre", "pan"])
def test_no_command_turns_the_head_within_two_seconds_of_an_opening(name: str) -> None:
    state = brain.start(CoreSettings(), 0.0, 0.0)
    for t, shutter in ((0.0, ShutterState.CLOSED), (1.0, ShutterState.OPEN)):
        state, _, _ = brain.step(state, ShutterChanged(t, shutter))
    arguments = {"heading": 30.0} if name == "turn" else {}
    for t, ok in ((2.9, False), (3.1, True)):
        state, actions, _ = brain.step(state, Command(t, name, arguments))
        (reply,) = (a for a in actions if isinstance(a, Reply))
        assert reply.ok is ok
        assert ok or "just opened" in reply.message
        assert ok or not any(isinstance(a, MoveTo) for a in actions)
