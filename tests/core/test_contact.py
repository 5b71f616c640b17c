"""What contact says of readings alone, without any mechanics behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.contact import BUMP, PUSH, STALL, ContactSense, MomentumObserver
from engine.core.profile import Setpoint
from engine.core.settings import ContactSettings

REST = Setpoint(0.0, 0.0, 0.0)
SETTINGS = ContactSettings()


class Feeder:
    def __init__(self) -> None:
        self.sense = ContactSense(SETTINGS)
        self.t = 0.0
        self.felt: list[tuple[str, float]] = []

    def feed(
        self,
        seconds: float,
        torque: float | None,
        setpoint: Setpoint = REST,
        heading: float | None = None,
        velocity: float = 0.0,
    ) -> None:
        for _ in range(round(seconds / 0.01)):
            self.t += 0.01
            at = setpoint.heading if heading is None else heading
            kind = self.sense.update(self.t, setpoint, at, velocity, torque)
            if kind is not None:
                self.felt.append((kind, self.t))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.felt]


@pytest.fixture
def feeder() -> Feeder:
    return Feeder()


@pytest.mark.parametrize("torque", [0.3, -0.3, 1.0])
def test_a_torque_held_against_a_head_at_rest_is_one_push(feeder: Feeder, torque: float) -> None:
    feeder.feed(0.5, 0.0)
    feeder.feed(1.0, torque)
    assert feeder.kinds() == [PUSH]
    assert feeder.felt[0][1] - 0.5 <= SETTINGS.push_seconds + 0.03


def test_a_short_strong_torque_is_a_bump(feeder: Feeder) -> None:
    feeder.feed(0.06, 0.9)
    feeder.feed(0.5, 0.0)
    assert feeder.kinds() == [BUMP]


def test_a_short_weak_torque_is_nothing(feeder: Feeder) -> None:
    feeder.feed(0.06, 0.3)
    feeder.feed(0.5, 0.0)
    assert feeder.kinds() == []


def test_the_torque_that_the_motion_needs_is_no_contact(feeder: Feeder) -> None:
    setpoint = Setpoint(10.0, 100.0, 360.0)
    feeder.feed(1.0, feeder.sense.expected_torque(setpoint), setpoint, velocity=100.0)
    assert feeder.kinds() == []


def test_a_finger_on_the_screen_must_do_more(feeder: Feeder) -> None:
    feeder.sense.touched(0.0, True)
    feeder.feed(1.0, 0.35)
    assert feeder.kinds() == []
    feeder.sense.touched(feeder.t, False)
    feeder.feed(SETTINGS.touch_grace - 0.02, 0.35)
    assert feeder.kinds() == []
    feeder.feed(0.3, 0.35)
    assert feeder.kinds() == [PUSH]


def test_a_hand_on_the_glass_is_still_a_push(feeder: Feeder) -> None:
    feeder.sense.touched(0.0, True)
    feeder.feed(0.5, 0.6)
    assert feeder.kinds() == [PUSH]


def test_a_head_held_fast_under_way_is_a_stall(feeder: Feeder) -> None:
    for k in range(30):
        feeder.feed(0.01, 1.0, Setpoint(1.0 * k, 100.0, 0.0), heading=0.0)
    assert feeder.kinds() == [STALL]


def test_what_presses_on_after_a_stall_is_a_hand_and_what_rests_an_obstacle(
    feeder: Feeder,
) -> None:
    feeder.sense.pinned()
    feeder.feed(0.03, 0.9)
    feeder.feed(0.5, 0.0)
    assert feeder.kinds() == []
    feeder.sense.pinned()
    feeder.feed(0.1, 0.9)
    assert feeder.kinds() == [PUSH]


def test_without_torque_the_displacement_tells(feeder: Feeder) -> None:
    feeder.feed(0.5, None, heading=SETTINGS.push_degrees * 0.9)
    assert feeder.kinds() == []
    feeder.feed(0.5, None, heading=SETTINGS.push_degrees * 1.5)
    assert feeder.kinds() == [PUSH]


def test_one_late_sample_is_no_push(feeder: Feeder) -> None:
    feeder.feed(0.1, 0.0)
    feeder.t += 1.0
    feeder.feed(0.01, 0.9)
    feeder.feed(0.1, 0.0)
    assert PUSH not in feeder.kinds()


# ------------------------------------------- a hand that goes the way the head does

TURNING = Setpoint(0.0, 40.0, 0.0)


def needed(velocity: float) -> float:
    """What the motor does to keep the head at a steady speed by itself."""
    return ContactSense(SETTINGS).expected_torque(Setpoint(0.0, velocity, 0.0))


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_hand_that_helps_the_head_along_is_a_push(feeder: Feeder, way: float) -> None:
    setpoint = Setpoint(0.0, way * 40.0, 0.0)
    feeder.feed(0.5, way * needed(40.0), setpoint, velocity=way * 40.0)
    assert feeder.kinds() == []
    # Less than `push_torque`, which no lag of the motor could be told from.
    feeder.feed(0.3, way * (needed(40.0) - 0.17), setpoint, velocity=way * 40.0)
    assert feeder.kinds() == [PUSH]
    assert feeder.felt[0][1] - 0.5 <= 0.25


def test_what_holds_the_head_back_as_gently_is_none(feeder: Feeder) -> None:
    feeder.feed(1.0, needed(40.0) + 0.17, TURNING, velocity=40.0)
    assert feeder.kinds() == []


def test_a_finger_that_scrolls_along_is_none(feeder: Feeder) -> None:
    feeder.sense.touched(0.0, True)
    feeder.feed(1.0, needed(40.0) - 0.17, TURNING, velocity=40.0)
    assert feeder.kinds() == []


def test_between_uneven_samples_nobody_is_suspected(feeder: Feeder) -> None:
    for k in range(100):
        feeder.t += 0.012 * (k % 2)
        feeder.feed(0.01, needed(40.0) - 0.17, TURNING, velocity=40.0)
    assert feeder.kinds() == []


def watched(observer: MomentumObserver, settings: ContactSettings, outside: float) -> float:
    """The largest estimate while a head with `settings` runs a hard move, `outside` on it."""
    velocity, most = 0.0, 0.0
    for k in range(100):
        acceleration = 360.0 if k < 40 else -360.0 if k < 80 else 0.0
        velocity += 0.01 * acceleration
        rub = settings.viscosity * velocity + settings.friction * max(-1.0, min(1.0, velocity / 5))
        torque = settings.inertia * acceleration + rub - outside
        estimate = observer.update(0.01, velocity, torque)
        most = max(most, abs(estimate))
    return most


def test_the_observer_finds_what_is_neither_motor_nor_friction() -> None:
    observer = MomentumObserver(SETTINGS)
    watched(observer, SETTINGS, outside=0.3)
    assert observer.update(0.01, 0.0, -0.3) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("wrong", [0.7, 1.3])
def test_a_model_that_is_wrong_by_a_third_suspects_nobody(wrong: float) -> None:
    true = replace(SETTINGS, inertia=SETTINGS.inertia * wrong, friction=SETTINGS.friction * wrong)
    assert watched(MomentumObserver(SETTINGS), true, outside=0.0) < 0.6 * SETTINGS.push_torque


def test_without_a_sense_of_torque_it_says_nothing() -> None:
    observer = MomentumObserver(SETTINGS)
    assert [observer.update(0.01, v, None) for v in (0.0, 50.0, 90.0)] == [0.0, 0.0, 0.0]
