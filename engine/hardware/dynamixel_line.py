"""A Dynamixel servo's control table, read and written over its serial line.

Packets that are lost or come late, an adapter that is pulled out and plugged in
again: here. What the registers mean is `dynamixel`'s. Protocol: ROBOTIS
e-Manual, "DYNAMIXEL Protocol 2.0".
"""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

ATTEMPTS = 3  # a packet lost to noise is no fault yet
_READ, _WRITE = 2, 3
_ALERT = 0x80  # of a status packet: the hardware error register has something to tell
# Where a packet has its length, its error and what follows; what a status packet counts beside.
_LENGTH, _ERROR, _DATA, _BESIDE = 5, 8, 9, 4


class Register(NamedTuple):
    address: int
    size: int


class Wire(Protocol):
    """A servo's control table, reached somehow. Calls raise OSError when it does not answer.

    `alert` is whether the last answer said that the servo has a hardware error.
    """

    alert: bool

    def read(self, register: Register) -> bytes: ...

    def write(self, register: Register, value: int) -> None: ...

    def close(self) -> None: ...


class SerialWire:
    """The control table over a serial line, by the maker's own package (extra `dynamixel`).

    The line is opened at the first call, and anew at the next one after it was
    gone: a descriptor of an adapter that was pulled out never serves again.
    """

    def __init__(self, port: str, servo: int, baud: int) -> None:
        self.alert = False
        self._port, self._servo, self._baud = port, servo, baud
        self._where = f"servo {servo} on {port}"
        self._line: Any = None
        self._packets: Any = None

    def read(self, register: Register) -> bytes:
        where = (*register.address.to_bytes(2, "little"), *register.size.to_bytes(2, "little"))
        return self._ask(_READ, where, register.size)

    def write(self, register: Register, value: int) -> None:
        data = (value % 256**register.size).to_bytes(register.size, "little")
        self._ask(_WRITE, (*register.address.to_bytes(2, "little"), *data), 0)

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.closePort()

    def _open(self) -> None:
        sdk = _sdk()
        line = sdk.PortHandler(self._port)
        line.baudrate = self._baud
        try:
            opened = line.openPort()
        except (OSError, termios.error) as failed:
            # It may be open all the same, and fail at what comes right after.
            if line.is_open:
                line.closePort()
            raise OSError(
                f"{self._where}: cannot be opened ({_cause(failed)}); look at its adapter, "
                "or set axis.dynamixel.port"
            ) from failed
        if not opened:
            raise OSError(
                f"{self._where}: cannot be opened at {self._baud} baud; set axis.dynamixel.baud"
            )
        # A USB adapter gathers bytes for 16 ms otherwise, longer than a set-point lasts.
        # Not every adapter has that switch.
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            line.ser.set_low_latency_mode(True)
        self._line, self._packets = line, sdk.PacketHandler(2.0)

    def _ask(self, instruction: int, parameters: Sequence[int], size: int) -> bytes:
        """`size` bytes of answer; tried again when a packet is lost: all of ours may be repeated.

        An answer of another size is a late one to an earlier question, and ours counts as lost.
        """
        if self._line is None:
            self._open()
        for _ in range(ATTEMPTS):
            answer = self._exchange(instruction, parameters)
            if answer is None:
                continue
            error = answer[_ERROR]
            self.alert = bool(error & _ALERT)
            if error & ~_ALERT:
                raise OSError(f"{self._where}: refused an instruction (error {error & ~_ALERT})")
            if int.from_bytes(answer[_LENGTH : _LENGTH + 2], "little") == size + _BESIDE:
                return answer[_DATA : _DATA + size]
        raise OSError(f"{self._where}: no answer; look at cable, supply, id and baud rate")

    def _exchange(self, instruction: int, parameters: Sequence[int]) -> bytes | None:
        """One packet there and one back, None where it got lost."""
        length = (len(parameters) + 3).to_bytes(2, "little")
        # The package fills in the header before and the checksum after.
        packet = [0, 0, 0, 0, self._servo, *length, instruction, *parameters, 0, 0]
        try:
            answer, result, _ = self._packets.txRxPacket(self._line, packet)
        except (OSError, termios.error) as failed:
            # The adapter was pulled, which raises either.
            with contextlib.suppress(OSError, termios.error):
                self.close()
            raise OSError(f"{self._where}: the line is gone ({_cause(failed)})") from failed
        return bytes(answer) if result == 0 else None


def _cause(failed: OSError | termios.error) -> str:
    return str(failed.args[-1] if failed.args else type(failed).__name__)


def _sdk() -> Any:
    try:
        import dynamixel_sdk
    except ImportError as error:
        raise OSError(
            "the package dynamixel-sdk is missing; pip install 'heliotrope[dynamixel]'"
        ) from error
    return dynamixel_sdk
