"""An armed device in a home: what it is shown and told, and what alerts and moves come of it."""

from __future__ import annotations

from dataclasses import replace

from engine.core import brain
from engine.core.settings import AwaySettings, CoreSettings
from engine.core.state import State
from engine.core.types import (
    AlarmState,
    Alert,
    AlertKind,
    AxisMoved,
    Keep,
    MoveTo,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    Stop,
    Tick,
)

FRAME = 0.1
SETTINGS = AwaySettings(exit_delay=0.0)


class Home:
    """An armed device; `see` shows it so many frames of the same."""

    def __init__(
        self,
        away: AwaySettings = SETTINGS,
        state: AlarmState = AlarmState.ARMED_AWAY,
        visits: int = 0,
    ) -> None:
        settings = replace(CoreSettings(), away=away)
        armed_for = state if state is AlarmState.ARMED_NIGHT else AlarmState.ARMED_AWAY
        kept = Keep(state, armed_for, visits)
        self.state: State = brain.start(settings, -5.0, 0.0, kept=kept)
        self.t = 0.0
        self.alerts: list[Alert] = []
        self.moves: list[MoveTo | Stop] = []
        self.tell(ShutterChanged(-5.0, ShutterState.OPEN))

    def tell(self, event: object) -> None:
        self.state, actions, _ = brain.step(self.state, event)  # type: ignore[arg-type]
        self.alerts += [a for a in actions if isinstance(a, Alert)]
        self.moves += [a for a in actions if isinstance(a, MoveTo | Stop)]

    def see(self, frames: int, *sightings: Sighting, usable: bool = True) -> None:
        for _ in range(frames):
            self.t += FRAME
            heading = self.state.heading
            view = (heading - 33.0, heading + 33.0)
            self.tell(PeopleSeen(self.t, sightings, heading, view, usable))
            self.tell(Tick(self.t))

    def turn_at(self, velocity: float) -> None:
        self.tell(AxisMoved(self.t, 0.0, velocity, None, velocity != 0.0))

    @property
    def kinds(self) -> list[tuple[AlertKind, int, bool]]:
        return [(a.kind, a.visit, a.update) for a in self.alerts]


def person(bearing: float = 5.0, score: float = 0.8, track: int | None = 1) -> Sighting:
    return Sighting(bearing, 1.5, score, distance=2.5, track=track)
