"""A Dynamixel X servo as its serial line shows it: protocol 2.0 on a pseudo-terminal.

The frame (header, length, CRC-16) is written from ROBOTIS's description of the protocol, not by
way of the package that the driver uses, so that a mistake there would show. The rotor follows its
goal at a fixed speed, in the time of its clock.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEADER = b"\xff\xff\xfd\x00"
PING, READ, WRITE, STATUS = 1, 2, 3, 0x55
SPEED = 2000.0  # steps/s


def crc16(data: bytes) -> int:
    """CRC-16 with polynomial 0x8005, no reflection, started at 0."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def frame(body: bytes) -> bytes:
    head = HEADER + body[:1] + (len(body) + 1).to_bytes(2, "little") + body[1:]
    return head + crc16(head).to_bytes(2, "little")


class FakeServo:
    def __init__(
        self,
        model: int = 1060,
        servo: int = 1,
        position: int = 2048,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.table = bytearray(147)
        self.servo = servo
        self.at = float(position)
        self.written: list[tuple[int, int]] = []
        self.silent = False
        self._then = clock()
        self.put(0, 2, model)
        self.put(9, 1, 250)
        self.put(11, 1, 4)  # multi-turn, as another program left it
        self._update()

    def overload(self) -> None:
        """It stops itself: torque off until its supply is switched off and on."""
        self.table[70], self.table[64] = 0x20, 0

    def reboot(self) -> None:
        """Its supply was switched off and on."""
        self.table[70], self.table[64] = 0, 0
        self.at %= 4096

    def put(self, address: int, size: int, value: int) -> None:
        self.table[address : address + size] = value.to_bytes(size, "little", signed=value < 0)

    def get(self, address: int, size: int) -> int:
        return int.from_bytes(self.table[address : address + size], "little")

    @property
    def powered(self) -> bool:
        return self.table[64] == 1

    def _update(self) -> None:
        now = self._clock()
        dt, self._then = now - self._then, now
        moved = 0.0
        if self.powered:
            error = self.get(116, 4) - self.offset - self.at
            moved = max(-SPEED * dt, min(SPEED * dt, error))
        self.at += moved
        self.put(126, 2, 250 if moved > 0 else -250 if moved < 0 else 0)
        self.put(128, 4, round(moved / dt / 4096 * 60 / 0.229) if dt else 0)
        self.put(132, 4, round(self.at) + self.offset)

    @property
    def offset(self) -> int:
        """The homing offset, in steps."""
        return int.from_bytes(self.table[20:24], "little", signed=True)

    def answer(self, packet: bytes) -> bytes:
        """The status packet for an instruction packet, or nothing."""
        servo, instruction, rest = packet[4], packet[7], packet[8:-2]
        if self.silent or servo != self.servo:
            return b""
        assert crc16(packet[:-2]) == int.from_bytes(packet[-2:], "little")
        self._update()
        data = b""
        if instruction == READ:
            address, size = (int.from_bytes(rest[i : i + 2], "little") for i in (0, 2))
            data = bytes(self.table[address : address + size])
        elif instruction == WRITE:
            address, value = int.from_bytes(rest[:2], "little"), rest[2:]
            if address == 64 and value[0] and not self.powered:
                if self.table[70]:
                    value = b"\0"  # a servo that has stopped itself takes no torque
                elif self.table[11] == 3:
                    self.at %= 4096  # the torque brings the position back into one turn
            self.table[address : address + len(value)] = value
            self.written.append((address, int.from_bytes(value, "little")))
        alert = 0x80 if self.table[70] else 0
        return frame(bytes([self.servo, STATUS, alert]) + data)


class Shortcut:
    """The driver's wire without a line between: for tests in a time of their own."""

    def __init__(self, servo: FakeServo) -> None:
        self._servo = servo
        self.alert = False

    def read(self, register: tuple[int, int]) -> bytes:
        address, size = register
        asked = address.to_bytes(2, "little") + size.to_bytes(2, "little")
        return self._ask(READ, asked)[9:-2]

    def write(self, register: tuple[int, int], value: int) -> None:
        address, size = register
        self._ask(WRITE, address.to_bytes(2, "little") + value.to_bytes(size, "little"))

    def close(self) -> None:
        pass

    def _ask(self, instruction: int, parameters: bytes) -> bytes:
        packet = frame(bytes([self._servo.servo, instruction]) + parameters)
        answer = self._servo.answer(packet)
        if not answer:
            raise OSError("no answer")
        self.alert = bool(answer[8] & 0x80)
        return answer


@contextmanager
def on_a_line(servo: FakeServo) -> Iterator[str]:
    """The name of a terminal at whose other end the servo listens."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop = threading.Event()

    def listen() -> None:
        waiting = b""
        while not stop.is_set():
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            waiting += os.read(ours, 256)
            while len(waiting) >= 7 and len(waiting) >= (
                size := 7 + int.from_bytes(waiting[5:7], "little")
            ):
                packet, waiting = waiting[:size], waiting[size:]
                os.write(ours, servo.answer(packet))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        thread.join(5)
        os.close(ours)
        os.close(theirs)
