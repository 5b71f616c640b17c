"""An axis loop on a simulated axis, for tests of what it does."""

from __future__ import annotations

from collections.abc import Callable

from engine.config import AxisConfig
from engine.core.types import ContactFelt, Event, MoveTo, Pace
from engine.loops.axis import AxisControl
from engine.sim.axis import SimulatedAxis

CONFIG = AxisConfig()


def move(heading: float, pace: Pace = Pace.BRISK) -> MoveTo:
    return MoveTo(heading, pace, "test")


class Bench:
    """A control on a simulated axis, in virtual time."""

    def __init__(self, *, seed: int = 1, heading: float = 0.0, **settings: float) -> None:
        self.axis = SimulatedAxis(heading=heading, seed=seed)
        self.control = AxisControl(self.axis, CONFIG, **settings)
        self.t = 0.0
        self.events: list[Event] = []

    def run(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        for _ in range(round(seconds / 0.01)):
            self.t += 0.01
            self.axis.advance(self.t)
            self.events += self.control.step(self.t)
            each()

    def felt(self) -> list[str]:
        return [event.kind for event in self.events if isinstance(event, ContactFelt)]
