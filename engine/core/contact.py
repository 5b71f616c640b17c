"""Contact: tells a manual push, a bump and a stall from the axis's own readings.

The motor's torque beyond what the commanded motion needs is what the world
does to the head. Held against a standing or following head it is a hand
(`push`); gone in a moment, a knock (`bump`); with the head held fast while
its set-point moves on, an obstacle (`stall`). A finger dragging on the screen
jolts the head a little, so a touched screen asks for more torque.

A hand that pushes the way the head is going anyway takes load off the motor
instead. That is felt by what turns the head beyond motor and friction: a
disturbance observer of its momentum (De Luca and Mattone, ICRA 2003), which
trails no set-point. No obstacle helps a head along, so it can be a hand only.

Pure: it reports, the axis loop yields and the brain decides what follows.
"""

from __future__ import annotations

import math

from engine.core.profile import Setpoint
from engine.core.settings import ContactSettings

PUSH, BUMP, STALL = "push", "bump", "stall"

LONGEST_TOUCH = 60.0  # s: a finger that is down for longer has been lifted unnoticed

_LAG = 0.03  # s; how far a healthy servo may trail its set-point
_STILL = 5.0  # deg/s; slower than this the head stands
_ENDED = 0.05  # s without excess torque that end an episode
_CONFIRM = 0.06  # s that a hand goes on after a stall was yielded to, and an obstacle does not
_LONGEST = 0.03  # s that one sample may stand for, however late it came
_GRADUAL = 0.04  # s of excess on a moving head that no hard obstacle gives
_OBSERVED = 0.025  # s that the observer lags behind what turns the head
_HELPED = 0.6  # of push_torque: the motor's lag is no part of what the observer sees
_STEADY = 1.25  # two gaps between samples that differ by less are alike
_SAMPLES = 10  # that tell at the least of a hand that helps
_ARRIVED = 0.2  # degrees from the end of a move that count as its end
_CARRIED = 8.0  # deg/s; a slower head is not going anywhere


class ContactSense:
    """Fed one reading a sample; says at most one kind an episode."""

    def __init__(self, settings: ContactSettings) -> None:
        self._settings = settings
        self._touched_until = -math.inf
        self._last: float | None = None
        self._gap = self._helped = 0.0
        self._outside = MomentumObserver(settings)
        self.reset()

    def reset(self) -> None:
        """Forget the episode under way: after a pin, a release or an outage."""
        self._outside.reset()
        self._end_episode()

    def _end_episode(self) -> None:
        self._helped = 0.0
        self._side = 0.0
        self._pushed = self._stalled = self._pressed = self._quiet = 0.0
        self._peak = 0.0
        self._heading = self._commanded = self._reach = 0.0
        self._under_way = False
        self._told = False
        self._suspected = False

    def pinned(self) -> None:
        """The head was stopped at a stall: an obstacle rests now, a hand goes on."""
        self.reset()
        self._suspected = True

    def touched(self, t: float, pressed: bool) -> None:
        """A finger came onto the screen, or left it; one whose leaving got lost is no finger."""
        self._touched_until = t + (LONGEST_TOUCH if pressed else self._settings.touch_grace)

    def expected_torque(self, setpoint: Setpoint) -> float:
        """The share of the torque limit that the commanded motion itself needs."""
        v = setpoint.velocity
        turning = max(-1.0, min(1.0, v / _STILL))
        s = self._settings
        return s.inertia * setpoint.acceleration + s.viscosity * v + s.friction * turning

    def update(
        self, t: float, setpoint: Setpoint, heading: float, velocity: float, torque: float | None
    ) -> str | None:
        """One sample: `setpoint` is where the head should be at `t`. Returns a kind, or None."""
        gap = 0.0 if self._last is None else max(0.0, t - self._last)
        dt = min(_LONGEST, gap)
        self._last = t
        if self._helping(t, gap, velocity, torque) and not self._told:
            return self._tell(PUSH)
        excess = self._excess(t, setpoint, heading, torque)
        if excess == 0.0:
            self._suspected = False
        if excess == 0.0 or excess * self._side < 0.0:
            return self._fade(t, dt, opposite=excess != 0.0)
        if self._side == 0.0:
            self._begin(excess, setpoint, heading)
        self._quiet = 0.0
        if not self._suspected:
            self._peak = max(self._peak, abs(excess))
        return self._judge(dt, setpoint, heading, velocity, torque)

    def _helping(self, t: float, gap: float, velocity: float, torque: float | None) -> bool:
        """Whether a hand has been pushing the head along for long enough."""
        before, self._gap = self._gap, gap
        if not before / _STEADY <= gap <= before * _STEADY:
            # What the motor did in a gap of another length is anybody's guess.
            self._outside.reset()
            self._helped = 0.0
        outside = self._outside.update(gap, velocity, torque)
        s = self._settings
        along = math.copysign(1.0, velocity) * outside > _HELPED * s.push_torque
        carried = along and abs(velocity) > _CARRIED and not self._finger(t)
        # Few samples, however far apart, are not much evidence.
        counted = min(gap, s.push_seconds / _SAMPLES)
        self._helped = self._helped + counted if carried else 0.0
        return self._helped >= s.push_seconds - 1e-9

    def _excess(self, t: float, setpoint: Setpoint, heading: float, torque: float | None) -> float:
        """Motor torque above the threshold, signed; 0 where nothing is felt."""
        s = self._settings
        behind = setpoint.heading - heading
        if abs(behind) > s.push_degrees + _LAG * abs(setpoint.velocity):
            return math.copysign(1.0, behind)
        if torque is None:
            return 0.0
        surplus = torque - self.expected_torque(setpoint)
        enough = s.touched_torque if self._finger(t) else s.push_torque
        return surplus if abs(surplus) > enough else 0.0

    def _finger(self, t: float) -> bool:
        """Whether what is felt may come from a finger on the screen."""
        return t < self._touched_until

    def _begin(self, excess: float, setpoint: Setpoint, heading: float) -> None:
        suspected, helped = self._suspected, self._helped
        self._end_episode()
        self._suspected, self._helped = suspected, helped
        if suspected:
            self._pushed = max(0.0, self._settings.push_seconds - _CONFIRM)
        self._side = math.copysign(1.0, excess)
        self._heading, self._commanded = heading, setpoint.heading
        self._reach = heading
        self._under_way = setpoint.velocity * self._side > 1.0

    def _fade(self, t: float, dt: float, *, opposite: bool) -> str | None:
        """Nothing felt, or the other way: the episode ends after a moment."""
        if self._side == 0.0:
            return None
        self._quiet += dt
        if not opposite and self._quiet < _ENDED:
            return None
        knocked = not self._told and self._peak >= self._settings.bump_torque
        # The jolt of a landing finger is felt before the screen tells of it.
        bumped = knocked and not self._finger(t)
        helped = self._helped
        self._end_episode()
        self._helped = helped
        return BUMP if bumped else None

    def _judge(
        self, dt: float, setpoint: Setpoint, heading: float, velocity: float, torque: float | None
    ) -> str | None:
        s, side = self._settings, self._side
        if self._told:
            return None
        self._reach = side * max(side * self._reach, side * heading)
        advanced = side * (setpoint.heading - self._commanded)
        against = self._under_way or advanced > 0.3
        retreated = side * (self._reach - heading)
        # What reached the end of its move had nothing in its way: it is pushed back from there.
        resting = abs(setpoint.velocity) < 0.1 and setpoint.acceleration == 0.0
        arrived = resting and side * (setpoint.heading - self._reach) < _ARRIVED
        if against and not arrived and abs(velocity) < max(_STILL, 0.1 * abs(setpoint.velocity)):
            blocked = self._pushed < min(_GRADUAL, s.push_seconds) and retreated < 1.0
        else:
            blocked = False
        if not blocked:
            self._pushed += dt
            return self._tell(PUSH) if self._pushed >= s.push_seconds else None
        self._pressed += dt
        if torque is None or abs(torque) >= s.stall_torque:
            self._stalled += dt
        if self._stalled >= s.stall_seconds or self._pressed >= 4.0 * s.stall_seconds:
            return self._tell(STALL)
        return None

    def _tell(self, kind: str) -> str:
        self._told = True
        return kind


class MomentumObserver:
    """What turns the head beyond its motor and its friction, in shares of the torque limit.

    Positive is counter-clockwise. Without a sense of torque it is always 0.
    """

    def __init__(self, settings: ContactSettings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        self._start: float | None = None
        self._known = self._outside = 0.0

    def update(self, dt: float, velocity: float, torque: float | None) -> float:
        """One sample: deg/s, and the motor's share of its limit."""
        if torque is None:
            self.reset()
            return 0.0
        s = self._settings
        momentum = s.inertia * velocity
        rub = s.viscosity * velocity + s.friction * max(-1.0, min(1.0, velocity / _STILL))
        if self._start is None:
            self._start = momentum
        else:
            # The motor answers a set-point at once: what it does now, it did since.
            self._known += (torque - rub + self._outside) * dt
        self._outside = (momentum - self._start - self._known) / _OBSERVED
        return self._outside
