"""Lamps on mocked pins, beside the simulated light ring: what the room can read."""

from __future__ import annotations

import sys
import types
from dataclasses import replace

import pytest
from gpiozero import LED
from gpiozero.pins.mock import MockFactory, MockPin

from engine.config import Config, LampsConfig, LampsDriver
from engine.core.types import NOBODY_LOOKS, OPENED, SHUT, VIEWER, Indicate
from engine.hardware.lamps import GpioLamps
from engine.ports import Indicator
from engine.sim.devices import SimulatedIndicator
from engine.switches import lamp_pins, lamps_of

PINS = {"viewer": 23, "shutter": 24}


def burning(factory: MockFactory) -> tuple[bool, bool]:
    return tuple(bool(factory.pin(pin).state) for pin in PINS.values())  # type: ignore[return-value]


@pytest.mark.parametrize("make", [SimulatedIndicator, lambda: GpioLamps(PINS, MockFactory())])
def test_every_indicator_takes_every_indication_and_closes_twice(make: type[Indicator]) -> None:
    indicator = make()
    assert isinstance(indicator, Indicator)
    for pattern in (VIEWER, SHUT, "listening", "smoke_alarm", "of the future", NOBODY_LOOKS):
        indicator.show(Indicate(pattern, 30.0))
    indicator.close()
    indicator.close()


def test_the_lamps_burn_while_somebody_looks_and_while_the_shutter_is_not_open() -> None:
    factory = MockFactory()
    lamps = GpioLamps(PINS, factory)
    assert burning(factory) == (False, True), "not known to be open"
    shown = []
    for pattern in (OPENED, VIEWER, "listening", SHUT, NOBODY_LOOKS, OPENED):
        lamps.show(Indicate(pattern))
        shown.append(burning(factory))
    assert shown == [
        (False, False),
        (True, False),
        (True, False),
        (True, True),
        (False, True),
        (False, False),
    ]


def test_a_lamp_that_is_missing_is_named_and_burns_once_it_is_there() -> None:
    factory = MockFactory()
    other = LED(24, pin_factory=factory)
    lamps = GpioLamps(PINS, factory)
    lamps.show(Indicate(VIEWER))
    assert lamps.problem is not None
    assert "pin 24" in lamps.problem
    assert "lamps.shutter_pin" in lamps.problem
    assert factory.pin(23).state, "the other one burns all the same"
    kept = lamps._devices["viewer"]
    assert lamps.problem is not None
    assert lamps._devices["viewer"] is kept, "and is left alone while the pin is asked for again"
    other.close()
    assert lamps.problem is None
    assert burning(factory) == (True, True), "what was told meanwhile"


def test_no_gpio_at_all_is_said_and_nothing_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise RuntimeError("can not open gpiochip")

    fake = types.ModuleType("gpiozero.pins.lgpio")
    fake.LGPIOFactory = gone  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", fake)
    lamps = GpioLamps(PINS)
    lamps.show(Indicate(SHUT))
    assert lamps.problem == (
        "no GPIO here (can not open gpiochip); check that the user is in group gpio"
    )
    lamps.close()


def test_a_pin_that_breaks_while_it_is_used_is_named_and_comes_back() -> None:
    class Broken(MockPin):
        fails = closed = False

        def _set_state(self, value: bool) -> None:
            if type(self).fails:
                raise RuntimeError("the wire is cut")
            super()._set_state(value)

        def close(self) -> None:
            super().close()
            if type(self).fails and not type(self).closed:
                type(self).closed = True
                raise RuntimeError("the wire is cut")

    factory = MockFactory(pin_class=Broken)
    lamps = GpioLamps(PINS, factory)
    Broken.fails = True
    lamps.show(Indicate(VIEWER))
    assert "the wire is cut" in (lamps.problem or "")
    Broken.fails = False
    assert lamps.problem is None
    assert burning(factory) == (True, True)
    lamps.close()


@pytest.mark.parametrize(
    ("settings", "pins"),
    [
        (LampsConfig(), {}),
        (LampsConfig(LampsDriver.GPIO, viewer_pin=-1, shutter_pin=-1), {}),
        (LampsConfig(LampsDriver.GPIO, viewer_pin=5, shutter_pin=-1), {"viewer": 5}),
        (LampsConfig(LampsDriver.GPIO), {"viewer": 23, "shutter": 24}),
    ],
)
def test_only_what_is_configured_is_used(settings: LampsConfig, pins: dict[str, int]) -> None:
    assert lamp_pins(settings) == pins
    if not pins:
        assert isinstance(lamps_of(replace(Config(), lamps=settings)), SimulatedIndicator)
