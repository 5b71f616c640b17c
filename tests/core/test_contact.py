"""What contact says of readings alone, without any mechanics behind them."""

from __future__ import annotations

import pytest

from engine.core.contact import BUMP, PUSH, STALL, ContactSense
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
