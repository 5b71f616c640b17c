"""Which alerts may go out: the owner's rules between the core's decision and the phone.

Quiet hours, somebody at home, the kinds of sound that count, and a cooldown
between visits. One visit is one alert that updates: an update goes out if its
visit did, and a visit that was held back is new once nothing holds it back any
more. A fire is told whatever the rules say. Who is a person, and what is a pet,
a picture, a screen or masked, is decided before by the core (`core.intruders`,
`core.lifeless`), which alone has the frames' numbers. Pure: the time of day is
given, no clock is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.core.types import Alert, AlertKind

DAY = 24 * 60
ALWAYS = frozenset({AlertKind.SMOKE_ALARM, AlertKind.CO_ALARM, AlertKind.TEST})
"""What no rule holds back: lives may hang on it, or somebody is trying it out."""
SOUNDS = frozenset({AlertKind.VOICE, AlertKind.CRASH})
"""Sounds that alert by themselves only where the owner wants them to."""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of the local day in minutes from midnight; it may pass midnight. The end is out."""

    begins: int
    ends: int

    def cover(self, minute: int) -> bool:
        if self.begins <= self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends


def hours(text: str) -> Hours:
    """`22:00-07:00` as `Hours`. Raises ValueError."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError("must be a span such as 22:00-07:00")
    a, b, c, d = (int(group) for group in found.groups())
    return Hours(60 * a + b, 60 * c + d)


@dataclass(frozen=True, slots=True)
class Rules:
    """`cooldown` in seconds; `sounds` are those of `SOUNDS` that the owner wants to hear of."""

    quiet: tuple[Hours, ...] = ()
    cooldown: float = 60.0
    sounds: frozenset[AlertKind] = frozenset({AlertKind.CRASH})
    while_home: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """How things are at the moment of an alert; `minute` of the local day.

    `night`: armed for the night, when people are at home and asleep.
    """

    minute: int
    someone_home: bool = False
    night: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """The visits of each kind that were told of, and when the newest one was first."""

    passed: Mapping[AlertKind, int] = field(default_factory=dict)
    at: Mapping[AlertKind, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The alert to send, None to hold it back, and why."""

    alert: Alert | None
    why: str = ""


def judge(
    rules: Rules, memory: Memory, alert: Alert, situation: Situation
) -> tuple[Memory, Verdict]:
    """Whether `alert` goes out now; what it is an update of is found out here, too."""
    held = _held_back(rules, alert, situation)
    if held:
        return memory, Verdict(None, held)
    told = memory.passed.get(alert.kind) == alert.visit
    cooling = alert.t - memory.at.get(alert.kind, -math.inf) < rules.cooldown
    if not told and cooling and alert.kind not in ALWAYS:
        return memory, Verdict(None, "another was told of a moment ago")
    memory = Memory(
        {**memory.passed, alert.kind: alert.visit},
        memory.at if told else {**memory.at, alert.kind: alert.t},
    )
    return memory, Verdict(replace(alert, update=told))


def _held_back(rules: Rules, alert: Alert, situation: Situation) -> str:
    if alert.kind in ALWAYS:
        return ""
    if alert.kind in SOUNDS and alert.kind not in rules.sounds:
        return f"a {alert.kind.value} by itself is not to be told"
    if situation.someone_home and not situation.night and not rules.while_home:
        return "somebody is at home"
    if any(span.cover(situation.minute) for span in rules.quiet):
        return "it is a quiet hour"
    return ""
