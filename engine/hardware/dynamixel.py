"""An axis on a Dynamixel servo of the X series (XL330, XL430): `ports.Axis` over its serial line.

Translates degrees into the servo's steps and back, and nothing else: range,
speed and jerk are the engine's. The servo stays in its single-turn position
mode, where its encoder is absolute, so there is no homing; a servo that was
left in multi-turn mode is put back, and one that then still reports a position
outside one turn is refused. Registers: ROBOTIS e-Manual, XL330-M288-T and
XL430-W250-T, "Control Table".
"""

from __future__ import annotations

import contextlib
import termios
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from engine.core.angles import clamp
from engine.ports import AxisAbilities, AxisReading

TURN = 4096  # steps
CENTRE = 2048  # the step that is the servo's own zero
DEGREES = 360.0 / TURN
SPEED = 0.229 * 6.0  # deg/s in one unit of present velocity (0.229 rev/min)
SINGLE_TURN = 3
ATTEMPTS = 3  # a packet lost to noise is no fault yet
_REVERSED = 1


class Register(NamedTuple):
    address: int
    size: int


MODEL = Register(0, 2)
RETURN_DELAY = Register(9, 1)
DRIVE_MODE = Register(10, 1)
OPERATING_MODE = Register(11, 1)
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
_POWER = "then switch the servo's supply off and on"


class Wire(Protocol):
    """A servo's control table, reached somehow. Calls raise OSError when it does not answer."""

    def read(self, register: Register) -> bytes: ...

    def write(self, register: Register, value: int) -> None: ...

    def close(self) -> None: ...


class SerialWire:
    """The control table over a serial line, by the maker's own package (extra `dynamixel`)."""

    def __init__(self, port: str, servo: int, baud: int) -> None:
        sdk = _sdk()
        self._where = f"servo {servo} on {port}"
        self._servo = servo
        self._line = sdk.PortHandler(port)
        self._packets = sdk.PacketHandler(2.0)
        self._line.baudrate = baud
        if not self._line.openPort():
            raise OSError(f"{port}: cannot be opened at {baud} baud; set axis.dynamixel.baud")
        # A USB adapter gathers bytes for 16 ms otherwise, longer than a set-point lasts.
        # Not every adapter has that switch.
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._line.ser.set_low_latency_mode(True)

    def read(self, register: Register) -> bytes:
        where = (self._servo, register.address, register.size)
        return bytes(self._ask(lambda: self._packets.readTxRx(self._line, *where)))

    def write(self, register: Register, value: int) -> None:
        data = list((value % 256**register.size).to_bytes(register.size, "little"))
        where = (self._servo, register.address, register.size)
        self._ask(lambda: (b"", *self._packets.writeTxRx(self._line, *where, data)))

    def close(self) -> None:
        self._line.closePort()

    def _ask(self, exchange: Callable[[], tuple[Any, int, int]]) -> Any:
        """One exchange, tried again when a packet is lost: all of ours may be repeated."""
        for _ in range(ATTEMPTS):
            try:
                data, result, error = exchange()
            except (OSError, termios.error) as failed:
                # The adapter was pulled, which raises either. The package then takes the line for
                # busy for ever.
                self._line.is_using = False
                raise OSError(f"{self._where}: the line is gone ({failed.args[-1]})") from failed
            if result == 0:
                break
        else:
            raise OSError(f"{self._where}: no answer; look at cable, supply, id and baud rate")
        # The highest bit only says that the hardware error register has something to tell.
        if error & 0x7F:
            raise OSError(f"{self._where}: refused an instruction (error {error & 0x7F})")
        return data


def _sdk() -> Any:
    try:
        import dynamixel_sdk
    except ImportError as error:
        raise OSError(
            "the package dynamixel-sdk is missing; pip install 'heliotrope[dynamixel]'"
        ) from error
    return dynamixel_sdk


class DynamixelAxis:
    """`zero_deg` is the servo's angle (0 at its centre mark) at the head's mechanical centre.

    Opening turns the torque off, so the head is free until `energise`. Calls may
    come from several threads: the shutter releases from its own.
    """

    def __init__(self, wire: Wire, *, zero_deg: float = 0.0, reversed_: bool = False) -> None:
        self._wire = wire
        self._zero = zero_deg
        self._lock = threading.Lock()
        self._closed = False
        self.model = self._prepare(reversed_)
        self.abilities = AxisAbilities(
            can_sense_contact=self.model is not None, has_position=True, can_brake=True
        )

    def _prepare(self, reversed_: bool) -> Model | None:
        self._write(TORQUE_ENABLE, 0)
        self._refuse_errors()
        mode = self._number(DRIVE_MODE) & ~_REVERSED | (_REVERSED if reversed_ else 0)
        # These are in the servo's flash, which wears: written only where they differ.
        for register, value in (
            (RETURN_DELAY, 0),
            (DRIVE_MODE, mode),
            (OPERATING_MODE, SINGLE_TURN),
        ):
            if self._number(register) != value:
                self._write(register, value)
        # 0 is no profile of the servo's own: set-points come jerk-limited already.
        self._write(PROFILE_ACCELERATION, 0)
        self._write(PROFILE_VELOCITY, 0)
        self._position()
        return MODELS.get(self._number(MODEL))

    # ---------------------------------------------------------------- the port

    def energise(self) -> None:
        with self._lock:
            self._refuse_errors()
            self._write(GOAL_POSITION, self._position())
            self._write(TORQUE_ENABLE, 1)

    def command(self, heading: float, velocity: float) -> None:  # noqa: ARG002
        """The servo closes its own loop on position; `velocity` has no register in this mode."""
        steps = round((heading + self._zero) / DEGREES) + CENTRE
        with self._lock:
            self._write(GOAL_POSITION, int(clamp(steps, 0, TURN - 1)))

    def read(self) -> AxisReading:
        with self._lock:
            data = self._wire.read(PRESENT)
        effort = int.from_bytes(data[0:2], "little", signed=True)
        velocity = int.from_bytes(data[2:6], "little", signed=True) * SPEED
        torque = clamp(effort / self.model.full, -1.0, 1.0) if self.model else None
        return AxisReading(self._degrees(data[6:10]), velocity, torque)

    def release(self) -> None:
        with self._lock:
            if not self._closed:
                self._write(TORQUE_ENABLE, 0)

    def close(self) -> None:
        """Torque off as well as it goes, then the line is let go; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._write(TORQUE_ENABLE, 0)
            finally:
                self._wire.close()

    # ---------------------------------------------------------------- the table

    def _number(self, register: Register) -> int:
        return int.from_bytes(self._wire.read(register), "little")

    def _write(self, register: Register, value: int) -> None:
        self._wire.write(register, value)

    def _position(self) -> int:
        """Steps within one turn; anything else would make every angle a guess."""
        steps = int.from_bytes(self._wire.read(PRESENT)[6:10], "little", signed=True)
        if not -TURN // 16 <= steps < TURN + TURN // 16:
            raise OSError(f"the servo reports {steps} steps, outside one turn; {_POWER}")
        return int(clamp(steps, 0, TURN - 1))

    def _degrees(self, raw: bytes) -> float:
        return (int.from_bytes(raw, "little", signed=True) - CENTRE) * DEGREES - self._zero

    def _refuse_errors(self) -> None:
        bits = self._number(HARDWARE_ERROR)
        if bits:
            told = [text for bit, text in ERRORS.items() if bits >> bit & 1]
            raise OSError(f"the servo has stopped: {', '.join(told) or bits}; {_POWER}")
