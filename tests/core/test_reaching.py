"""The way to somebody: what lies behind the gap is faced too, and the long way is no habit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import brain, reaching
from engine.core.angles import difference
from engine.core.settings import CoreSettings
from engine.core.state import Move
from engine.core.types import (
    Action,
    AxisMoved,
    Command,
    Event,
    MoveTo,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundHeard,
    VoiceHeard,
)

USUAL, ALL_ROUND = 66.0, 360.0
PERIOD = 0.1


class Head:
    """A head with an ideal axis, in a room whose people stand where they are said to.

    `turns` are the degrees of every move, with their sign.
    """

    def __init__(
        self,
        heading: float = 0.0,
        reach: tuple[float, float] = (-175.0, 175.0),
        view: float = USUAL,
        by_hand: bool = True,
        seed: int = 0,
    ) -> None:
        core = CoreSettings(range=reach, turned_by_hand=by_hand)
        self.t, self.view, self.rng = 0.0, view, random.Random(seed)
        self.state = brain.start(core, 0.0, heading)
        self.turns: list[float] = []
        self.tell(AxisMoved(0.0, heading, 0.0, 0.0, False))
        self.tell(ShutterChanged(0.0, ShutterState.OPEN))
        self.watch(2.5)

    def tell(self, event: Event) -> tuple[Action, ...]:
        self.state, actions, _ = brain.step(self.state, event)
        for action in actions:
            if isinstance(action, MoveTo):
                self.turns.append(action.heading - self.state.heading)
                self.tell(AxisMoved(self.t, action.heading, 0.0, 0.0, False))
        return actions

    def watch(self, seconds: float, *people: float, talks: int | None = None) -> None:
        """People stand at these bearings; the one of index `talks` speaks all the time."""
        self.watch_walking(seconds, *((lambda _, b=b: b) for b in people), talks=talks)

    def watch_walking(
        self,
        seconds: float,
        *people: Callable[[float], float],
        talks: int | None = None,
        noise: float = 0.0,
    ) -> None:
        begun = self.t
        for k in range(round(seconds / PERIOD)):
            self.t += PERIOD
            heading = self.state.heading
            there = [walk(self.t - begun) for walk in people]
            seen = tuple(
                Sighting(
                    difference(b + self.rng.gauss(0.0, noise), 0.0),
                    max(noise, 1.5), 0.9, distance=2.0, distance_std=0.2, track=i + 1,
                )
                for i, b in enumerate(there)
                if abs(difference(b, heading)) <= self.view / 2.0
            )  # fmt: skip
            view = (heading - self.view / 2.0, heading + self.view / 2.0)
            self.tell(PeopleSeen(self.t, seen, heading, view))
            if talks is not None and k % 5 == 0:
                voice = SoundDirection(difference(there[talks], 0.0), 0.9, 5.0)
                self.tell(VoiceHeard(self.t, (voice,), 0.9))

    def off(self, bearing: float) -> float:
        return abs(difference(bearing, self.state.heading))

    @property
    def long_turns(self) -> list[float]:
        return [turn for turn in self.turns if abs(turn) > 180.0]


# ------------------------------------------------------ who is worth the way


@pytest.mark.parametrize("bearing", [-50.0, -70.0, -80.0, -140.0])
def test_who_speaks_behind_the_gap_is_turned_to(bearing: float) -> None:
    head = Head(heading=120.0)
    head.watch(6.0, bearing, talks=0)
    assert head.off(bearing) < 16.0
    assert len(head.long_turns) <= 1


@pytest.mark.parametrize("view", [120.0, 180.0, ALL_ROUND])
@pytest.mark.parametrize("end", [225.0, 260.0, 300.0])
def test_who_walks_past_the_gap_and_stays_is_faced_in_the_end(view: float, end: float) -> None:
    head = Head(view=view)
    head.watch_walking(30.0, lambda t: min(25.0 * t, end))
    assert head.off(end) < 16.0
    assert len(head.long_turns) <= 1


def test_who_merely_passes_the_gap_is_not_worth_the_way_and_that_is_said() -> None:
    head = Head(heading=170.0, view=ALL_ROUND)
    head.watch(3.0, 170.0)
    head.watch_walking(4.0, lambda t: 170.0 + 25.0 * t)
    assert head.state.reason.code == "long_way"
    head.watch_walking(4.0, lambda t: 270.0 - 25.0 * t)
    assert head.long_turns == []
    assert head.off(170.0) < 16.0


def test_a_silent_one_behind_the_gap_waits_while_somebody_is_faced() -> None:
    head = Head(heading=120.0, view=ALL_ROUND)
    head.watch(3.0, 120.0)
    head.watch(20.0, 120.0, -80.0)
    assert head.turns == []
    head.watch(6.0, 120.0, -80.0, talks=1)
    assert head.off(-80.0) < 16.0


def test_a_room_that_the_range_does_not_reach_is_named_as_such() -> None:
    head = Head(reach=(-90.0, 90.0))
    head.watch(5.0, 170.0, talks=0)
    assert head.turns == []
    assert head.state.reason.code == "beyond_range"


def test_the_end_that_shows_them_is_taken_though_the_other_is_nearer_at_first() -> None:
    head = Head(heading=-90.0, reach=(-100.0, 100.0))
    head.watch(6.0, 115.0, talks=0)
    assert head.state.heading == pytest.approx(100.0)


def test_a_pan_wider_than_a_turn_has_no_long_way() -> None:
    head = Head(heading=300.0, reach=(-360.0, 360.0), view=ALL_ROUND, by_hand=False)
    head.watch_walking(20.0, lambda t: -60.0 + 25.0 * t)
    assert head.off(-60.0 + 25.0 * 20.0) < 25.0


def test_a_long_turn_under_way_is_not_taken_back_by_who_walks_on() -> None:
    state = Head(heading=-120.0).state
    under_way = replace(state, heading=-100.0, move=Move(150.0, state.now, reaching.LONG_WAY))
    assert reaching.asked_for(under_way, 170.0) == pytest.approx(170.0)


# ------------------------------------------------------------------- armed


@pytest.mark.parametrize("heading", [120.0, 175.0, -175.0])
@pytest.mark.parametrize("bearing", [-50.0, -70.0, -110.0, 70.0, 110.0])
def test_armed_every_sound_inside_the_range_is_looked_at(heading: float, bearing: float) -> None:
    head = Head(heading=heading)
    head.tell(Command(head.t, "arm", {"delay": 0.0}, "test", "1"))
    head.watch(1.0)
    head.tell(SoundHeard(head.t, "crash", bearing, 0.9))
    head.watch(1.0)
    assert head.off(bearing) <= 20.0


# ------------------------------------------------- calm, wherever they stand


@settings(max_examples=40, deadline=None)
@given(
    half=st.floats(80.0, 179.0),
    start=st.floats(-1.0, 1.0),
    beside=st.floats(-60.0, 60.0),
    view=st.sampled_from([40.0, USUAL, 120.0, ALL_ROUND]),
    talks=st.sampled_from([0, None]),
    seed=st.integers(0, 1000),
)
def test_who_stands_still_at_the_gap_costs_one_long_turn_at_the_most(
    half: float, start: float, beside: float, view: float, talks: int | None, seed: int
) -> None:
    head = Head(start * half, (-half, half), view, seed=seed)
    head.watch_walking(25.0, lambda _: 180.0 + beside, talks=talks, noise=3.0)
    assert len(head.long_turns) <= 1
    assert len(head.turns) <= 6


@settings(max_examples=25, deadline=None)
@given(
    half=st.floats(120.0, 179.0),
    start=st.floats(-1.0, 1.0),
    bearing=st.floats(-180.0, 180.0),
    seed=st.integers(0, 1000),
)
def test_whoever_stays_and_is_seen_is_faced_as_well_as_the_range_allows(
    half: float, start: float, bearing: float, seed: int
) -> None:
    head = Head(start * half, (-half, half), ALL_ROUND, seed=seed)
    head.watch_walking(12.0, lambda _: bearing, noise=1.0)
    best = max(abs(bearing) - half, 0.0)
    assert head.off(bearing) <= max(best + 16.0, 36.0)
