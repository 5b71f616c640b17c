"""Hands on the head: felt, and yielded to until they let go.

A head in somebody's hand must not be turned against it. Here are the sense of
contact, the moments in which it cannot be trusted, and whether somebody has the
head in hand now. What follows from that (torque off, moves that wait) is for
the axis loop to do; this commands nothing, reads no clock and takes no lock.
"""

from __future__ import annotations

import math

from engine.core.contact import PUSH, ContactSense
from engine.core.profile import Setpoint
from engine.core.settings import ContactSettings
from engine.loops.tempo import LATE
from engine.loops.trajectory import CATCH_UP
from engine.ports import AxisReading

STANDING = 2.0  # deg/s; a slower head counts as standing
HELD_UP = CATCH_UP - 0.5  # samples from which the loop was held up
SETTLING = 0.025  # s after a late step in which the torque says nothing
DEAF_TIME = 0.15  # s without a sense of contact after the loop was held up


class Hands:
    """Whether somebody has the head in hand; at the start nobody has.

    `period` is the seconds between two samples, every `t` is seconds on one
    monotonic clock, never going back. Nothing here raises.
    """

    def __init__(self, settings: ContactSettings, period: float) -> None:
        self._hands_off = settings.hands_off
        self._period = period
        self._contact = ContactSense(settings)
        # What is felt without the torque: a head that is held fast, and falls behind.
        self._lag = ContactSense(settings)
        self._senses = (self._contact, self._lag)
        self._holding = False
        self._still_since: float | None = -math.inf
        self._deaf = self._numb = -math.inf

    @property
    def holding(self) -> bool:
        """Whether the head is in a hand, or has not stood still for long enough since."""
        return self._holding

    def touched(self, t: float, pressed: bool) -> None:
        """The touch screen's word, so that a scrolling finger is not taken for a hand."""
        for sense in self._senses:
            sense.touched(t, pressed)

    def forget(self) -> None:
        """The torque comes on: what was felt before has nothing to do with what comes."""
        for sense in self._senses:
            sense.reset()

    def pinned(self) -> None:
        """The head rests now where it was stopped: an obstacle lets it, a hand goes on."""
        for sense in self._senses:
            sense.pinned()

    def came_late(self, t: float, gap: float, usual: float) -> None:
        """The step at `t` comes `gap` seconds after the last one, with the head under way.

        Set-points that came late, or failed to come, jolt a moving head: its motor strains as
        against a hand, though it falls no further behind than it may. `usual` is how many seconds
        lie between two steps of late. On a line too slow for the rate that is configured every
        step would be a hold-up, and the head without feeling for good.
        """
        if gap > max(HELD_UP * self._period, LATE * usual):
            self._deaf = t + DEAF_TIME
            self.forget()
        elif gap > LATE * self._period:
            self._numb = t + SETTLING

    def watch(self, t: float, velocity: float, powered: bool) -> None:
        """After a push the head must have stood still for a while before it moves again.

        `velocity` in deg/s; `powered` tells whether the torque is on.
        """
        if abs(velocity) > STANDING:
            self._still_since = None
        elif self._still_since is None:
            self._still_since = t
        if self._still_since is not None and t - self._still_since >= self._hands_off:
            self._holding = False
        elif not powered and self._still_since is None:
            # A head without torque that moves is in somebody's hand.
            self._holding = True

    def feel(self, t: float, setpoint: Setpoint, reading: AxisReading) -> str | None:
        """The kind of contact (`core.contact`) that shows at `t`, or None; a push is a hand.

        `setpoint` is where the head should be at `t`, `reading` where it is.
        """
        if t < self._deaf:
            return None
        kind = self._lag.update(t, setpoint, reading.heading, reading.velocity, None)
        if t >= self._numb:
            where = reading.heading, reading.velocity, reading.torque
            kind = self._contact.update(t, setpoint, *where)
        if kind == PUSH:
            self._holding, self._still_since = True, None
        return kind
