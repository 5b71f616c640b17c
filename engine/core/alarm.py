"""The alarm and what moves it on, as one table in the style of alarm panels.

A trigger that the table does not list for a state changes nothing. `arming`
gives people time to leave, `pending` time to disarm; both end by themselves,
and so does `triggered`, some time after the last sign of anybody. Who may arm
and disarm is judged elsewhere, before a trigger gets here. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.settings import AwaySettings
from engine.core.types import AlarmState


class Trigger(StrEnum):
    """What can change the alarm."""

    ARM_AWAY = "arm_away"
    ARM_NIGHT = "arm_night"
    TIME_OVER = "time_over"
    INTRUSION = "intrusion"
    DISARM = "disarm"


ARMED = None  # whichever of the two it was armed for

TRANSITIONS: dict[tuple[AlarmState, Trigger], AlarmState | None] = {
    (AlarmState.DISARMED, Trigger.ARM_AWAY): AlarmState.ARMING,
    (AlarmState.DISARMED, Trigger.ARM_NIGHT): AlarmState.ARMING,
    (AlarmState.ARMING, Trigger.TIME_OVER): ARMED,
    (AlarmState.ARMING, Trigger.ARM_AWAY): AlarmState.ARMING,
    (AlarmState.ARMING, Trigger.ARM_NIGHT): AlarmState.ARMING,
    (AlarmState.ARMING, Trigger.DISARM): AlarmState.DISARMED,
    (AlarmState.ARMED_AWAY, Trigger.ARM_NIGHT): AlarmState.ARMED_NIGHT,
    (AlarmState.ARMED_AWAY, Trigger.INTRUSION): AlarmState.PENDING,
    (AlarmState.ARMED_AWAY, Trigger.DISARM): AlarmState.DISARMED,
    # Whoever turns the night into an absence is still there to leave.
    (AlarmState.ARMED_NIGHT, Trigger.ARM_AWAY): AlarmState.ARMING,
    (AlarmState.ARMED_NIGHT, Trigger.INTRUSION): AlarmState.PENDING,
    (AlarmState.ARMED_NIGHT, Trigger.DISARM): AlarmState.DISARMED,
    (AlarmState.PENDING, Trigger.TIME_OVER): AlarmState.TRIGGERED,
    (AlarmState.PENDING, Trigger.DISARM): AlarmState.DISARMED,
    (AlarmState.TRIGGERED, Trigger.INTRUSION): AlarmState.TRIGGERED,
    (AlarmState.TRIGGERED, Trigger.TIME_OVER): ARMED,
    (AlarmState.TRIGGERED, Trigger.DISARM): AlarmState.DISARMED,
}

ARMED_FOR = {Trigger.ARM_AWAY: AlarmState.ARMED_AWAY, Trigger.ARM_NIGHT: AlarmState.ARMED_NIGHT}
ALERTING = frozenset({AlarmState.ARMED_AWAY, AlarmState.ARMED_NIGHT, AlarmState.TRIGGERED})
"""The states in which somebody seen is an intruder."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`armed_for` is what it returns to; `until` is when the present state ends by itself."""

    state: AlarmState = AlarmState.DISARMED
    armed_for: AlarmState = AlarmState.ARMED_AWAY
    until: float = math.inf

    @property
    def on(self) -> bool:
        """Whether it is arming or armed: `away` mode is on exactly then."""
        return self.state is not AlarmState.DISARMED

    @property
    def night(self) -> bool:
        """Whether people are at home and asleep: the head only watches."""
        return self.on and self.armed_for is AlarmState.ARMED_NIGHT


def advance(
    alarm: Alarm, trigger: Trigger, now: float, settings: AwaySettings, delay: float | None = None
) -> tuple[Alarm, bool]:
    """The alarm after `trigger`, and whether the table allowed it; `delay` replaces the usual one.

    A delay of nothing is passed at once.
    """
    key = (alarm.state, trigger)
    if key not in TRANSITIONS:
        return alarm, False
    armed_for = ARMED_FOR.get(trigger, alarm.armed_for)
    state = TRANSITIONS[key] or armed_for
    lasts = {
        AlarmState.ARMING: settings.exit_delay,
        AlarmState.PENDING: settings.entry_delay,
        AlarmState.TRIGGERED: settings.trigger_time,
    }.get(state, math.inf)
    if delay is not None and state in (AlarmState.ARMING, AlarmState.PENDING):
        lasts = delay
    moved = replace(alarm, state=state, armed_for=armed_for, until=now + lasts)
    if lasts <= 0.0:
        moved, _ = advance(moved, Trigger.TIME_OVER, now, settings)
    return moved, True


def tick(alarm: Alarm, now: float, settings: AwaySettings) -> Alarm:
    """The alarm once its time is over; after a long sleep each delay counts from its own end."""
    while now >= alarm.until:
        alarm, allowed = advance(alarm, Trigger.TIME_OVER, alarm.until, settings)
        if not allowed:
            return replace(alarm, until=math.inf)
    return alarm


def restored(state: AlarmState, armed_for: AlarmState, now: float, settings: AwaySettings) -> Alarm:
    """The alarm after a restart or a power cut: armed comes back armed.

    Nobody is leaving any more, so that `arming` is over; an entry delay
    begins anew, and what was triggered stays so for its time.
    """
    if state is AlarmState.DISARMED:
        return Alarm()
    if state is AlarmState.PENDING:
        return Alarm(state, armed_for, now + settings.entry_delay)
    if state is AlarmState.TRIGGERED:
        return Alarm(state, armed_for, now + settings.trigger_time)
    return Alarm(armed_for, armed_for)
