"""One suite over every microphone mute: the simulated one and a GPIO switch on a mocked pin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory
from test_shutter import Later

from engine.hardware.shutter import GpioMute
from engine.ports import Mute
from engine.sim.shutter import SimulatedMute

PIN = 27


@dataclass
class Rig:
    """A mute, not muted, and the finger on it; `wait` lets the debounce time pass."""

    mute: Mute
    press: Callable[[bool], None]
    wait: Callable[[], None]


def simulated() -> Rig:
    mute = SimulatedMute()
    return Rig(mute, mute.set, lambda: None)


def gpio(muted_high: bool) -> Rig:
    factory, later = MockFactory(), Later()
    mute = GpioMute(PIN, muted_high=muted_high, pin_factory=factory, schedule=later)
    pin = factory.pin(PIN)

    def press(muted: bool) -> None:
        pin.drive_high() if muted is muted_high else pin.drive_low()

    press(False)
    later.run()
    return Rig(mute, press, later.run)


@pytest.fixture(params=["simulated", "gpio muted high", "gpio muted low"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return simulated() if request.param == "simulated" else gpio(request.param.endswith("high"))


def test_tells_of_edges_only(rig: Rig) -> None:
    heard: list[bool] = []
    rig.mute.listen(heard.append)
    for muted in (False, True, True, False):
        rig.press(muted)
        rig.wait()
    assert isinstance(rig.mute, Mute)
    assert heard == [True, False]


def test_muting_counts_at_once(rig: Rig) -> None:
    rig.press(True)
    assert rig.mute.muted


def test_is_muted_once_closed_and_tells_nobody(rig: Rig) -> None:
    heard: list[bool] = []
    rig.mute.listen(heard.append)
    rig.mute.close()
    rig.press(True)
    rig.press(False)
    rig.wait()
    rig.mute.close()
    assert heard == []
    assert rig.mute.muted


@pytest.mark.parametrize("muted_high", [True, False])
def test_a_cut_wire_is_muted(muted_high: bool) -> None:
    mute = GpioMute(PIN, muted_high=muted_high, pin_factory=MockFactory(), schedule=Later())
    assert mute.muted


def test_without_any_gpio_it_is_muted_and_says_why() -> None:
    class Nothing:
        def __getattr__(self, name: str) -> object:
            raise OSError("no such chip")

    mute = GpioMute(PIN, pin_factory=Nothing(), schedule=Later())
    assert mute.muted
    assert mute.problem
