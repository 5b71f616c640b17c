"""A simulated home for away mode: the brain, its alarm, its rules and a head, in quick time.

The brain, the schedule's pans, the rules of alerts, the pace of looks and the motion
profile are the product's. Camera and microphones are the statistical models of the
scenario benchmark; the head follows its set-points exactly, so that a day passes in
minutes. What only a day has is in here: a pet that passes for a person now and then, a
television that shows people, light that changes.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alerts.rules import Memory, Rules, Situation, judge
from engine.core import brain
from engine.core.angles import difference, wrap
from engine.core.profile import Profile
from engine.core.settings import CoreSettings
from engine.core.state import State
from engine.core.types import (
    AlarmState,
    Alert,
    AxisMoved,
    Command,
    Event,
    Keep,
    Label,
    MoveTo,
    PeopleSeen,
    Release,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundKind,
    Stop,
    Tick,
    VoiceHeard,
)
from engine.seeing.frame_rate import FrameRate, FrameRateSettings
from engine.sim.scenario import Scenario
from engine.sim.scenario_world import ScenarioWorld, stream
from engine.sim.senses import CameraModel

STEP = 0.02  # s of the head's profile
FRAME = 0.1  # s from one picture to the next
RATE_LEVEL = 4.0  # deg/s of a body that the motion test notices
MINUTE, HOUR = 60.0, 3600.0

# How a detector is fooled. Measured on real pictures (docs/measured/seeing.json): none of 274
# rooms without people alarms; pets are taken for people rarely, and in bursts.
PET_AS_PERSON = 0.02  # share of a pet's sightings
PET_BURST = 2.0  # sightings
SCREEN_SEEN = 0.5  # share of frames in which a person on a screen is one to the detector
LIGHT_FALSE = 0.08  # false detections a frame while the light changes


@dataclass(frozen=True, slots=True)
class Screen:
    """A television: where, how wide, and when it is on (seconds from the start)."""

    bearing: float
    width: float
    distance: float
    on: tuple[tuple[float, float], ...]

    def is_on(self, t: float) -> bool:
        return any(a <= t < b for a, b in self.on)


@dataclass(frozen=True, slots=True)
class Glare:
    """A patch of sun that looks like somebody now and then, and wanders with the hour."""

    bearing: float
    distance: float
    begins: float
    ends: float
    drift: float  # deg/s
    probability: float


@dataclass(frozen=True, slots=True)
class Day:
    """What goes on besides people: times in seconds from the start."""

    screen: Screen | None = None
    glares: tuple[Glare, ...] = ()
    switches: tuple[float, ...] = ()  # moments at which the light changes
    dark: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class _Scene:
    """What is on the screen between two cuts."""

    until: float
    offset: float | None
    speed: float


class Home:
    """One run. `alerts` are (moment, alert) that passed the rules, `raised` all of them."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        day: Day = Day(),
        settings: CoreSettings | None = None,
    ) -> None:
        self.world = ScenarioWorld(scenario, seed)
        self.day, self.t = day, 0.0
        settings = replace(settings or CoreSettings(), range=scenario.range)
        self.camera = CameraModel(self.world, scenario.senses)
        self.rate = FrameRate(FrameRateSettings())
        self.profile = Profile(self.world.heading, settings.motion, settings.range, STEP)
        self.rng = stream(seed, scenario.name, "home")
        armed = Keep(AlarmState.ARMED_AWAY, AlarmState.ARMED_AWAY, 0)
        self.state: State = brain.start(settings, 0.0, self.world.heading, kept=armed)
        self.rules, self.memory = Rules(), Memory()
        self.alerts: list[tuple[float, Alert]] = []
        self.raised: list[tuple[float, Alert]] = []
        self.on_frame: Callable[[float, float], None] = lambda _t, _heading: None
        self._order = itertools.count()
        self._ready: list[tuple[float, int, Event]] = []
        self._deadline = self._looked = -math.inf
        self._told_moving = False
        self._scene = _Scene(-math.inf, None, 0.0)
        self._burst: dict[str, bool] = {}
        self._speech = -math.inf
        self.tell(ShutterChanged(0.0, ShutterState.OPEN))

    # --------------------------------------------------------------------- running

    @property
    def heading(self) -> float:
        return self.profile.now.heading

    @property
    def velocity(self) -> float:
        return self.profile.now.velocity

    def run(self, until: float, over: Callable[[], bool] = lambda: False) -> None:
        """Pictures and what comes of them, up to `until` or until it is `over`."""
        while self.t < until and not over():
            self._next_frame()
            if self.t >= self._deadline:
                self.tell(Tick(self.t))
            self.on_frame(self.t, self.heading)
            self._look()
            self._listen()

    def _next_frame(self) -> None:
        """On to the next picture; in steps only where something goes on between two."""
        idle = self.profile.done and not self._told_moving
        if idle and not (self._ready and self._ready[0][0] <= self.t + FRAME):
            self.t += FRAME
            return
        for _ in range(round(FRAME / STEP)):
            self.t += STEP
            self._turn()
            while self._ready and self._ready[0][0] <= self.t:
                self.tell(heapq.heappop(self._ready)[2])

    def pan(self) -> None:
        self.tell(Command(self.t, "pan", {}, "schedule", ""))

    def tell(self, event: Event) -> None:
        self.state, actions, self._deadline = brain.step(self.state, event)
        for action in actions:
            if isinstance(action, MoveTo):
                self.profile.retarget(action.heading, action.pace)
            elif isinstance(action, Stop | Release):
                self.profile.stop()
            elif isinstance(action, Alert):
                self._raise(action)

    def _raise(self, alert: Alert) -> None:
        self.raised.append((self.t, alert))
        minute = int(self.t / MINUTE) % (24 * 60)
        self.memory, verdict = judge(self.rules, self.memory, alert, Situation(minute))
        if verdict.alert is not None:
            self.alerts.append((self.t, verdict.alert))

    def _turn(self) -> None:
        moving = not self.profile.done
        if moving:
            self.profile.step()
        if moving or self._told_moving:
            now = not self.profile.done
            self.tell(AxisMoved(self.t, self.heading, self.velocity, None, now))
            self._told_moving = now

    # ---------------------------------------------------------------------- seeing

    def _look(self) -> None:
        t = self.t
        fps, _ = self.rate.at(t)
        if t - self._looked < 0.9 / fps:
            if not self._stirs():
                return
            self.rate.moved(t)
        self._looked = t
        if any(a <= t < b for a, b in self.day.dark):
            seen = PeopleSeen(t, (), self.heading, self._view(self.heading), usable=False)
            ready = t + self.camera.model.latency
        else:
            ready, seen = self.camera.look(t, self.heading, self.velocity, self.heading)
            seen = self._fooled(seen)
        self.rate.looked(seen, 0.0, self.velocity)
        heapq.heappush(self._ready, (ready, next(self._order), seen))

    def _view(self, heading: float) -> tuple[float, float]:
        half = self.camera.model.field_of_view / 2.0
        return heading - half, heading + half

    def _in_view(self, bearing: float) -> bool:
        half = self.camera.model.field_of_view / 2.0
        return abs(difference(bearing, self.heading)) <= half

    def _stirs(self) -> bool:
        """What the cheap test for motion notices."""
        if abs(self.velocity) > RATE_LEVEL or self._switching():
            return True
        screen = self.day.screen
        if screen is not None and screen.is_on(self.t) and self._in_view(screen.bearing):
            return True
        for player in self.world.players:
            if player.present(self.t) and self._in_view(player.bearing(self.t)):
                before = player.bearing(self.t - FRAME)
                if abs(difference(player.bearing(self.t), before)) > RATE_LEVEL * FRAME:
                    return True
        return False

    def _switching(self) -> bool:
        return any(0.0 <= self.t - s < 3.0 for s in self.day.switches)

    def _fooled(self, seen: PeopleSeen) -> PeopleSeen:
        if self._switching() and self.rng.random() < 0.5:
            return replace(seen, sightings=(), usable=False)
        found = [self._mistaken(s) for s in seen.sightings]
        if self._switching() and self.rng.random() < LIGHT_FALSE:
            half = self.camera.model.field_of_view / 2.0
            found.append(self._ghost(self.heading + self.rng.uniform(-half, half), 3.0, None))
        found += self._glaring()
        found += self._on_screen()
        return replace(seen, sightings=tuple(found))

    def _mistaken(self, sighting: Sighting) -> Sighting:
        """A pet is a person to the detector now and then, for a frame or three."""
        if sighting.label is Label.PERSON:
            return sighting
        name = f"pet{sighting.track}"
        stay = 1.0 - 1.0 / PET_BURST
        start = PET_AS_PERSON * (1.0 - stay) / (1.0 - PET_AS_PERSON)
        wrong = self.rng.random() < (stay if self._burst.get(name) else start)
        self._burst[name] = wrong
        if not wrong:
            return sighting
        score = min(0.9, max(0.4, self.rng.gauss(0.5, 0.07)))
        return replace(sighting, label=Label.PERSON, score=score, engagement=None)

    def _ghost(self, bearing: float, distance: float, track: int | None) -> Sighting:
        return Sighting(
            bearing=wrap(bearing + self.rng.gauss(0.0, 1.5)),
            bearing_std=1.5,
            score=min(0.9, max(0.4, self.rng.gauss(0.52, 0.08))),
            distance=max(0.5, distance * self.rng.uniform(0.8, 1.2)),
            distance_std=0.1 + 0.1 * distance,
            track=track,
            engagement=self.rng.uniform(0.0, 0.8),
        )

    def _glaring(self) -> list[Sighting]:
        found = []
        for n, glare in enumerate(self.day.glares):
            if glare.begins <= self.t < glare.ends:
                bearing = glare.bearing + glare.drift * (self.t - glare.begins)
                if self._in_view(bearing) and self.rng.random() < glare.probability:
                    found.append(self._ghost(bearing, glare.distance, 90_000 + n))
        return found

    def _on_screen(self) -> list[Sighting]:
        screen = self.day.screen
        if screen is None or not screen.is_on(self.t):
            return []
        rng = self.rng
        if self.t >= self._scene.until:
            reach = screen.width / 2.0 - 1.0
            there = rng.uniform(-reach, reach) if rng.random() < 0.6 else None
            self._scene = _Scene(self.t + rng.uniform(2.0, 12.0), there, rng.uniform(-1.0, 1.0))
        if self._scene.offset is None:
            return []
        reach = screen.width / 2.0
        self._scene.offset = max(-reach, min(reach, self._scene.offset + self._scene.speed * FRAME))
        bearing = screen.bearing + self._scene.offset
        if not self._in_view(bearing) or rng.random() > SCREEN_SEEN:
            return []
        return [self._ghost(bearing, screen.distance, 80_000 + int(self._scene.until * 10.0))]

    # --------------------------------------------------------------------- hearing

    def _listen(self) -> None:
        """A television talks for half of the time; hearing mostly knows it for a machine."""
        screen = self.day.screen
        if screen is None or not screen.is_on(self.t) or self.t - self._speech < 0.5:
            return
        self._speech = self.t
        if self.rng.random() < 0.5:
            return
        moving = abs(self.velocity) > 1.0
        kind = SoundKind.DIRECT if self.rng.random() < 0.15 else SoundKind.MACHINE
        confidence = min(1.0, max(0.1, self.rng.gauss(0.6, 0.12)))
        bearing = wrap(screen.bearing + self.rng.gauss(0.0, 6.4 if moving else 4.0))
        direction = SoundDirection(bearing, confidence, 4.0, kind)
        event = VoiceHeard(self.t, (direction,), 0.85, while_moving=moving)
        heapq.heappush(self._ready, (self.t + 0.15, next(self._order), event))


def pans(rng: random.Random, until: float, every: float, jitter: float) -> Sequence[float]:
    """Moments of pans as the schedule plans them."""
    found, t = [], 0.0
    while t < until:
        t += every + rng.uniform(-jitter, jitter)
        found.append(t)
    return found
