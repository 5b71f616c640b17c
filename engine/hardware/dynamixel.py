"""An axis on a Dynamixel servo of the X series (XL330, XL430): `ports.Axis` over its serial line.

Translates degrees into the servo's steps and back, and nothing else: range,
speed and jerk are the engine's. The servo stays in its single-turn position
mode, where its encoder is absolute, so there is no homing; a servo that was
left in multi-turn mode is put back. A head beyond that one turn may be turned
by hand, and is never energised: the torque brings the servo's position back
into the turn, and the head would swing round a whole one. Registers: ROBOTIS
e-Manual, XL330-M288-T and XL430-W250-T, "Control Table".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from engine.core.angles import clamp
from engine.hardware.dynamixel_line import Register, Wire
from engine.ports import AxisAbilities, AxisReading

TURN = 4096  # steps
CENTRE = 2048  # the step that is the servo's own zero
DEGREES = 360.0 / TURN
SPEED = 0.229 * 6.0  # deg/s in one unit of present velocity (0.229 rev/min)
SINGLE_TURN = 3
JUMP = TURN // 16  # steps that no hand turns the head by while the torque comes on
_REVERSED = 1


MODEL = Register(0, 2)
RETURN_DELAY = Register(9, 1)
DRIVE_MODE = Register(10, 1)
OPERATING_MODE = Register(11, 1)
HOMING_OFFSET = Register(20, 4)
TORQUE_ENABLE = Register(64, 1)
HARDWARE_ERROR = Register(70, 1)
PROFILE_ACCELERATION = Register(108, 4)
PROFILE_VELOCITY = Register(112, 4)
GOAL_POSITION = Register(116, 4)
# Effort, velocity and position lie side by side: one question for all three.
PRESENT = Register(126, 10)


@dataclass(frozen=True, slots=True)
class Model:
    """`full` is the effort register's value at the torque limit."""

    name: str
    full: int


MODELS = {
    1060: Model("XL430-W250", 1000),  # load, 0.1 %
    1190: Model("XL330-M077", 1750),  # current, mA
    1200: Model("XL330-M288", 1750),
}

ERRORS = {
    0: "input voltage out of range; look at the servo's supply",
    2: "too hot; let it cool down, and look for friction",
    4: "electrical shock or too little power; look at supply and cable",
    5: "overloaded; look what blocks the head",
}
_POWER = "switch the servo's supply off and on"


class DynamixelAxis:
    """`zero_deg` is the servo's angle (0 at its centre mark) at the head's mechanical centre.

    Whoever makes one need not have a servo: it is made ready at the first call,
    and again after every OSError, by whatever asks next. That turns the torque off, so the head
    is free until `energise`. Calls may come from several threads: the shutter
    releases from its own.
    """

    def __init__(self, wire: Wire, *, zero_deg: float = 0.0, reversed_: bool = False) -> None:
        self._wire = wire
        self._zero = zero_deg
        self._reversed = reversed_
        self._lock = threading.Lock()
        self._closed = False
        self.problem: str | None = "the servo was not asked yet"
        """Why the servo is not ready, None while it is."""
        self.model: Model | None = None
        self.abilities = _abilities(feels=True)

    # ---------------------------------------------------------------- the port

    def energise(self) -> None:
        with self._asking():
            self._make_ready()
            self._refuse_errors()
            before = self._position()
            self._write(GOAL_POSITION, before)
            self._write(TORQUE_ENABLE, 1)
            try:
                self._refuse_jump(before)
            except OSError:
                # Whoever asked believes the torque off.
                with suppress(OSError):
                    self._write(TORQUE_ENABLE, 0)
                raise

    def command(self, heading: float, velocity: float) -> None:  # noqa: ARG002
        """The servo closes its own loop on position; `velocity` has no register in this mode."""
        steps = round((heading + self._zero) / DEGREES) + CENTRE
        with self._asking():
            if self.problem is not None:
                raise OSError(self.problem)
            self._write(GOAL_POSITION, int(clamp(steps, 0, TURN - 1)))
            self._refuse_alert()

    def read(self) -> AxisReading:
        with self._asking():
            self._make_ready()
            data = self._wire.read(PRESENT)
            self._refuse_alert()
        effort = int.from_bytes(data[0:2], "little", signed=True)
        velocity = int.from_bytes(data[2:6], "little", signed=True) * SPEED
        torque = clamp(effort / self.model.full, -1.0, 1.0) if self.model else None
        return AxisReading(self._degrees(_steps(data)), velocity, torque)

    def release(self) -> None:
        """Only that: a servo that was lost is made ready by the next reading, which may take longer
        than the thread of the shutter should."""
        with self._asking():
            if not self._closed:
                self._write(TORQUE_ENABLE, 0)

    def close(self) -> None:
        """Torque off as well as it goes, then the line is let go; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed, self.problem = True, "the axis is closed"
            try:
                self._write(TORQUE_ENABLE, 0)
            finally:
                self._wire.close()

    # --------------------------------------------------------------- readiness

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One call at a time; after one that failed the servo is not ready any more."""
        with self._lock:
            try:
                yield
            except OSError as error:
                self.problem = str(error)
                raise

    def _make_ready(self) -> None:
        if self._closed:
            raise OSError(self.problem)
        if self.problem is not None:
            self._prepare()
            self.problem = None

    def _prepare(self) -> None:
        self._write(TORQUE_ENABLE, 0)
        self._refuse_errors()
        mode = self._number(DRIVE_MODE) & ~_REVERSED | (_REVERSED if self._reversed else 0)
        # These are in the servo's flash, which wears: written only where they differ.
        for register, value in (
            (RETURN_DELAY, 0),
            (DRIVE_MODE, mode),
            (OPERATING_MODE, SINGLE_TURN),
            # It would move the ends of the one turn; `zero_deg` does that without the servo.
            (HOMING_OFFSET, 0),
        ):
            if self._number(register) != value:
                self._write(register, value)
        # 0 is no profile of the servo's own: set-points come jerk-limited already.
        self._write(PROFILE_ACCELERATION, 0)
        self._write(PROFILE_VELOCITY, 0)
        self._position()
        self.model = MODELS.get(self._number(MODEL))
        self.abilities = _abilities(feels=self.model is not None)

    # ---------------------------------------------------------------- the table

    def _number(self, register: Register) -> int:
        return int.from_bytes(self._wire.read(register), "little")

    def _write(self, register: Register, value: int) -> None:
        self._wire.write(register, value)

    def _position(self) -> int:
        """Steps within one turn; with anything else no torque may come on."""
        steps = _steps(self._wire.read(PRESENT))
        if not 0 <= steps < TURN:
            raise OSError(
                f"the servo reports {steps} steps, outside one turn; turn the head back by hand, "
                f"and if it is not turned away, {_POWER}"
            )
        return steps

    def _degrees(self, steps: int) -> float:
        return (steps - CENTRE) * DEGREES - self._zero

    def _refuse_jump(self, before: int) -> None:
        after = _steps(self._wire.read(PRESENT))
        if abs(after - before) > JUMP:
            raise OSError(
                f"the servo's position jumped from {before} to {after} steps as its torque came "
                "on; turn the head straight by hand"
            )

    def _refuse_alert(self) -> None:
        """The servo drops its torque by itself, and answers as if nothing were."""
        if self._wire.alert:
            self._refuse_errors()

    def _refuse_errors(self) -> None:
        bits = self._number(HARDWARE_ERROR)
        if bits:
            told = [text for bit, text in ERRORS.items() if bits >> bit & 1]
            raise OSError(f"the servo has stopped: {', '.join(told) or bits}; then {_POWER}")


def _steps(present: bytes) -> int:
    return int.from_bytes(present[6:10], "little", signed=True)


def _abilities(*, feels: bool) -> AxisAbilities:
    """Of a servo that was never reached the best is hoped: it moves nothing meanwhile."""
    return AxisAbilities(can_sense_contact=feels, has_position=True, can_brake=True)
