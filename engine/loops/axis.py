"""The axis loop: the only writer of set-points.

Turns `MoveTo`, `Stop`, `Release` and `SetRange` into set-points on the motion profile,
reads the axis back, yields to hands, and obeys the shutter before anything
else. `AxisControl` is the loop's body, one `step(t)` a sample, thread-safe
and without a clock; `axis_runner` gives it a thread in real time. `trajectory`
says where the head should be at a moment, `hands` whether somebody holds it.
It decides nothing about people: what it felt goes to the brain as events.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable

from engine.config import AxisConfig, AxisDriver
from engine.core.angles import interpolate
from engine.core.contact import PUSH, STALL
from engine.core.profile import Setpoint
from engine.core.types import (
    AxisFault,
    AxisMoved,
    ContactFelt,
    Event,
    Health,
    MoveTo,
    Release,
    SetRange,
    Stop,
)
from engine.loops.hands import STANDING, Hands
from engine.loops.tempo import Tempo
from engine.loops.trajectory import ROUNDING, Trajectory
from engine.ports import Axis, AxisReading

BRAKING_TIME = 0.15  # s after which a forbidden axis loses its torque, at standstill or not
HISTORY = 2.0  # s of headings kept for the frames exposed meanwhile
REPORTS_HZ = 25.0  # AxisMoved a second; the brain needs no more
_BACKOFF = (0.1, 2.0)  # s between tries after a fault: first, longest
_FASTER = {AxisDriver.DYNAMIXEL: "raise axis.dynamixel.baud, or lower it"}
REST_AFTER_OPENING = 2.0  # s in which nothing starts, whatever anybody wants


class AxisControl:
    """One axis, its trajectory and the hands on it. Every method may be called from any thread.

    Starts with the torque off; the first `MoveTo` energises, pinned to the
    pose of that moment. `t` is seconds on one monotonic clock, never going back.
    """

    def __init__(self, axis: Axis, config: AxisConfig, *, rest: float = REST_AFTER_OPENING) -> None:
        """`rest`: seconds after the shutter's opening in which no move starts."""
        self._axis = axis
        self._rest = rest
        self._period = 1.0 / config.rate_hz
        self._holds = config.hold_when_closed
        # Two samples before the end of an emergency stop.
        self._nearly_standing = 2.0 * config.motion.emergency_deceleration * self._period
        self._trajectory = Trajectory(0.0, config.motion, config.range, self._period)
        self._hands = Hands(config.contact, self._period)
        self._tempo = Tempo(self._period, _FASTER.get(config.driver, "lower it"))
        self._lock = threading.RLock()
        self._history: deque[tuple[float, float]] = deque()
        self._events: list[Event] = []
        self._pending: MoveTo | None = None
        self._powered = False
        self._forbidden: str | None = None
        self._brake_until: float | None = None
        self._rest_until = -math.inf
        self._release_at_rest = False
        self._t = -math.inf
        self._failed: OSError | None = None
        self._retry_at = -math.inf
        self._backoff: float | None = None
        self._reported = -math.inf
        self._was_moving = False
        self._closed = False
        self._sent: float | None = None
        self.travel_commanded = 0.0  # degrees of set-points sent, all told
        self.commanded_while_forbidden = 0.0  # degrees sent after the braking; must stay 0
        self.refused = 0  # MoveTo dropped because motion was forbidden
        self.urgent: Callable[[], object] = _nothing
        """Called where the next sample must not wait for its time; it must not block."""

    # ------------------------------------------------------------ what is asked

    def move_to(self, action: MoveTo) -> None:
        """Turn there; replaces any move under way. Dropped while motion is forbidden.

        While somebody's hand is on the head it waits until they let go, and an
        emergency stop under way is ended first, with the torque off.
        """
        with self._lock:
            if self._forbidden is not None or self._closed:
                self.refused += 1
                return
            self._pending = action

    def stop(self, action: Stop) -> None:
        """Brake; an emergency stop ends with the torque off."""
        with self._lock:
            self._pending = None
            if action.emergency:
                self._brake_or_let_go()
            elif self._powered:
                self._trajectory.stop()

    def release(self, action: Release) -> None:  # noqa: ARG002
        """Torque off, now."""
        with self._lock:
            self._pending = None
            self._let_go()

    def set_range(self, action: SetRange) -> None:
        """Torque off; no set-point leaves [low, high] from the next move on."""
        with self._lock:
            self._pending = None
            self._let_go()
            self._trajectory.confine((action.low, action.high))

    def forbid(self, reason: str, t: float | None = None) -> None:
        """The shutter closed: brake at the emergency rate, then nothing more until `permit`.

        With `t`, the present time, the first braking set-point is sent from here: the
        thread of the edge waits for nobody but a set-point that is on its way.
        """
        with self._lock:
            self._forbidden = reason
            self._pending = None
            self._brake_or_let_go(t)
        self.urgent()

    def permit(self, t: float | None = None) -> None:
        """Motion is allowed again; the head stays where it is until the next `MoveTo`.

        With `t`, the present time, no move starts in the seconds of rest after it: a hand may
        still be at the shutter.
        """
        with self._lock:
            if t is not None and self._forbidden is not None:
                self._rest_until = t + self._rest
            self._forbidden = None

    def touched(self, t: float, pressed: bool) -> None:
        """The touch screen's word, so that a scrolling finger is not taken for a hand."""
        with self._lock:
            self._hands.touched(t, pressed)

    def shut_down(self) -> None:
        """The end: torque off, the driver closed."""
        with self._lock:
            if not self._closed:
                self.release(Release("the engine ends"))
                self._closed = True
                self._axis.close()

    # ---------------------------------------------------------- what is known

    @property
    def forbidden(self) -> str | None:
        """Why nothing may move, or None."""
        return self._forbidden

    @property
    def powered(self) -> bool:
        return self._powered

    @property
    def target(self) -> float | None:
        """The heading under way, None at rest."""
        with self._lock:
            return self._trajectory.target if self._powered else None

    def heading_at(self, t: float) -> float | None:
        """The heading at `t` of the last two seconds, interpolated; None before any reading."""
        with self._lock:
            history = tuple(self._history)
        if not history or t >= history[-1][0]:
            return history[-1][1] if history else None
        return interpolate(history, t)

    # ------------------------------------------------------------- the sample

    def step(self, t: float) -> list[Event]:
        """One turn of the loop: read, advance the profile, feel, command. Returns what happened."""
        with self._lock:
            if self._trajectory.target is not None:
                self._watch_tempo(t, t - self._t)
            self._t = t
            failed, self._failed = self._failed, None
            if failed is not None and self._backoff is None:
                self._fail(t, failed)
            if t >= self._retry_at:
                try:
                    self._turn(t)
                except OSError as error:
                    self._fail(t, error)
            events, self._events = self._events, []
            return events

    def _watch_tempo(self, t: float, gap: float) -> None:
        self._hands.came_late(t, gap, self._tempo.usual)
        if self._tempo.step(gap):
            # No health of the axis: a head that turns less smoothly can be armed all the same.
            problem = self._tempo.problem
            self._events.append(Health(t, "axis.rate_hz", not problem, problem))

    def _turn(self, t: float) -> None:
        reading = self._axis.read()
        self._remember(t, reading)
        if self._backoff is not None:
            self._axis.release()  # whatever it was told before it was lost
            self._backoff = None
            self._events.append(Health(t, "axis", True))
        self._hands.watch(t, reading.velocity, self._powered)
        self._begin_move(t, reading)
        if self._powered:
            self._drive(t, reading)
        self._report(t, reading)

    def _remember(self, t: float, reading: AxisReading) -> None:
        self._history.append((t, reading.heading))
        while self._history[0][0] < t - HISTORY:
            self._history.popleft()

    def _begin_move(self, t: float, reading: AxisReading) -> None:
        if self._pending is None or self._hands.holding or self._release_at_rest:
            return
        if t < self._rest_until:
            return
        if not self._powered:
            self._trajectory.begin(reading.heading, t)
            self._hands.forget()
            self._axis.energise()
            self._powered = True
            self._sent = reading.heading
        move, self._pending = self._pending, None
        self._trajectory.retarget(move.heading, move.pace)

    def _drive(self, t: float, reading: AxisReading) -> None:
        if self._release_at_rest and self._trajectory.lags(t):
            # The servo has braked by itself meanwhile: go on from there, not from the plan.
            state = Setpoint(reading.heading, reading.velocity, 0.0)
            self._trajectory.brake_from(state, t)
        setpoint = self._trajectory.advance(t)
        kind = None
        if self._axis.abilities.can_sense_contact and not self._release_at_rest:
            kind = self._hands.feel(t, setpoint, reading)
        if kind is not None:
            self._events.append(ContactFelt(t, kind, reading.heading))
        if kind == PUSH:
            self._pending = None
            self._let_go()
        elif self._release_at_rest and self._braked(t, reading):
            if self._holds:
                self._hold(t, reading.heading)
            else:
                self._let_go()
        else:
            if kind == STALL:
                self._trajectory.rest_at(reading.heading)
                self._hands.pinned()
            self._send(self._trajectory.at(t))

    def _braked(self, t: float, reading: AxisReading) -> bool:
        if self._brake_until is None:
            self._brake_until = t + BRAKING_TIME
        if self._trajectory.target is None or abs(reading.velocity) < self._nearly_standing:
            # Led on to where the profile ended, a servo would swing back: hold it here instead.
            self._trajectory.rest_at(reading.heading)
        return abs(reading.velocity) < STANDING or t >= self._brake_until - ROUNDING

    def _send(self, setpoint: Setpoint) -> None:
        if self._sent is not None:
            travel = abs(setpoint.heading - self._sent)
            self.travel_commanded += travel
            if self._forbidden is not None and not self._release_at_rest:
                self.commanded_while_forbidden += travel
        self._sent = setpoint.heading
        self._axis.command(setpoint.heading, setpoint.velocity)

    def _brake_or_let_go(self, t: float | None = None) -> None:
        if not self._powered or not self._axis.abilities.can_brake:
            self._let_go()
        elif not self._release_at_rest:
            self._release_at_rest = True
            self._brake_until = (self._t if t is None else t) + BRAKING_TIME
            if t is None or self._trajectory.target is None:
                self._trajectory.brake()
            else:
                self._brake_at_once(t)

    def _brake_at_once(self, t: float) -> None:
        try:
            self._send(self._trajectory.brake_at(t))
        except OSError as error:
            self._fail(t, error)

    def _hold(self, t: float, heading: float) -> None:
        """Stand still under torque: a head that would fall without it."""
        self._release_at_rest, self._brake_until = False, None
        self._trajectory.rest_at(heading)
        self._hands.pinned()
        self._sent = heading
        self._send(self._trajectory.at(t))

    def _let_go(self) -> None:
        """Torque off. A failure is told at the next step, which knows the time; of an axis that
        is lost it is no news, and it is released again when it is back."""
        if self._closed:
            return
        self._powered = False
        self._release_at_rest = False
        self._brake_until = None
        self._sent = None
        self._trajectory.rest()
        try:
            self._axis.release()
        except OSError as error:
            self._failed = error

    def _report(self, t: float, reading: AxisReading) -> None:
        moving = self.target is not None
        if moving == self._was_moving and t - self._reported < 1.0 / REPORTS_HZ - ROUNDING:
            return
        self._was_moving, self._reported = moving, t
        moved = AxisMoved(t, reading.heading, reading.velocity, reading.torque, moving)
        self._events.append(moved)

    def _fail(self, t: float, error: OSError) -> None:
        """The axis is lost: said once, tried again ever more rarely, the move under way dropped."""
        if self._backoff is None:
            self._events.append(AxisFault(t, str(error) or type(error).__name__))
        first, longest = _BACKOFF
        self._backoff = first if self._backoff is None else min(longest, 2.0 * self._backoff)
        self._retry_at = t + self._backoff
        self._pending = None
        if self._powered:
            self._let_go()


def _nothing() -> None:
    pass
