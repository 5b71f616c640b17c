"""Hands on the head: when it is in somebody's, and when what is felt counts for nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.core.contact import PUSH, STALL
from engine.core.profile import Setpoint
from engine.core.settings import ContactSettings
from engine.loops.hands import DEAF_TIME, SETTLING, Hands
from engine.ports import AxisReading

SETTINGS = ContactSettings()
PERIOD = 0.01
STILL = Setpoint(0.0, 0.0, 0.0)
PUSHED = 0.6  # of the torque limit, on a head that should stand
FAST = 30.0  # deg/s


@dataclass
class Bench:
    """A standing head, sample by sample: `torque` is what holds it, `velocity` what it does."""

    hands: Hands
    t: float = 10.0

    def watch(self, seconds: float, velocity: float = 0.0, *, powered: bool = True) -> bool:
        """Whether it is in a hand after so long of this."""
        for _ in range(round(seconds / PERIOD)):
            self.t += PERIOD
            self.hands.watch(self.t, velocity, powered)
        return self.hands.holding

    def feel(self, seconds: float, torque: float) -> list[str]:
        felt = []
        for _ in range(round(seconds / PERIOD)):
            self.t += PERIOD
            kind = self.hands.feel(self.t, STILL, AxisReading(0.0, 0.0, torque))
            if kind is not None:
                felt.append(kind)
        return felt


@pytest.fixture
def bench() -> Bench:
    return Bench(Hands(SETTINGS, PERIOD))


# ------------------------------------------------------------------ in a hand


def test_nobody_has_it_in_hand_at_the_start(bench: Bench) -> None:
    assert not bench.hands.holding
    assert not bench.watch(PERIOD, powered=False)


def test_without_torque_a_head_that_moves_is_in_a_hand(bench: Bench) -> None:
    assert bench.watch(PERIOD, FAST, powered=False)


def test_under_torque_a_head_that_moves_is_on_its_way(bench: Bench) -> None:
    assert not bench.watch(1.0, FAST)


def test_let_go_of_it_must_stand_still_for_a_while(bench: Bench) -> None:
    bench.watch(0.3, FAST, powered=False)
    assert bench.watch(SETTINGS.hands_off, powered=False)
    assert not bench.watch(2.0 * PERIOD, powered=False)


def test_moved_once_more_it_must_stand_still_anew(bench: Bench) -> None:
    bench.watch(0.3, FAST, powered=False)
    bench.watch(SETTINGS.hands_off - 2.0 * PERIOD, powered=False)
    bench.watch(PERIOD, FAST, powered=False)
    assert bench.watch(SETTINGS.hands_off - 2.0 * PERIOD, powered=False)


def test_a_push_is_a_hand_until_the_head_has_stood_still_for_a_while(bench: Bench) -> None:
    bench.watch(5.0)
    assert bench.feel(2.0 * SETTINGS.push_seconds, PUSHED) == [PUSH]
    assert bench.hands.holding
    assert bench.watch(SETTINGS.hands_off, powered=False), "the time before the push is no rest"
    assert not bench.watch(2.0 * PERIOD, powered=False)


def test_a_finger_that_scrolls_is_no_hand(bench: Bench) -> None:
    bench.hands.touched(bench.t, True)
    torque = (SETTINGS.push_torque + SETTINGS.touched_torque) / 2.0
    assert bench.feel(1.0, torque) == []
    assert not bench.hands.holding


# -------------------------------------------------------- what cannot be trusted


@pytest.mark.parametrize(
    ("samples", "deaf"), [(1.0, 0.0), (1.4, 0.0), (2.0, SETTLING), (3.0, DEAF_TIME)]
)
def test_after_a_late_step_what_is_felt_counts_for_nothing_for_a_while(
    bench: Bench, samples: float, deaf: float
) -> None:
    plain = Bench(Hands(SETTINGS, PERIOD), bench.t)
    assert plain.feel(0.5, PUSHED) == [PUSH]
    bench.hands.came_late(bench.t, samples * PERIOD, PERIOD)
    # Up to the last sample before it hears again, and then as long as a push takes.
    quiet = max(0.0, deaf - PERIOD) + SETTINGS.push_seconds - PERIOD
    assert bench.feel(quiet, PUSHED) == []
    assert bench.feel(4.0 * PERIOD, PUSHED) == [PUSH]


def test_a_late_step_does_not_shorten_the_silence_after_a_longer_one(bench: Bench) -> None:
    bench.hands.came_late(bench.t, 10.0 * PERIOD, PERIOD)
    bench.hands.came_late(bench.t + PERIOD, 2.0 * PERIOD, PERIOD)
    assert bench.feel(DEAF_TIME - PERIOD + SETTINGS.push_seconds - PERIOD, PUSHED) == []


@pytest.mark.parametrize(
    ("gap", "usual", "felt"),
    [(2.0, 1.0, True), (2.6, 2.6, True), (2.6, 1.0, False), (4.0, 2.6, False)],
)
def test_a_head_that_is_held_fast_is_felt_on_a_slow_line_and_not_after_a_hold_up(
    bench: Bench, gap: float, usual: float, felt: bool
) -> None:
    leads = Setpoint(10.0, 50.0, 0.0)
    found = set()
    for _ in range(20):
        bench.t += gap * PERIOD
        bench.hands.came_late(bench.t, gap * PERIOD, usual * PERIOD)
        # The torque of such a step says nothing, not even that there is none.
        found.add(bench.hands.feel(bench.t, leads, AxisReading(0.0, 0.0, 0.0)))
    assert (STALL in found) == felt


@pytest.mark.parametrize("forget", ["held up", "torque on"])
def test_what_was_felt_before_is_no_part_of_a_push_after(bench: Bench, forget: str) -> None:
    nearly = SETTINGS.push_seconds - 2.0 * PERIOD
    assert bench.feel(nearly, PUSHED) == []
    if forget == "torque on":
        bench.hands.forget()
    else:
        bench.hands.came_late(bench.t, 10.0 * PERIOD, PERIOD)
        bench.t += DEAF_TIME
    assert bench.feel(nearly, PUSHED) == []
    assert bench.feel(4.0 * PERIOD, PUSHED) == [PUSH]


def test_a_hand_goes_on_after_a_stall_was_yielded_to_and_is_told_sooner(bench: Bench) -> None:
    bench.hands.pinned()
    assert bench.feel(0.75 * SETTINGS.push_seconds, PUSHED) == [PUSH]
    assert bench.hands.holding
