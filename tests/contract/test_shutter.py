"""One suite over every shutter: the simulated one and the GPIO switch on a mocked pin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from engine.core.types import ShutterState
from engine.hardware.shutter import GpioShutter
from engine.ports import Shutter
from engine.sim.shutter import SimulatedShutter

PIN = 17
OPEN, CLOSED, UNKNOWN = ShutterState.OPEN, ShutterState.CLOSED, ShutterState.UNKNOWN


@dataclass
class Rig:
    """A shutter, open, and the hand that moves it; `wait` lets the debounce time pass."""

    shutter: Shutter
    open: Callable[[], None]
    shut: Callable[[], None]
    wait: Callable[[], None]


class Later:
    """Timers that run when the test says so."""

    def __init__(self) -> None:
        self.pending: list[Callable[[], None]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> Later.Timer:
        self.pending.append(call)
        return Later.Timer(self, call)

    def run(self) -> None:
        pending, self.pending = self.pending, []
        for call in pending:
            call()

    @dataclass
    class Timer:
        later: Later
        call: Callable[[], None]

        def cancel(self) -> None:
            if self.call in self.later.pending:
                self.later.pending.remove(self.call)


def simulated() -> Rig:
    shutter = SimulatedShutter()
    return Rig(shutter, lambda: shutter.set(OPEN), lambda: shutter.set(CLOSED), lambda: None)


def gpio(closed_high: bool) -> Rig:
    factory = MockFactory()
    pin = factory.pin(PIN)
    later = Later()
    high, low = pin.drive_high, pin.drive_low
    to_open, to_shut = (low, high) if closed_high else (high, low)
    shutter = GpioShutter(PIN, closed_high=closed_high, pin_factory=factory, schedule=later)
    to_open()
    later.run()
    return Rig(shutter, to_open, to_shut, later.run)


@pytest.fixture(params=["simulated", "gpio closed high", "gpio closed low"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = simulated() if request.param == "simulated" else gpio(request.param.endswith("high"))
    yield made
    made.shutter.close()


@pytest.fixture
def heard(rig: Rig) -> list[ShutterState]:
    states: list[ShutterState] = []
    rig.shutter.listen(states.append)
    return states


def test_is_a_shutter(rig: Rig) -> None:
    assert isinstance(rig.shutter, Shutter)


def test_starts_open_here_and_tells_only_of_edges(rig: Rig, heard: list[ShutterState]) -> None:
    assert rig.shutter.state is OPEN
    assert heard == []


def test_closing_counts_at_once(rig: Rig, heard: list[ShutterState]) -> None:
    rig.shut()
    assert heard == [CLOSED]
    assert rig.shutter.state is CLOSED


def test_opening_counts_once_it_has_settled(rig: Rig, heard: list[ShutterState]) -> None:
    rig.shut()
    rig.open()
    rig.wait()
    assert heard == [CLOSED, OPEN]
    assert rig.shutter.state is OPEN


def test_the_same_state_again_is_no_edge(rig: Rig, heard: list[ShutterState]) -> None:
    rig.shut()
    rig.shut()
    rig.wait()
    assert heard == [CLOSED]


def test_every_listener_hears_it_even_if_one_fails(rig: Rig) -> None:
    states: list[ShutterState] = []

    def fail(_: ShutterState) -> None:
        raise RuntimeError("a listener of somebody's")

    rig.shutter.listen(fail)
    rig.shutter.listen(states.append)
    with pytest.raises(RuntimeError, match="somebody"):
        rig.shut()
    assert states == [CLOSED]


def test_after_close_nobody_is_told_and_nothing_is_known(
    rig: Rig, heard: list[ShutterState]
) -> None:
    rig.shutter.close()
    rig.shut()
    rig.wait()
    assert heard == []
    assert rig.shutter.state is UNKNOWN
    rig.shutter.close()
