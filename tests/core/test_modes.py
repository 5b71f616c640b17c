"""Modes: one table, interruptions that end, and nothing the table does not list."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.modes import TRANSITIONS, ModeState, Trigger, advance, follows
from engine.core.types import FollowPolicy, Mode


@given(st.lists(st.sampled_from(Trigger), max_size=30))
def test_every_path_can_be_led_back_to_follow(triggers: list[Trigger]) -> None:
    state = ModeState()
    for trigger in triggers:
        after, allowed = advance(state, trigger)
        assert allowed == ((state.mode, trigger) in TRANSITIONS)
        if not allowed:
            assert after is state
        state = after
    for trigger in (Trigger.DISARM, Trigger.SET_FOLLOW):
        state, _ = advance(state, trigger)
    assert state.mode is Mode.FOLLOW


@pytest.mark.parametrize("mode", [Mode.FOLLOW, Mode.CALL])
def test_a_hand_interrupts_and_the_mode_comes_back(mode: Mode) -> None:
    state = ModeState(mode=mode)
    for _ in range(3):
        state, _ = advance(state, Trigger.PUSHED, 10.0)
        assert (state.mode, state.hold_until) == (Mode.MANUAL, 10.0)
    state, _ = advance(state, Trigger.HOLD_OVER)
    assert state.mode is mode


@pytest.mark.parametrize("trigger", [Trigger.PAUSE, Trigger.SET_MANUAL, Trigger.PUSHED])
@pytest.mark.parametrize("first", [Mode.FOLLOW, Mode.CALL])
def test_disarming_restores_the_mode_before_and_what_that_interrupted(
    first: Mode, trigger: Trigger
) -> None:
    resting = ModeState(mode=first)
    for state in (resting, advance(resting, trigger, 10.0)[0]):
        armed, _ = advance(state, Trigger.ARM)
        assert armed.mode is Mode.AWAY
        # The owner looks in meanwhile.
        armed, _ = advance(armed, Trigger.ASKED, 99.0)
        assert advance(armed, Trigger.DISARM)[0] == state


def test_the_policy_chosen_while_away_outlives_it() -> None:
    armed, _ = advance(ModeState(mode=Mode.PAUSED), Trigger.ARM)
    chosen = replace(armed, policy=FollowPolicy.OFF)
    assert advance(chosen, Trigger.DISARM)[0].policy is FollowPolicy.OFF


@pytest.mark.parametrize("trigger", [Trigger.PAUSE, Trigger.SET_FOLLOW, Trigger.SET_MANUAL])
def test_nothing_but_disarming_ends_away(trigger: Trigger) -> None:
    armed, _ = advance(ModeState(), Trigger.ARM, math.inf)
    assert advance(armed, trigger) == (armed, False)


@pytest.mark.parametrize(
    ("policy", "activity", "summoned", "expected"),
    [
        (FollowPolicy.ALL, None, False, True),
        (FollowPolicy.OFF, "call", True, False),
        (FollowPolicy.ON_REQUEST, "call", False, False),
        (FollowPolicy.ON_REQUEST, None, True, True),
        (FollowPolicy.CHOSEN, "recipe", False, True),
        (FollowPolicy.CHOSEN, "music", False, False),
        (FollowPolicy.CHOSEN, None, True, True),
    ],
)
def test_the_policy_says_when_to_follow(
    policy: FollowPolicy, activity: str | None, summoned: bool, expected: bool
) -> None:
    state = ModeState(policy=policy, activity=activity)
    assert follows(state, ("call", "recipe"), summoned) is expected


def test_manual_paused_and_away_do_not_follow() -> None:
    assert not any(
        follows(ModeState(mode=m), (), True) for m in (Mode.MANUAL, Mode.PAUSED, Mode.AWAY)
    )
