"""Nothing outranks the shutter: switch, wire, camera, axis and brain in any order of events.

Everything but time and physics is the product's own: the switch on a mocked pin, the
gate, the axis loop, the camera loop's reading, the ring of stills and the brain. Hypothesis
chooses what happens; the promises are checked every hundredth of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

import numpy as np
from gpiozero.pins.mock import MockFactory
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_commands_and_brain import FOR_THE_BRAIN, every
from test_shutter import PIN, Later

from engine.config import AxisConfig
from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.types import (
    Action,
    AxisFault,
    Command,
    ContactFelt,
    Event,
    Health,
    Label,
    MicrophoneMuted,
    MoveTo,
    Pace,
    PeopleSeen,
    Release,
    SetRange,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundHeard,
    Stop,
    Tick,
    Touched,
    ViewerChanged,
    VoiceHeard,
)
from engine.hardware.shutter import GpioMute, GpioShutter
from engine.loops.axis import BRAKING_TIME, REST_AFTER_OPENING, AxisControl
from engine.loops.camera import CameraLoop
from engine.loops.gate import Gate, wire
from engine.ports import Frame, Image, SourceFailed
from engine.seeing.fakes import FakeEye
from engine.seeing.pictures import EvidenceRing
from engine.sim.axis import SimulatedAxis

MUTE_PIN = 27
STEP = 0.01
STANDING = 2.0
COMMANDS = [command for name in FOR_THE_BRAIN for command in every(name)]


class Clock:
    t = 0.0

    def now(self) -> float:
        return self.t

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


class Camera:
    """One picture after another; `during` is what happens in the middle of a read."""

    width, height = 8, 6

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.is_open = False
        self.lent: list[Image] = []
        self.during: Callable[[], None] = lambda: None

    def open(self) -> None:
        self.is_open = True

    def read(self) -> Frame:
        assert self.is_open
        during, self.during = self.during, lambda: None
        during()
        pixels = np.full((self.height, self.width, 3), 90, np.uint8)
        self.lent.append(pixels)
        return Frame(self._clock.t, pixels)

    def close(self) -> None:
        self.is_open = False
        for pixels in self.lent:
            pixels.fill(0)
        self.lent.clear()


class Axis(SimulatedAxis):
    """Remembers the speeds that it was told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[float] = []

    def command(self, heading: float, velocity: float) -> None:
        self.told.append(velocity)
        super().command(heading, velocity)


class ShutterMachine(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 100))
    def start(self, seed: int) -> None:
        self.clock = Clock()
        factory, self.later = MockFactory(), Later()
        self.pin, self.mute_pin = factory.pin(PIN), factory.pin(MUTE_PIN)
        options = {"pin_factory": factory, "schedule": self.later}
        self.shutter, self.mute = GpioShutter(PIN, **options), GpioMute(MUTE_PIN, **options)
        self.axis = Axis(seed=seed)
        self.control = AxisControl(self.axis, AxisConfig())
        self.gate, self.camera = Gate(), Camera(self.clock)
        self.ring = EvidenceRing(lambda: self.state.armed, self.clock.now)
        self.loop = CameraLoop(
            self.camera, FakeEye(), self.tell, self.clock, self.gate, sinks=[self.ring]
        )
        self.state = brain.start(CoreSettings(), 0.0, 0.0)
        self.closed_at: float | None = 0.0
        self.opened_at, self.shut_at = -math.inf, 0.0
        self.shutter.listen(self._note)
        wire(self.shutter, self.gate, self.control, self.tell, self.clock)
        self.mute.listen(lambda muted: self.tell(MicrophoneMuted(self.clock.t, muted)))
        self.tell(MicrophoneMuted(0.0, self.mute.muted))

    def _note(self, state: ShutterState) -> None:
        """Before the wire hears of it."""
        if state is ShutterState.OPEN:
            self.closed_at, self.opened_at = None, self.clock.t
        elif self.closed_at is None:
            self.closed_at = self.clock.t
            if self.clock.t - self.opened_at >= REST_AFTER_OPENING:
                self.shut_at = self.clock.t
                self.axis.told.clear()

    def tell(self, event: Event) -> None:
        self.state, actions, _ = brain.step(self.state, event)
        for action in actions:
            self.carry_out(action)

    def carry_out(self, action: Action) -> None:
        effects = {
            MoveTo: self.control.move_to,
            Stop: self.control.stop,
            Release: self.control.release,
            SetRange: self.control.set_range,
        }
        effect = effects.get(type(action))
        if effect is not None:
            effect(action)  # type: ignore[operator]

    # ------------------------------------------------------------- what may happen

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.2, 0.5, 1.0, 2.5]))
    def time_passes(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.clock.t += STEP
            self.axis.advance(self.clock.t)
            for event in self.control.step(self.clock.t):
                self.tell(event)
            self.tell(Tick(self.clock.t))
            self.promises()

    @rule()
    def the_slide_closes(self) -> None:
        self.pin.drive_high()

    @rule()
    def the_slide_opens(self) -> None:
        self.pin.drive_low()

    @rule(times=st.integers(1, 4))
    def the_contact_bounces(self, times: int) -> None:
        for _ in range(times):
            self.pin.drive_high()
            self.pin.drive_low()

    @rule()
    def the_debounce_ends(self) -> None:
        self.later.run()

    @rule()
    def an_open_shutter_has_been_open_for_a_while(self) -> None:
        self.the_slide_opens()
        self.the_debounce_ends()
        self.time_passes(2.5)

    @rule(muted=st.booleans())
    def the_mute_is_pressed(self, muted: bool) -> None:
        self.mute_pin.drive_high() if muted else self.mute_pin.drive_low()

    @rule(command=st.sampled_from(COMMANDS))
    def somebody_commands(self, command: Command) -> None:
        self.tell(Command(self.clock.t, command.name, command.arguments, "test", "1"))

    @rule(heading=st.sampled_from([-170.0, -60.0, 60.0, 170.0]))
    def somebody_turns_it(self, heading: float) -> None:
        arguments = {"heading": heading, "pace": "brisk"}
        self.tell(Command(self.clock.t, "turn", arguments, "test", "1"))

    @rule(heading=st.floats(-170.0, 170.0))
    def a_stray_target_arrives(self, heading: float) -> None:
        """Whatever the brain thinks: the axis loop alone must refuse."""
        self.control.move_to(MoveTo(heading, Pace.BRISK, "stray"))

    @rule(heading=st.floats(-170.0, 170.0))
    def a_stray_target_arrives_just_after_opening(self, heading: float) -> None:
        self.the_slide_opens()
        self.the_debounce_ends()
        self.a_stray_target_arrives(heading)
        self.time_passes(1.0)

    @rule(bearing=st.floats(-180.0, 180.0), label=st.sampled_from(list(Label)))
    def a_late_sighting_arrives(self, bearing: float, label: Label) -> None:
        seen = (Sighting(bearing, 1.5, 0.9, label, distance=2.0),)
        heading = self.state.heading
        for k in range(5):
            t = self.clock.t - 0.05 * (4 - k)
            self.tell(PeopleSeen(t, seen, heading, (heading - 33.0, heading + 33.0)))

    @rule(bearing=st.floats(-180.0, 180.0), word=st.booleans())
    def somebody_speaks(self, bearing: float, word: bool) -> None:
        direction = SoundDirection(bearing, 0.9, 4.0)
        said = "okay_nabu" if word else None
        self.tell(VoiceHeard(self.clock.t, (direction,), 0.9, said))
        if self.mute.muted:
            assert self.state.sounds == ()

    @rule(
        event=st.sampled_from(
            [
                SoundHeard(0.0, "crash", 40.0, 0.9),
                Touched(0.0, True),
                Touched(0.0, False),
                ViewerChanged(0.0, 1),
                ContactFelt(0.0, "push", 0.0),
                ContactFelt(0.0, "stall", 0.0),
                Health(0.0, "camera", False, "gone"),
                Health(0.0, "camera", True),
                AxisFault(0.0, "the cable is out"),
                Health(0.0, "axis", True),
            ]
        )
    )
    def something_else_happens(self, event: Event) -> None:
        self.tell(type(event)(**{**_fields(event), "t": self.clock.t}))

    @rule()
    def the_axis_is_unplugged_for_a_moment(self) -> None:
        self.axis.unplug(self.clock.t, 0.05)
        self.time_passes(0.2)

    @rule(closing=st.booleans())
    def a_frame_is_asked_for(self, closing: bool) -> None:
        """With `closing`, the slide closes in the middle of the read."""
        if closing:
            self.camera.during = self.pin.drive_high
        allowed = self.gate.allowed
        try:
            self.loop._exclusively(self.camera.open)
            frame = self.loop._exclusively(self.camera.read)
        except SourceFailed:
            assert not allowed or closing
            self.camera.during = lambda: None
            return
        assert allowed
        assert not closing
        seen = PeopleSeen(self.clock.t, (Sighting(0.0, 1.0, 0.9),), 0.0, (-33.0, 33.0))
        if self.ring.wants(seen):
            self.ring.offer(self.clock.t, frame.pixels.tobytes(), seen)

    # ------------------------------------------------------------- the promises

    def promises(self) -> None:
        now = self.clock.t
        assert self.control.commanded_while_forbidden == 0.0
        resting = now - self.opened_at < REST_AFTER_OPENING
        if self.closed_at is None and not resting:
            return
        speeds = [abs(v) for v in self.axis.told]
        assert speeds == sorted(speeds, reverse=True), "it brakes, and starts nothing"
        if now - self.shut_at > BRAKING_TIME + 1.5 * STEP:
            assert not self.axis.powered

    @precondition(lambda self: hasattr(self, "clock"))
    @invariant()
    def closed_means_no_frame(self) -> None:
        self.promises()
        if self.shutter.state is ShutterState.OPEN:
            return
        assert not self.gate.allowed
        assert not self.camera.is_open
        assert not any(pixels.any() for pixels in self.camera.lent)
        assert self.ring.best() is None
        assert self.state.shutter is not ShutterState.OPEN
        assert self.state.move is None
        assert self.state.people.persons == () or not any(
            p.ever_seen for p in self.state.people.persons
        )


def _fields(event: Event) -> dict[str, object]:
    return {f.name: getattr(event, f.name) for f in fields(event)}


TestShutterMachine = ShutterMachine.TestCase
TestShutterMachine.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    # Every step is a simulation: making a failure smaller takes minutes, and replays find it again.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
