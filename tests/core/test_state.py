"""What everyone may know of the state: wrapped bearings, confirmed people, recent sounds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import brain, state, tracks, zones
from engine.core.alarm import Alarm
from engine.core.attention import Attention
from engine.core.fusion import NEVER, People, Person
from engine.core.modes import ModeState
from engine.core.settings import CoreSettings
from engine.core.state import Move, State, snapshot
from engine.core.tracks import RangeTrack
from engine.core.types import (
    AlarmState,
    FollowPolicy,
    Label,
    Mode,
    PetView,
    Reason,
    ShutterState,
    SoundKind,
    SoundView,
)

CORE = CoreSettings()
NOW = 100.0


def someone(id_: int, bearing: float, distance: float | None = 2.0, rate: float = 0.0) -> Person:
    return Person(
        id=id_,
        track=replace(tracks.begin(NOW, bearing, 1.5), rate=rate),
        range=None if distance is None else RangeTrack(NOW, distance, 0.1),
        confidence=0.9,
        hits=10,
        first_hit=90.0,
        last_seen=NOW,
        last_heard=NEVER,
        voices=0,
        confirmed=True,
        engagement=0.4,
    )


def room(*people: Person, primary: int | None = None) -> State:
    return replace(
        brain.start(CORE, NOW, 12.0),
        people=People(people, next_id=9),
        attention=Attention(primary=primary),
    )


@given(st.floats(-1e4, 1e4))
def test_bearings_are_shown_wrapped(bearing: float) -> None:
    (view,) = snapshot(room(someone(1, bearing))).people
    assert -180.0 < view.bearing <= 180.0
    turns = (view.bearing - bearing) / 360.0
    assert turns == pytest.approx(round(turns), abs=1e-6)


def test_a_heading_is_shown_as_the_motor_counts_it() -> None:
    core = replace(CORE, range=(-300.0, 300.0))
    turned = replace(brain.start(core, NOW, 250.0), velocity=-3.0, moving=True)
    shown = snapshot(turned)
    assert (shown.heading, shown.velocity, shown.moving) == (250.0, -3.0, True)
    assert shown.range == (-300.0, 300.0)


def test_only_confirmed_people_are_shown() -> None:
    unsure = replace(someone(2, 30.0), confirmed=False)
    assert [p.id for p in snapshot(room(someone(1, 0.0), unsure)).people] == [1]


def test_the_primary_is_the_one_who_is_faced_and_nobody_who_is_gone() -> None:
    shown = snapshot(room(someone(1, 0.0), someone(2, 30.0), primary=2))
    assert shown.primary == 2
    assert [p.primary for p in shown.people] == [False, True]
    assert snapshot(room(someone(1, 0.0), primary=7)).primary is None


def test_a_person_is_shown_where_they_are_by_now() -> None:
    walking = someone(1, 10.0, rate=20.0)
    later = replace(room(walking), now=NOW + 0.2)
    assert snapshot(later).people[0].bearing == pytest.approx(14.0, abs=0.5)


def test_seen_and_speaking_are_about_now() -> None:
    person = replace(someone(1, 0.0), last_heard=NOW)
    (fresh,) = snapshot(room(person)).people
    (old,) = snapshot(replace(room(person), now=NOW + 5.0)).people
    assert (fresh.seen, fresh.speaking, old.seen, old.speaking) == (True, True, False, False)
    (heard,) = snapshot(room(replace(person, hits=0, last_seen=NEVER))).people
    assert (heard.seen, heard.speaking) == (False, True)


@given(st.floats(0.3, 8.0))
def test_the_zones_are_those_of_the_primary_person_s_distance(distance: float) -> None:
    shown = snapshot(room(someone(1, 0.0, 1.0), someone(2, 0.0, distance), primary=2))
    assert (shown.dead, shown.holding) == zones.half_widths(CORE.zones, distance)


def test_without_anybody_there_are_zones_all_the_same() -> None:
    shown = snapshot(room())
    assert 0.0 < shown.dead < shown.holding
    assert snapshot(room(someone(1, 0.0, None), primary=1)).dead == shown.dead


def test_sounds_fade_from_the_page() -> None:
    sounds = tuple(
        SoundView(NOW - age, 10.0, 0.8, SoundKind.DIRECT, None)
        for age in (0.0, 0.5 * state.SOUNDS_FOR, 2.0 * state.SOUNDS_FOR)
    )
    assert snapshot(replace(room(), sounds=sounds)).sounds == sounds[:2]


def test_the_rest_is_shown_as_it_is() -> None:
    cat = PetView(Label.CAT, 3.0, None)
    reason = Reason("motion", "why")
    at_work = replace(
        room(),
        modes=ModeState(mode=Mode.AWAY, policy=FollowPolicy.CHOSEN),
        alarm=Alarm(AlarmState.ARMED_AWAY),
        move=Move(40.0, NOW, reason),
        people=People(pets=(cat,)),
        shutter=ShutterState.OPEN,
        muted=True,
        viewers=2,
        reason=reason,
        problems=(("camera", "unplugged"),),
    )
    shown = snapshot(at_work)
    assert (shown.t, shown.mode, shown.armed, shown.follow, shown.target) == (
        NOW, Mode.AWAY, True, FollowPolicy.CHOSEN, 40.0,
    )  # fmt: skip
    assert (shown.pets, shown.shutter, shown.muted, shown.viewers, shown.reason) == (
        (cat,), ShutterState.OPEN, True, 2, reason,
    )  # fmt: skip
    assert shown.problems == ("camera: unplugged",)
    resting = snapshot(room())
    assert (resting.target, resting.armed, resting.problems) == (None, False, ())
