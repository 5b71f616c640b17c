"""What the metrics are given: a run as it truly was, sample by sample.

Frozen values and three questions about them; nothing here scores. Degrees,
seconds; bearings and headings in the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.core.angles import difference

MOVING = 1.0  # deg/s


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment of a run, true values.

    `user` is the bearing of the labelled user, None without one; `scored` says
    whether this moment counts. `setpoint` is what the axis was last told
    (heading, velocity), None with the torque off. `special` marks moments in
    which the limits of normal motion do not hold (emergency stop, contact).
    """

    t: float
    heading: float
    velocity: float
    user: float | None
    distance: float
    scored: bool
    nobody: bool = False
    distractors: tuple[float, ...] = ()
    setpoint: tuple[float, float] | None = None
    closed: bool = False
    special: bool = False


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Something the head should answer at `t`: `wake_word`, `handover` or `entry`."""

    t: float
    kind: str


@dataclass(frozen=True, slots=True)
class Push:
    """A hand on the head: when it came and went; when it was felt, and the torque went off.

    `fought` says that the motor was on against the hand after the time it has
    to yield. A head that is `limp` when the hand comes has nothing to recognise.
    """

    begins: float
    ends: float
    felt: float | None
    yielded: float | None
    fought: bool
    limp: bool = False


@dataclass(slots=True)
class Trace:
    """A run as it was: samples at a fixed period and what happened meanwhile.

    `dead` gives the half-width of the dead zone at a distance. `graces` are the
    starts, handovers and entries; `asked` intervals whose moves were asked for.
    """

    period: float
    range: tuple[float, float]
    dead: Callable[[float], float]
    samples: list[Sample] = field(default_factory=list)
    graces: list[float] = field(default_factory=list)
    asked: list[tuple[float, float]] = field(default_factory=list)
    stimuli: list[Stimulus] = field(default_factory=list)
    closings: list[float] = field(default_factory=list)
    closed_deg: float = 0.0
    closed_frames: int = 0
    touched: bool = False
    false_pushes: int = 0
    pushes: list[Push] = field(default_factory=list)
    armed: bool = False
    entries: list[float] = field(default_factory=list)
    alerts: list[float] = field(default_factory=list)


def counts(s: Sample) -> bool:
    return s.scored and s.user is not None


def off(s: Sample) -> float:
    assert s.user is not None
    return abs(difference(s.user, s.heading))


def index_of(trace: Trace, t: float) -> int | None:
    i = math.ceil((t - trace.samples[0].t) / trace.period - 1e-6) if trace.samples else -1
    return i if 0 <= i < len(trace.samples) else None
