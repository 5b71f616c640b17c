"""What people do to the head: push it, knock against it, scroll on its screen.

Torques about the axis over time, drawn from ranges that a hand on a 10-inch
screen gives; nothing here knows the motor. The screen is 0.24 m wide, so a
finger or a hand at its edge has a lever of up to 0.12 m.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from engine.core.angles import clamp


@dataclass(frozen=True, slots=True)
class Hand:
    """A torque from outside (N m, positive counter-clockwise), from `start` for `seconds`.

    It rises and falls over `ramp` seconds. A hand cannot outrun itself:
    its torque fades to nothing as the head reaches `speed` (rad/s) its way.
    `wiggle` is (amplitude in N m, Hz) on top, for a finger that drags.
    """

    start: float
    seconds: float
    torque: float
    ramp: float = 0.08
    speed: float = 2.0
    wiggle: tuple[float, float] = (0.0, 0.0)

    @property
    def end(self) -> float:
        return self.start + self.seconds

    def at(self, t: float, omega: float) -> float:
        """The torque at time `t` on a head turning at `omega` rad/s."""
        age = t - self.start
        if not 0.0 <= age < self.seconds:
            return 0.0
        edge = min(1.0, age / self.ramp, (self.seconds - age) / self.ramp) if self.ramp else 1.0
        forward = omega if self.torque > 0.0 else -omega
        torque = self.torque * edge * clamp(1.0 - forward / self.speed, 0.0, 1.0)
        amplitude, hertz = self.wiggle
        return torque + amplitude * edge * math.sin(2.0 * math.pi * hertz * age)


def a_push(rng: random.Random, start: float, *, on_glass: bool = False) -> Hand:
    """Somebody turns the head: 4 to 12 N (5 to 12 N on the glass) at the edge, 0.5 to 2 s.

    The hand arrives within 40 to 120 ms and walks with the head at 60 to 170 deg/s.
    """
    newtons = rng.uniform(5.0 if on_glass else 4.0, 12.0)
    torque = rng.choice((-1.0, 1.0)) * newtons * rng.uniform(0.10, 0.12)
    ramp, speed = rng.uniform(0.04, 0.12), rng.uniform(1.0, 3.0)
    return Hand(start, rng.uniform(0.5, 2.0), torque, ramp, speed)


def a_knock(rng: random.Random, start: float) -> Hand:
    """Something knocks against the head: 0.01 to 0.05 N m s within 15 to 40 ms."""
    seconds = rng.uniform(0.015, 0.04)
    torque = rng.choice((-1.0, 1.0)) * rng.uniform(0.01, 0.05) / (seconds * 0.75)
    return Hand(start, seconds, torque, ramp=seconds / 4.0, speed=8.0)


def a_scroll(rng: random.Random, start: float) -> tuple[Hand, ...]:
    """A finger taps and drags: 0.1 to 0.8 s, with the jolt of landing first.

    Pressing with 0.5 to 2.5 N anywhere across the screen, dragging with a
    friction of 0.2 to 0.6 of that 5 cm in front of the axis, sticking and
    slipping at 8 to 25 Hz.
    """
    force, seconds = rng.uniform(0.5, 2.5), rng.uniform(0.1, 0.8)
    press = force * rng.uniform(-0.12, 0.12)
    drag = force * rng.uniform(0.2, 0.6) * 0.05 * rng.choice((-1.0, 1.0))
    wiggle = (0.3 * abs(drag) + 0.02 * force, rng.uniform(8.0, 25.0))
    landing = Hand(start, 0.02, press * rng.uniform(1.0, 3.0), ramp=0.005, speed=8.0)
    dragging = Hand(start, seconds, press + drag, ramp=0.03, speed=4.0, wiggle=wiggle)
    return landing, dragging
