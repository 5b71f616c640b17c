"""What only the GPIO shutter has: bounces, a cut wire, a pin that cannot be read."""

from __future__ import annotations

import time

import pytest
from gpiozero.exc import PinInvalidState
from gpiozero.pins.mock import MockFactory, MockPin
from test_shutter import CLOSED, OPEN, PIN, UNKNOWN, Later

from engine.core.types import ShutterState
from engine.hardware.shutter import GpioShutter


class FlakyPin(MockPin):
    """A pin whose chip can vanish."""

    broken = False

    def _get_state(self) -> object:
        if FlakyPin.broken:
            raise PinInvalidState("the chip is gone")
        return super()._get_state()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory()


def shutter(factory: MockFactory, later: Later, closed_high: bool = True) -> GpioShutter:
    return GpioShutter(PIN, closed_high=closed_high, pin_factory=factory, schedule=later)


def opened(factory: MockFactory, later: Later) -> GpioShutter:
    switch = shutter(factory, later)
    factory.pin(PIN).drive_low()  # only now: switching the pull resistor on set the level
    later.run()
    assert switch.state is OPEN
    return switch


@pytest.mark.parametrize("closed_high", [True, False])
def test_a_cut_wire_reads_closed(factory: MockFactory, later: Later, closed_high: bool) -> None:
    # Nothing drives the pin: only the pull resistor does.
    assert shutter(factory, later, closed_high).state is CLOSED


def test_a_bouncing_closure_never_reads_open(factory: MockFactory, later: Later) -> None:
    pin = factory.pin(PIN)
    switch = opened(factory, later)
    heard: list[ShutterState] = []
    switch.listen(heard.append)
    for _ in range(5):
        pin.drive_high()
        pin.drive_low()
    pin.drive_high()
    later.run()
    assert heard == [CLOSED]
    assert later.pending == []


def test_a_late_timer_of_an_earlier_opening_does_not_open(
    factory: MockFactory, later: Later
) -> None:
    pin = factory.pin(PIN)
    switch = shutter(factory, later)
    pin.drive_low()
    (stale,) = later.pending
    pin.drive_high()
    pin.drive_low()
    stale()  # it had fired already, and waited for the lock while the others came
    assert switch.state is CLOSED
    later.run()
    assert switch.state is OPEN


def test_a_lost_edge_is_found_by_reading(factory: MockFactory, later: Later) -> None:
    pin = factory.pin(PIN)
    switch = opened(factory, later)
    heard: list[ShutterState] = []
    switch.listen(heard.append)
    pin._state = True  # the level without its edge
    assert switch.state is CLOSED
    assert heard == [CLOSED]
    pin._state = False
    assert switch.state is CLOSED  # opening is debounced, however it is noticed
    later.run()
    assert switch.state is OPEN


def test_a_pin_that_cannot_be_read_is_unknown_until_it_can(
    later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = MockFactory(pin_class=FlakyPin)
    switch = opened(factory, later)
    heard: list[ShutterState] = []
    switch.listen(heard.append)
    monkeypatch.setattr(FlakyPin, "broken", True)
    assert switch.state is UNKNOWN
    assert switch.problem is not None
    assert "pin 17" in switch.problem
    assert heard == [UNKNOWN]
    monkeypatch.setattr(FlakyPin, "broken", False)
    assert switch.state is CLOSED  # the pull resistor alone, nobody drives the mocked pin
    assert switch.problem is None
    assert heard == [UNKNOWN, CLOSED]


def test_without_any_gpio_it_is_unknown_and_says_why(later: Later) -> None:
    class Nothing:
        def __getattr__(self, name: str) -> object:
            raise OSError("no such chip")

    switch = GpioShutter(PIN, pin_factory=Nothing(), schedule=later)
    assert switch.state is UNKNOWN
    assert switch.problem is not None
    assert "; " in switch.problem
    switch.close()


def test_a_pin_that_comes_back_open_opens_only_after_the_debounce(
    later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = MockFactory(pin_class=FlakyPin)
    switch = opened(factory, later)
    heard: list[ShutterState] = []
    switch.listen(heard.append)
    monkeypatch.setattr(FlakyPin, "broken", True)
    assert switch.state is UNKNOWN
    monkeypatch.setattr(FlakyPin, "broken", False)
    # The mocked pin takes the pull resistor's level when it is set up: here somebody drives it.
    monkeypatch.setattr(FlakyPin, "_set_pull", lambda self, value: None)
    factory.pin(PIN)._state = False
    assert switch.state is UNKNOWN
    assert heard == [UNKNOWN]
    later.run()
    assert switch.state is OPEN
    assert heard == [UNKNOWN, OPEN]


def test_at_the_start_open_is_believed_once_it_has_lasted(later: Later) -> None:
    factory = MockFactory()
    factory.pin(PIN).drive_low()

    class Driven(MockPin):
        def _set_pull(self, value: str) -> None:
            self._pull = value

    switch = GpioShutter(PIN, pin_factory=MockFactory(pin_class=Driven), schedule=later)
    assert switch.state is UNKNOWN
    later.run()
    assert switch.state is OPEN


SECOND = 22


def two(factory: MockFactory, later: Later) -> GpioShutter:
    switch = GpioShutter(PIN, SECOND, pin_factory=factory, schedule=later)
    factory.pin(PIN).drive_low()
    factory.pin(SECOND).drive_low()
    later.run()
    assert switch.state is OPEN
    return switch


@pytest.mark.parametrize("pin", [PIN, SECOND])
def test_of_two_contacts_either_closes_and_both_open(
    factory: MockFactory, later: Later, pin: int
) -> None:
    switch = two(factory, later)
    heard: list[ShutterState] = []
    switch.listen(heard.append)
    factory.pin(pin).drive_high()
    assert heard == [CLOSED]
    factory.pin(pin).drive_low()
    assert switch.state is CLOSED
    later.run()
    assert heard == [CLOSED, OPEN]


def test_contacts_that_differ_read_closed_and_say_so(factory: MockFactory, later: Later) -> None:
    switch = two(factory, later)
    factory.pin(SECOND).drive_high()
    for _ in range(3):
        later.run()
        assert switch.state is CLOSED
    assert switch.problem is not None
    assert "differ" in switch.problem
    factory.pin(SECOND).drive_low()
    later.run()
    assert (switch.state, switch.problem) == (OPEN, None)


def test_with_real_time_it_opens_after_the_debounce(factory: MockFactory) -> None:
    pin = factory.pin(PIN)
    switch = GpioShutter(PIN, pin_factory=factory, debounce=0.02)
    pin.drive_low()
    assert switch.state is CLOSED
    deadline = time.monotonic() + 5.0
    while switch.state is not OPEN and time.monotonic() < deadline:
        time.sleep(0.005)
    assert switch.state is OPEN
    switch.close()
