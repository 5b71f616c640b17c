"""Writes down what truly happened in a run, as a `Trace` for the metrics.

Stands between the axis loop and the simulated axis to see every set-point,
and is told of what was done to the device. It changes nothing.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from engine.bench.following import ASKED_FOR
from engine.bench.safety import BRAKED_WITHIN, YIELD_WITHIN
from engine.bench.trace import Push, Sample, Stimulus, Trace
from engine.config import Config
from engine.core import zones
from engine.core.angles import into_range
from engine.core.types import ContactFelt, Event, Label, ShutterState
from engine.loops.axis import AxisControl
from engine.ports import AxisReading
from engine.sim.axis import SimulatedAxis
from engine.sim.scenario import Happening
from engine.sim.scenario_world import ScenarioWorld

CONTACT_SETTLES = 0.5  # s after a contact in which set-points may be pinned anew
PRESSING = 0.1  # N m from which a hand, or the motor against it, counts
ARMING = ("arm",)
DISARMING = ("disarm",)


class TappedAxis:
    """`ports.Axis` that passes everything on and remembers the last set-point."""

    def __init__(self, axis: SimulatedAxis) -> None:
        self._axis = axis
        self.abilities = axis.abilities
        self.setpoint: tuple[float, float] | None = None

    def energise(self) -> None:
        self._axis.energise()

    def command(self, heading: float, velocity: float) -> None:
        self.setpoint = (heading, velocity)
        self._axis.command(heading, velocity)

    def read(self) -> AxisReading:
        return self._axis.read()

    def release(self) -> None:
        self.setpoint = None
        self._axis.release()

    def close(self) -> None:
        self.release()
        self._axis.close()

    @property
    def true(self) -> SimulatedAxis:
        return self._axis


@dataclass(slots=True)
class _Hand:
    begins: float
    ends: float
    felt: float | None = None
    yielded: float | None = None
    fought: bool = False
    limp: bool = False
    pressed: float | None = None


@dataclass(slots=True)
class Recorder:
    """Fed by the runner; `trace` is complete after `finish`."""

    world: ScenarioWorld
    axis: TappedAxis
    control: AxisControl
    config: Config
    trace: Trace = field(init=False)
    _hands: list[_Hand] = field(default_factory=list)
    _special: list[tuple[float, float]] = field(default_factory=list)  # a heap
    _special_until: float = -math.inf
    _primary: str | None = None
    _first: bool = True
    _closed: bool = False
    _closed_since: float = 0.0
    _armed_since: float | None = None
    _anybody: bool = False
    _last_sent: float | None = None

    def __post_init__(self) -> None:
        settings = self.config.zones
        self.trace = Trace(
            period=1.0 / self.config.axis.rate_hz,
            range=self.config.axis.range,
            dead=lambda distance: zones.half_widths(settings, distance)[0],
            graces=[0.0],
        )
        for speaking in self.world.speech:
            end = speaking.wake_word_end
            if end is not None:
                self.trace.stimuli.append(Stimulus(end, "wake_word"))
                self.trace.asked.append((speaking.begins, end + ASKED_FOR))

    # ------------------------------------------------------------- what was done

    def push(self, begins: float, ends: float) -> None:
        self._hands.append(_Hand(begins, ends))

    def touched(self, begins: float, ends: float) -> None:
        """A finger or a knock, which shakes the head; that is no motion of its own."""
        self.trace.touched = True
        self._allow(begins, ends + CONTACT_SETTLES)

    def blocked(self, begins: float, ends: float) -> None:
        self.trace.touched = True
        self._allow(begins, ends)

    def commanded(self, t: float, name: str) -> None:
        self.trace.asked.append((t, t + ASKED_FOR))
        if name in ARMING:
            self.trace.armed, self._armed_since = True, t
        elif name in DISARMING and self._armed_since is not None:
            self.trace.asked.append((self._armed_since, t))
            self._armed_since = None

    def shutter(self, t: float, state: ShutterState) -> None:
        closed = state is not ShutterState.OPEN
        if closed and not self._closed:
            self.trace.closings.append(t)
            self._closed_since = t
        self._closed = closed
        self._allow(t, t + CONTACT_SETTLES)

    def frame_read(self, t: float) -> None:  # noqa: ARG002
        self.trace.closed_frames += self._closed

    def _allow(self, begins: float, ends: float) -> None:
        """The limits of normal motion do not hold meanwhile."""
        heapq.heappush(self._special, (begins, ends))

    def alerted(self, t: float) -> None:
        self.trace.alerts.append(t)

    def happened(self, event: Event) -> None:
        """What the axis loop felt."""
        if not isinstance(event, ContactFelt):
            return
        self._allow(event.t, event.t + CONTACT_SETTLES)
        if event.kind != "push":
            return
        hand = next((h for h in self._hands if h.begins <= event.t <= h.ends + 0.3), None)
        if hand is None:
            self.trace.false_pushes += 1
        elif hand.felt is None:
            hand.felt = event.t

    # --------------------------------------------------------------- the samples

    def sample(self, t: float) -> None:
        sim = self.axis.true
        while self._special and self._special[0][0] <= t:
            self._special_until = max(self._special_until, heapq.heappop(self._special)[1])
        self._watch_hands(t)
        self._watch_shutter(t)
        primary = self.world.primary(t)
        present = [p for p in self.world.players if p.present(t)]
        people = any(p.actor.label is Label.PERSON for p in present)
        self._watch_primary(t, primary, people)
        user = self.world.player(primary).where(t) if primary is not None else None
        bearing = None if user is None else math.degrees(math.atan2(user[1], user[0]))
        low, high = self.trace.range
        reachable = bearing is not None and into_range(bearing, low, high, 0.0) is not None
        hand = any(h.begins <= t <= h.ends + CONTACT_SETTLES for h in self._hands)
        held = any(h.begins <= t <= h.ends + self.config.follow.hold for h in self._hands)
        scored = (
            reachable
            and not self._closed
            and not held
            and not any(a <= t < b for a, b in self.world.unscored)
        )
        self.trace.samples.append(
            Sample(
                t=t,
                heading=sim.true_heading,
                velocity=sim.true_velocity,
                user=bearing,
                distance=math.hypot(*user) if user is not None else 0.0,
                scored=scored,
                nobody=not people,
                distractors=self._distractors(t, primary),
                setpoint=self.axis.setpoint,
                closed=self._closed,
                special=hand or t < self._special_until,
            )
        )

    def finish(self) -> None:
        if self._armed_since is not None:
            self.trace.asked.append((self._armed_since, self.world.scenario.duration))
        self.trace.pushes = [
            Push(h.pressed, h.ends, h.felt, h.yielded, h.fought, h.limp)
            for h in self._hands
            if h.pressed is not None
        ]

    def _watch_primary(self, t: float, primary: str | None, people: bool) -> None:
        if primary is not None and primary != self._primary:
            handover = self._primary is not None
            if not self._first:
                self.trace.graces.append(t)
                kind = "handover" if handover else "entry"
                self.trace.stimuli.append(Stimulus(t, kind))
        if people and not self._anybody:
            self.trace.entries.append(t)
        self._primary, self._first, self._anybody = primary, False, people

    def _watch_hands(self, t: float) -> None:
        """A hand that walks along with a head on the move presses on nothing, until it does."""
        sim, powered = self.axis.true, self.axis.setpoint is not None
        pressure = sim.external_torque()
        for hand in self._hands:
            if not hand.begins <= t <= hand.ends:
                continue
            if hand.pressed is None and abs(pressure) >= PRESSING:
                hand.pressed, hand.limp = t, not powered
            if hand.pressed is None:
                continue
            if not powered:
                hand.yielded = t if hand.yielded is None else hand.yielded
            elif hand.yielded is not None or t > hand.pressed + YIELD_WITHIN:
                against = sim.true_torque * pressure < 0.0 and abs(sim.true_torque) >= PRESSING
                hand.fought = hand.fought or against

    def _watch_shutter(self, t: float) -> None:
        told = self.axis.setpoint[0] if self.axis.setpoint is not None else None
        braked = self._closed and t > self._closed_since + BRAKED_WITHIN
        if braked and told is not None and self._last_sent is not None:
            self.trace.closed_deg += abs(told - self._last_sent)
        self._last_sent = told

    def _distractors(self, t: float, primary: str | None) -> tuple[float, ...]:
        world = self.world
        found = [p.bearing(t) for p in world.players if p.present(t) and p.actor.id != primary]
        found += [n.source.bearing for n in world.noises if n.begins <= t < n.ends]
        found += [s.bearing for s in world.spots]
        if world.echo_bearing is not None:
            found.append(world.echo_bearing)
        return tuple(found)


def happenings(world: ScenarioWorld) -> list[tuple[float, float, str]]:
    """What was done to the device, for plots: (begins, ends, kind)."""
    return [
        (e.t, e.t + (0.0 if e.what.kind is Happening.COMMAND else e.seconds), str(e.what.kind))
        for e in world.events
    ]
