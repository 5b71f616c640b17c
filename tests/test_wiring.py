"""The shutter's wire, and what a started engine tells its terminal."""

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from engine import app, parts
from engine.config import AxisDriver, Config, SimulatedRoom, SimulationConfig
from engine.core.types import (
    AxisFault,
    ContactFelt,
    Label,
    MoveTo,
    Pace,
    ShutterChanged,
    ShutterState,
    Touched,
)
from engine.errors import UserError
from engine.hardware.electronic_pan import ElectronicPan
from engine.loops.axis import AxisControl
from engine.loops.gate import Gate
from engine.sim.axis import SimulatedAxis
from engine.sim.clock import ManualClock
from engine.sim.devices import SimulatedTouchScreen
from engine.sim.shutter import SimulatedMute, SimulatedShutter


class Control:
    """Notes what it was told, in the order of the wire; `fails` raises like a broken driver."""

    def __init__(self, gate: Gate, fails: bool = False) -> None:
        self.gate, self.fails = gate, fails
        self.told: list[tuple[str, bool]] = []

    def touched(self, _t: float, pressed: bool) -> None:
        self.told.append(("touched", pressed))

    def permit(self, _t: float) -> None:
        self.told.append(("permit", self.gate.allowed))

    def forbid(self, _reason: str, _t: float) -> None:
        self.told.append(("forbid", self.gate.allowed))
        if self.fails:
            raise RuntimeError("the driver is broken")


def wired(shutter: Any, fails: bool = False) -> tuple[Gate, Control, list[Any]]:
    gate = Gate()
    control = Control(gate, fails)
    posted: list[Any] = []
    around = SimpleNamespace(
        shutter=shutter, gate=gate, mute=SimulatedMute(), touch=SimulatedTouchScreen()
    )
    app._wire_switches(around, control, posted.append, ManualClock())  # type: ignore[arg-type]
    return gate, control, posted


def test_a_touch_reaches_the_axis_and_then_the_brain() -> None:
    gate, posted, touch = Gate(), [], SimulatedTouchScreen()
    control = Control(gate)
    around = SimpleNamespace(
        shutter=SimulatedShutter(ShutterState.OPEN), gate=gate, mute=SimulatedMute(), touch=touch
    )
    app._wire_switches(around, control, posted.append, ManualClock())  # type: ignore[arg-type]
    for pressed in (True, False):
        touch.touch(pressed)
        assert control.told[-1] == ("touched", pressed)
        assert posted[-1] == Touched(0.0, pressed)


def test_the_camera_is_shut_before_the_axis_is_asked() -> None:
    shutter = SimulatedShutter(ShutterState.OPEN)
    gate, control, _ = wired(shutter)
    assert gate.allowed
    shutter.set(ShutterState.CLOSED)
    assert control.told[-1] == ("forbid", False)


def test_a_broken_axis_keeps_neither_camera_nor_brain_from_knowing() -> None:
    shutter = SimulatedShutter(ShutterState.OPEN)
    gate, _, posted = wired(shutter, fails=True)
    with pytest.raises(RuntimeError):
        shutter.set(ShutterState.CLOSED)
    assert not gate.allowed
    last = [e for e in posted if isinstance(e, ShutterChanged)][-1]
    assert last.state is ShutterState.CLOSED


class Hasty:
    """Closes between the reading of its state and whatever is made of it."""

    def __init__(self) -> None:
        self._listener: Callable[[ShutterState], None] | None = None
        self._state = ShutterState.OPEN

    @property
    def state(self) -> ShutterState:
        seen, self._state = self._state, ShutterState.CLOSED
        if seen is ShutterState.OPEN and self._listener is not None:
            self._listener(ShutterState.CLOSED)
        return seen

    def listen(self, listener: Callable[[ShutterState], None]) -> None:
        self._listener = listener


def test_a_shutter_that_closes_while_the_engine_starts_is_closed() -> None:
    gate, control, _ = wired(Hasty())
    assert not gate.allowed
    assert control.told[-1][0] == "forbid"


def test_what_the_axis_cannot_promise_is_said_at_the_start() -> None:
    said = parts._summary(Config(), ElectronicPan(), pan=True)
    assert said[0] == "axis: an electronic pan (feels no hand and no obstacle)"
    assert "(" not in parts._summary(Config(), SimulatedAxis(), pan=False)[0]


def test_a_servo_that_is_not_there_is_a_fault_and_no_end() -> None:
    motor = replace(Config().axis.dynamixel, port="/dev/nothing-here")
    axis = replace(Config().axis, driver=AxisDriver.DYNAMIXEL, dynamixel=motor)
    built = parts.build(replace(Config(), axis=axis), ManualClock())
    built.close()
    assert re.search(r"dynamixel, .* \(servo 1 on /dev/nothing-here: cannot be", built.summary[0])
    control = AxisControl(built.axis, axis)
    faults = [event for t in range(9) for event in control.step(t / 100.0)]
    assert [type(fault) for fault in faults] == [AxisFault]


async def test_a_simulated_head_reaches_both_ends_of_its_range() -> None:
    wide = replace(Config().axis, range=(-60.0, 300.0))
    clock = ManualClock()
    built = parts.build(replace(Config(), axis=wide), clock)
    built.close()
    control = AxisControl(built.axis, wide)
    control.move_to(MoveTo(295.0, Pace.BRISK, "test"))
    events = []
    for _ in range(500):
        await clock.advance(0.01)
        events += control.step(clock.now())
    assert not [event for event in events if isinstance(event, ContactFelt)]
    assert control.heading_at(clock.now()) == pytest.approx(295.0, abs=0.3)


def test_no_password_of_a_camera_reaches_the_terminal() -> None:
    config = Config()
    secret = replace(config.camera, source="rtsp://bob:hunter2@127.0.0.1/stream?token=abc")
    axis = SimulatedAxis()
    said = "\n".join(parts._summary(replace(config, camera=secret), axis, pan=False))
    assert "127.0.0.1/stream" in said
    assert "hunter2" not in said
    assert "abc" not in said


def test_a_real_camera_comes_with_no_shutter_in_software() -> None:
    config = replace(
        Config(),
        camera=replace(Config().camera, source="0"),
        microphones=replace(Config().microphones, source="none"),
    )
    built = parts.build(config, ManualClock())
    try:
        assert built.simulated_shutter is None
        assert built.simulated_mute is None
    finally:
        built.close()


def test_a_range_outside_the_wide_picture_is_told_before_anything_moves() -> None:
    config = replace(
        Config(),
        axis=replace(Config().axis, driver=AxisDriver.ELECTRONIC, range=(100.0, 175.0)),
    )
    with pytest.raises(UserError, match=r"axis\.range.*widen"):
        parts.build(config, ManualClock())


def test_the_room_that_is_configured_is_played() -> None:
    people = []
    for room in SimulatedRoom:
        config = replace(Config(), simulation=SimulationConfig(room=room))
        built = parts.build(config, ManualClock())
        built.close()
        world = built.world
        assert world is not None
        bodies = [world.at(float(t)).bodies for t in range(600)]
        people.append(len({b.id for some in bodies for b in some if b.label is Label.PERSON}))
    assert people == [3, 1]


@pytest.mark.parametrize("source", ["0", "rtsp://camera.local/stream"])
def test_a_real_camera_without_a_motor_is_panned_and_not_chased_by_a_head_in_software(
    source: str,
) -> None:
    built = parts.build(
        replace(Config(), camera=replace(Config().camera, source=source)), ManualClock()
    )
    built.close()
    assert isinstance(built.axis, ElectronicPan)
    # Sounds of the simulated room do not belong to a real picture.
    assert built.world is None
    assert built.config.microphones.source == "none"
    assert "microphones: none (what is simulated belongs to no real room)" in built.summary


def test_real_microphones_are_not_joined_by_people_of_the_simulated_room() -> None:
    config = replace(Config(), microphones=replace(Config().microphones, source="default"))
    built = parts.build(config, ManualClock())
    built.close()
    assert built.world is None
    assert built.config.camera.source == "none"
