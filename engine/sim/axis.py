"""A simulated axis: a rotor with inertia, friction, a servo, end stops and people's hands.

Physics only: it takes set-points and returns what an encoder and a current
sensor would say; it decides nothing. Time is integrated in fixed steps of
1 ms up to the moment asked for, so the same calls give the same motion
whether a real clock or a simulation drives it.

What the room does to the head is scheduled ahead of time: `push` and `bump`
(a hand), `scroll` (a finger on the screen), `obstacle` (something in the way),
`unplug`. `engine.sim.hands` draws hands as people have them, for `add`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.core.angles import clamp
from engine.ports import AxisAbilities, AxisReading
from engine.sim.hands import Hand, a_scroll

STEP = 0.001  # s
_EXTRAPOLATE = 0.02  # s; a set-point older than this is held, not carried on
_SLACK = 10.0  # degrees from an end of the range of motion to its mechanical stop
_LOOSE = math.radians(0.05)  # rad/s under which Coulomb friction may hold the rotor


def stops_beyond(span: tuple[float, float]) -> tuple[float, float]:
    """Mechanical end stops for a base whose range of motion is `span` (low, high; degrees)."""
    return span[0] - _SLACK, span[1] + _SLACK


@dataclass(frozen=True, slots=True)
class Rotor:
    """The mechanics of the reference build, as seen at the head. Torques in N m, rad and s.

    A 10-inch screen of 0.7 kg with its mount on a geared smart servo.
    """

    inertia: float = 0.03
    viscous: float = 0.01
    coulomb: float = 0.06
    torque_limit: float = 1.0
    stiffness: float = 75.0
    damping: float = 2.7


@dataclass(frozen=True, slots=True)
class Sensors:
    """What the servo's own sensors add: a 12-bit encoder, a coarse speed and current."""

    encoder_step: float = 360.0 / 4096.0
    velocity_noise: float = 0.5
    torque_noise: float = 0.015


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Headings (low, high; degrees) that the head cannot enter between `start` and `end`."""

    low: float
    high: float
    start: float = 0.0
    end: float = math.inf


@dataclass
class SimulatedAxis:
    """`ports.Axis` on simulated mechanics.

    `clock` (seconds, monotonic) is asked at every call of the port; without
    one the axis stands still in time until `advance` is called. Where nobody
    called for longer than `patience`, the rest of that time does not pass
    here: a program that was held up is no force on the head. `stops` are the
    mechanical end stops, a little outside the range of motion (`stops_beyond`).
    """

    heading: float = 0.0
    seed: int = 0
    clock: Callable[[], float] | None = None
    start: float = 0.0
    patience: float = math.inf
    stops: tuple[float, float] = (-185.0, 185.0)
    rotor: Rotor = field(default_factory=Rotor)
    sensors: Sensors = field(default_factory=Sensors)
    abilities: AxisAbilities = field(
        default_factory=lambda: AxisAbilities(
            can_sense_contact=True, has_position=True, can_brake=True
        )
    )

    def __post_init__(self) -> None:
        if self.clock is not None:
            self.start = self.clock()
        self._random = random.Random(self.seed)
        self._theta = math.radians(self.heading)
        self._omega = 0.0
        self._torque = 0.0
        self._powered = False
        self._target = (self.start, self._theta, 0.0)
        self._steps = 0
        self._slept = 0.0
        self._hands: list[Hand] = []
        self._obstacles: list[Obstacle] = []
        self._lost: list[tuple[float, float]] = []
        self.commands = 0

    # ---------------------------------------------------------------- the port

    def energise(self) -> None:
        self._reach()
        if not self._powered:
            self._target = (self.now, self._theta, 0.0)
            self._powered = True

    def command(self, heading: float, velocity: float) -> None:
        self._reach()
        self.commands += 1
        self._target = (self.now, math.radians(heading), math.radians(velocity))

    def read(self) -> AxisReading:
        self._reach()
        step, gauss = self.sensors.encoder_step, self._random.gauss
        heading = round(math.degrees(self._theta) / step) * step if step else self.true_heading
        velocity = self.true_velocity + gauss(0.0, self.sensors.velocity_noise)
        torque = self._torque / self.rotor.torque_limit + gauss(0.0, self.sensors.torque_noise)
        return AxisReading(heading, velocity, clamp(torque, -1.0, 1.0))

    def release(self) -> None:
        self._powered = False
        self._torque = 0.0

    def close(self) -> None:
        self.release()

    # ------------------------------------------------------- the room's doings

    def push(
        self, start: float, torque: float, seconds: float, ramp: float = 0.08, speed: float = 2.0
    ) -> Hand:
        """A hand turns the head: `torque` N m (sign = direction) from `start` for `seconds`."""
        return self.add(Hand(start, seconds, torque, ramp, speed))

    def bump(self, start: float, torque: float = 1.5, seconds: float = 0.03) -> Hand:
        """Something knocks against the head."""
        return self.add(Hand(start, seconds, torque, ramp=0.005, speed=6.0))

    def scroll(self, start: float, rng: random.Random | None = None) -> tuple[float, float]:
        """A finger drags on the screen; returns when it touches down and when it lifts.

        The touch screen says the same to the engine, which is the caller's to pass on.
        """
        hands = [self.add(hand) for hand in a_scroll(rng or self._random, start)]
        return start, max(hand.end for hand in hands)

    def add(self, hand: Hand) -> Hand:
        """Any other torque from outside, say from `engine.sim.hands`."""
        self._hands.append(hand)
        self._hands.sort(key=lambda h: h.start)
        return hand

    def obstacle(
        self, low: float, high: float, start: float = 0.0, end: float = math.inf
    ) -> Obstacle:
        """Something stands in the way: the head stops at its edge."""
        obstacle = Obstacle(low, high, start, end)
        self._obstacles.append(obstacle)
        return obstacle

    def unplug(self, start: float, seconds: float) -> None:
        """The cable is out: every call of the port but `release` raises OSError meanwhile."""
        self._lost.append((start, start + seconds))

    # ------------------------------------------------------------- the physics

    @property
    def now(self) -> float:
        return self.start + self._steps * STEP

    @property
    def true_heading(self) -> float:
        """Degrees; what no sensor of the engine sees, for scoring only."""
        return math.degrees(self._theta)

    @property
    def true_velocity(self) -> float:
        return math.degrees(self._omega)

    @property
    def true_torque(self) -> float:
        """The motor's torque in N m."""
        return self._torque

    @property
    def powered(self) -> bool:
        return self._powered

    def external_torque(self) -> float:
        """What hands do to the head at this moment, N m."""
        return self._hands_at(self.now)

    def advance(self, t: float) -> None:
        """Integrate up to time `t`; earlier times do nothing."""
        steps = math.floor((t - self.start) / STEP + 1e-6)
        while self._steps < steps:
            self._integrate()
            self._steps += 1

    def _reach(self) -> None:
        if self.clock is not None:
            now = self.clock() - self._slept
            self._slept += max(0.0, now - self.now - self.patience)
            self.advance(min(now, self.now + self.patience))
        if any(low <= self.now < high for low, high in self._lost):
            raise OSError("the simulated axis is unplugged")

    def _hands_at(self, t: float) -> float:
        while self._hands and t >= self._hands[0].end:
            self._hands.pop(0)
        return sum(hand.at(t, self._omega) for hand in self._hands) if self._hands else 0.0

    def _servo(self, t: float) -> float:
        since, theta, omega = self._target
        age = t - since
        if age <= _EXTRAPOLATE:
            theta += omega * age
        else:
            theta += omega * _EXTRAPOLATE
            omega = 0.0
        torque = self.rotor.stiffness * (theta - self._theta)
        torque += self.rotor.damping * (omega - self._omega)
        return clamp(torque, -self.rotor.torque_limit, self.rotor.torque_limit)

    def _integrate(self) -> None:
        t, rotor = self.now, self.rotor
        self._torque = self._servo(t) if self._powered else 0.0
        drive = self._torque + self._hands_at(t) - rotor.viscous * self._omega
        omega = self._omega
        if abs(omega) < _LOOSE and abs(drive) <= rotor.coulomb:
            omega = 0.0
        else:
            free = omega + STEP * drive / rotor.inertia
            grip = STEP * rotor.coulomb / rotor.inertia
            omega = 0.0 if abs(free) <= grip else free - math.copysign(grip, free)
        theta = self._theta + STEP * omega
        stopped = self._blocked(t, theta)
        self._omega = omega if stopped is None else 0.0
        self._theta = theta if stopped is None else stopped

    def _blocked(self, t: float, theta: float) -> float | None:
        """Where the way to `theta` ends, None where it is free."""
        low, high = math.radians(self.stops[0]), math.radians(self.stops[1])
        for obstacle in self._obstacles:
            if obstacle.start <= t < obstacle.end:
                near, far = math.radians(obstacle.low), math.radians(obstacle.high)
                if 2.0 * self._theta <= near + far:
                    high = min(high, max(near, self._theta))
                else:
                    low = max(low, min(far, self._theta))
        return None if low <= theta <= high else clamp(theta, low, high)
