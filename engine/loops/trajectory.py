"""Where the head should be at any moment: the motion profile, laid out on the clock.

A profile is samples a fixed period apart and knows no time; the axis's thread
wakes when it can. This says which samples are due at a moment, and what lies
between two of them. It commands nothing, reads no clock and takes no lock.
"""

from __future__ import annotations

import math
from dataclasses import replace

from engine.core.profile import Profile, Setpoint
from engine.core.settings import MotionSettings
from engine.core.types import Pace

CATCH_UP = 3  # samples that a late step may make up for
ROUNDING = 1e-6  # s, of sums of periods


class Trajectory:
    """A motion profile whose samples have their times; at rest at `heading` to begin with.

    Headings in degrees, inside `span` (low, high) as `Profile` says; `period`
    and every `t` in seconds, `t` on one monotonic clock. Once advanced to `t`
    the profile is at the sample of that time or, between two samples, at the
    later one: up to a period ahead. Nothing here raises.
    """

    def __init__(
        self, heading: float, settings: MotionSettings, span: tuple[float, float], period: float
    ) -> None:
        self._settings = settings
        self._period = period
        self._profile = Profile(heading, settings, span, period)
        self._due = -math.inf  # when the profile's next sample is
        self._before: Setpoint | None = None  # its last sample but one, None after a new start

    @property
    def target(self) -> float | None:
        """The heading under way, None at rest."""
        return None if self._profile.done else self._profile.target

    # ------------------------------------------------------------ what is asked

    def begin(self, heading: float, t: float) -> None:
        """At rest at `heading`, with the first sample due at `t`."""
        self.rest_at(heading)
        self._due = t

    def rest_at(self, heading: float) -> None:
        """At rest at `heading`, whatever was under way."""
        self._profile.rest_at(heading)
        self._before = None

    def rest(self) -> None:
        """Give up what is under way."""
        self.rest_at(self._profile.now.heading)

    def confine(self, span: tuple[float, float]) -> None:
        """Give up what is under way; from here on headings stay in `span`."""
        self._profile = Profile(self._profile.now.heading, self._settings, span, self._period)
        self._before = None

    def retarget(self, heading: float, pace: Pace) -> None:
        """Turn to `heading` at `pace`, from the motion under way; after an emergency stop's end."""
        self._profile.retarget(heading, pace)

    def stop(self) -> None:
        """Come to rest within the bounds of normal motion."""
        self._profile.stop()

    def brake(self) -> None:
        """Come to rest at the emergency rate, from the profile's sample on."""
        self._profile.emergency()

    def brake_from(self, state: Setpoint, t: float) -> None:
        """Come to rest at the emergency rate, from `state` at `t` on."""
        self._profile.emergency(state)
        self._before, self._due = None, t

    def brake_at(self, t: float) -> Setpoint:
        """Come to rest at the emergency rate, from where the head should be at `t` on.

        Returns what to command at once: that heading, with the speed of a sample
        later, so that braking does not wait for that.
        """
        self.brake_from(self.at(t), t)
        now = self._profile.now
        slower = max(0.0, abs(now.velocity) - abs(now.acceleration) * self._period)
        return replace(now, velocity=math.copysign(slower, now.velocity))

    # ---------------------------------------------------------- what is due

    def advance(self, t: float) -> Setpoint:
        """Take the samples that are due at `t`, and say where the head should be.

        After a late step a few at most are made up for; the others are given
        up, and the motion goes on from where it was.
        """
        if self.lags(t):
            self._due = t
        while self._due < t + self._period - ROUNDING:
            self._before = self._profile.now
            self._profile.step()
            self._due += self._period
        return self.at(t)

    def lags(self, t: float) -> bool:
        """Whether more samples are late at `t` than are made up for."""
        return t - self._due > (CATCH_UP - 0.5) * self._period

    def at(self, t: float) -> Setpoint:
        """Where the head should be at `t`: between the profile's last two samples.

        Before them that is the earlier one, after them the later one.
        A thread does not wake on the sample. Half a sample beside the time at
        100 deg/s is half a degree, and jolts the head as a hand does.
        """
        now, before = self._profile.now, self._before
        if before is None:
            return now
        left = min(1.0, max(0.0, (self._due - self._period - t) / self._period))
        return Setpoint(
            now.heading + left * (before.heading - now.heading),
            now.velocity + left * (before.velocity - now.velocity),
            now.acceleration + left * (before.acceleration - now.acceleration),
        )
