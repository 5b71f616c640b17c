"""What a run is worth: the scenario metrics of the design, from a trace alone.

Pure functions of a `Trace`: no world, no clock, no random number, so that a
trace made by hand can prove each of them. Degrees, seconds, per cent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.core.angles import clamp, difference, into_range

VIEW = 25.0  # degrees within which the user counts as faced
GRACE = 0.8  # s from the start, a handover or an entry
MOVING = 1.0  # deg/s
SETTLED = (3.0, 0.5)  # within degrees, for s
IN_DEAD_ZONE_FOR = 1.0  # s
UNDONE_WITHIN = 2.0  # s
SAME_MOVE = 0.1  # s of standstill that do not yet end a move
SMALLEST_MOVE = 0.5  # degrees; less is the play of the gears
ASKED_FOR = 2.0  # s from a command or a wake word in which a move counts as asked for
UNSETTLED = 10.0  # s given to a stimulus that was never answered
MAX_VELOCITY, MAX_ACCELERATION = 180.0, 360.0
BRAKED_WITHIN = 0.15  # s from the shutter's edge to standstill
STANDING = 2.0  # deg/s under which the head has been stopped, as the axis loop sees it
YIELD_WITHIN = 0.25  # s from a hand's first touch to no torque
RANGE_PLAY = 0.5  # degrees that a servo may swing beyond a set-point at the very end


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: which way is better, its unit, and what it says."""

    more_is_better: bool
    unit: str
    about: str

    def worst(self, values: list[float]) -> float:
        return min(values) if self.more_is_better else max(values)

    def passes(self, value: float, floor: float) -> bool:
        slack = 1e-9
        return value >= floor - slack if self.more_is_better else value <= floor + slack


METRICS: dict[str, Metric] = {
    "V": Metric(True, "%", "of the time the user is faced within 25 degrees"),
    "TR": Metric(False, "", "travel over the least travel that would do"),
    "M": Metric(False, "%", "of the time in motion"),
    "U": Metric(False, "/10 min", "unneeded moves"),
    "RT": Metric(False, "s", "from a stimulus to the first motion towards it"),
    "ST": Metric(False, "s", "from a stimulus's end to settled within 3 degrees"),
    "OS": Metric(False, "deg", "overshoot beyond the user"),
    "J": Metric(False, "deg/s3", "peak jerk of the commanded motion"),
    "W": Metric(False, "%", "of the time facing a distractor and not the user"),
    "violations": Metric(False, "", "of safety or privacy; any one fails the run"),
    "stop": Metric(False, "s", "from the shutter's edge to standstill"),
    "closed_deg": Metric(False, "deg", "commanded with the shutter closed, after braking"),
    "closed_frames": Metric(False, "", "frames read with the shutter closed"),
    "excursions": Metric(False, "", "samples outside the range of motion"),
    "false_pushes": Metric(False, "", "touches taken for a manual push"),
    "pushes_felt": Metric(True, "%", "of manual pushes recognised"),
    "yield": Metric(False, "s", "from a hand's touch to no torque against it"),
    "fights": Metric(False, "", "pushes during which the motor pushed back"),
    "alert": Metric(False, "s", "from an entry to the alert, armed"),
    "false_alerts": Metric(False, "", "alerts with nobody there"),
}


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


@dataclass(frozen=True, slots=True)
class Movement:
    """A stretch of motion: sample indices of its first and last moving sample."""

    first: int
    last: int


def score(trace: Trace) -> dict[str, float]:
    """All metrics that apply to this trace, by name."""
    figures: dict[str, float] = {}
    for name, measure in _MEASURES.items():
        value = measure(trace)
        if value is not None:
            figures[name] = round(value, 6)
    return figures


# ------------------------------------------------------------- the head's art


def in_view(trace: Trace) -> float | None:
    """V: % of the scored time, outside the graces, with the user within 25 degrees."""
    counted = faced = 0
    for s in trace.samples:
        if not _counts(s) or any(g <= s.t < g + GRACE for g in trace.graces):
            continue
        counted += 1
        faced += _off(s) <= VIEW
    return 100.0 * faced / counted if counted else None


def travel_ratio(trace: Trace) -> float | None:
    """TR: travel in scored time over max(least travel, 25 degrees)."""
    if not any(_counts(s) for s in trace.samples):
        return None
    travel = least = 0.0
    lazy = trace.samples[0].heading
    low, high = trace.range
    for before, s in zip(trace.samples, trace.samples[1:], strict=False):
        if not _counts(s):
            continue
        travel += abs(s.heading - before.heading)
        assert s.user is not None
        user = into_range(s.user, low, high, lazy)
        if user is not None:
            moved = clamp(lazy, user - VIEW, user + VIEW)
            least += abs(moved - lazy)
            lazy = moved
    return travel / max(least, VIEW)


def in_motion(trace: Trace) -> float | None:
    """M: % of the scored time with the head in motion."""
    counted = [s for s in trace.samples if _counts(s)] or list(trace.samples)
    if not counted:
        return None
    return 100.0 * sum(abs(s.velocity) > MOVING for s in counted) / len(counted)


def unneeded(trace: Trace) -> float | None:
    """U: moves nobody needed, per 10 minutes."""
    if not trace.samples:
        return None
    every = movements(trace)
    count = sum(
        not _asked(trace, trace.samples[m.first].t) and _unneeded(trace, m, every[i + 1 :])
        for i, m in enumerate(every)
    )
    return 600.0 * count / (len(trace.samples) * trace.period)


def movements(trace: Trace) -> list[Movement]:
    """The stretches of motion, short halts bridged, the play of gears left out."""
    found: list[Movement] = []
    gap = round(SAME_MOVE / trace.period)
    for i, s in enumerate(trace.samples):
        if abs(s.velocity) <= MOVING:
            continue
        if found and i - found[-1].last <= gap + 1:
            found[-1] = Movement(found[-1].first, i)
        else:
            found.append(Movement(i, i))
    return [m for m in found if _span(trace, m) >= SMALLEST_MOVE]


def wrong_way(trace: Trace) -> float | None:
    """W: % of the scored time facing a distractor and not the user."""
    counted = [s for s in trace.samples if _counts(s)]
    if not counted:
        return None
    wrong = sum(
        _off(s) > VIEW and any(abs(difference(d, s.heading)) <= VIEW for d in s.distractors)
        for s in counted
    )
    return 100.0 * wrong / len(counted)


def _counts(s: Sample) -> bool:
    return s.scored and s.user is not None


def _off(s: Sample) -> float:
    assert s.user is not None
    return abs(difference(s.user, s.heading))


def _span(trace: Trace, m: Movement) -> float:
    headings = [s.heading for s in trace.samples[m.first : m.last + 1]]
    return max(headings) - min(headings)


def _asked(trace: Trace, t: float) -> bool:
    return any(begins <= t <= ends for begins, ends in trace.asked)


def _unneeded(trace: Trace, m: Movement, later: list[Movement]) -> bool:
    at_start = trace.samples[m.first]
    if at_start.closed or at_start.special:
        return False
    if at_start.nobody:
        return True
    return _user_was_in_dead_zone(trace, m.first) or _undone(trace, m, later)


def _user_was_in_dead_zone(trace: Trace, index: int) -> bool:
    n = round(IN_DEAD_ZONE_FOR / trace.period)
    before = trace.samples[max(0, index - n) : index]
    return len(before) == n and all(
        s.user is not None and _off(s) <= trace.dead(s.distance) for s in before
    )


def _undone(trace: Trace, m: Movement, later: list[Movement]) -> bool:
    """Whether the head comes back by half of the way within two seconds of the move's end."""
    begin, end = trace.samples[m.first].heading, trace.samples[m.last]
    way = end.heading - begin
    if not later or abs(way) < SMALLEST_MOVE:
        return False
    following = later[0]
    if trace.samples[following.first].t - end.t > UNDONE_WITHIN:
        return False
    back = trace.samples[following.last].heading - trace.samples[following.first].heading
    return back * way < 0.0 and abs(back) >= 0.5 * abs(way)


# ------------------------------------------------------------ answers to stimuli


def reaction(trace: Trace) -> float | None:
    """RT: mean time to the first motion towards the user."""
    return _mean([_reaction(trace, i) for i in _answerable(trace)])


def settling(trace: Trace) -> float | None:
    """ST: mean time to the start of the first 0.5 s within 3 degrees."""
    times = [_settling(trace, i) for i in _answerable(trace, ("wake_word", "handover"))]
    return _mean(times)


def overshoot(trace: Trace) -> float | None:
    """OS: the farthest that the head went beyond the user on the way to settling."""
    over = [_overshoot(trace, i) for i in _answerable(trace, ("wake_word", "handover"))]
    return max(over) if over else None


def _answerable(
    trace: Trace, kinds: tuple[str, ...] = ("wake_word", "handover", "entry")
) -> list[int]:
    """Sample indices of the stimuli at which the head did not face the user already."""
    found = []
    for stimulus in trace.stimuli:
        if stimulus.kind not in kinds:
            continue
        index = _index(trace, stimulus.t)
        if index is not None and _counts(trace.samples[index]):
            needed = SETTLED[0] if stimulus.kind == "wake_word" else VIEW
            if _off(trace.samples[index]) > needed:
                found.append(index)
    return found


def _index(trace: Trace, t: float) -> int | None:
    i = math.ceil((t - trace.samples[0].t) / trace.period - 1e-6) if trace.samples else -1
    return i if 0 <= i < len(trace.samples) else None


def _window(trace: Trace, index: int) -> list[Sample]:
    return trace.samples[index : index + round(UNSETTLED / trace.period)]


def _reaction(trace: Trace, index: int) -> float:
    window = _window(trace, index)
    for s in window:
        towards = s.user is not None and s.velocity * difference(s.user, s.heading) > 0.0
        if towards and abs(s.velocity) > MOVING:
            return s.t - window[0].t
    return UNSETTLED


def _settling(trace: Trace, index: int) -> float:
    window, since = _window(trace, index), None
    for s in window:
        if s.user is None or _off(s) > SETTLED[0]:
            since = None
            continue
        since = s.t if since is None else since
        if s.t - since >= SETTLED[1] - 1e-9:
            return since - window[0].t
    return UNSETTLED


def _overshoot(trace: Trace, index: int) -> float:
    window = _window(trace, index)
    settled = _settling(trace, index) + SETTLED[1]
    first = window[0]
    assert first.user is not None
    side = math.copysign(1.0, difference(first.user, first.heading))
    over = [
        -side * difference(s.user, s.heading)
        for s in window
        if s.user is not None and s.t <= first.t + settled and abs(_off(s)) < 90.0
    ]
    return max(0.0, *over) if over else 0.0


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


# ------------------------------------------------------------ safety and privacy


def jerk(trace: Trace) -> float | None:
    """J: the peak jerk of the set-points in normal motion."""
    peak = None
    for a, b, c in _runs(trace):
        value = abs(c[1] - 2.0 * b[1] + a[1]) / trace.period**2
        peak = value if peak is None else max(peak, value)
    return peak


def excursions(trace: Trace) -> float:
    """Samples with the head outside the range, unless a hand put it there and it came no farther.

    A set-point outside counts as well, unless it leads back from where a hand left the head.
    """
    low, high = trace.range
    count, pushed = 0, False
    for s in trace.samples:
        beyond = max(low - s.heading, s.heading - high)
        pushed = beyond > 0.0 and (pushed or s.special)
        told = s.setpoint is not None and not low - 1e-6 <= s.setpoint[0] <= high + 1e-6
        count += (beyond > RANGE_PLAY or told) and not pushed
    return float(count)


def stopping(trace: Trace) -> float | None:
    """The longest time from the shutter's edge to standstill."""
    return max((_stopping(trace, t) for t in trace.closings), default=None)


def _stopping(trace: Trace, closed: float) -> float:
    index = _index(trace, closed)
    after = trace.samples[index:] if index is not None else []
    last = closed
    for s in after:
        if not s.closed:
            break
        if abs(s.velocity) > STANDING:
            last = s.t + trace.period
    return last - closed


def over_limits(trace: Trace) -> int:
    """Samples whose set-points break the limits of normal motion."""
    fast = sum(
        s.setpoint is not None and not s.special and abs(s.setpoint[1]) > MAX_VELOCITY + 0.01
        for s in trace.samples
    )
    hard = sum(abs(c[1] - b[1]) / trace.period > MAX_ACCELERATION + 0.1 for _, b, c in _runs(trace))
    return fast + hard


def _runs(
    trace: Trace,
) -> Iterator[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
    """Three set-points in a row, all in normal motion."""
    s = trace.samples
    for a, b, c in zip(s, s[1:], s[2:], strict=False):
        if a.setpoint and b.setpoint and c.setpoint and not (a.special or b.special or c.special):
            yield a.setpoint, b.setpoint, c.setpoint


def pushes_felt(trace: Trace) -> float | None:
    """% of the hands on a head under torque that were taken for what they are."""
    told = [p.felt is not None for p in trace.pushes if not p.limp]
    return 100.0 * sum(told) / len(told) if told else None


def yielding(trace: Trace) -> float | None:
    """The slowest yield; a push that was never yielded to counts for its whole length."""
    return max(
        ((p.ends if p.yielded is None else p.yielded) - p.begins for p in trace.pushes),
        default=None,
    )


def fights(trace: Trace) -> float | None:
    return float(sum(p.fought for p in trace.pushes)) if trace.pushes else None


def alerting(trace: Trace) -> float | None:
    """The slowest alert after an entry; one that never came counts as a minute."""
    if not trace.armed or not trace.entries:
        return None
    return max(
        min((a - entry for a in trace.alerts if a >= entry), default=60.0)
        for entry in trace.entries
    )


def false_alerts(trace: Trace) -> float | None:
    if not trace.armed:
        return None
    empty = {_index(trace, a) for a in trace.alerts}
    return float(sum(i is not None and trace.samples[i].nobody for i in empty))


def violations(trace: Trace) -> float:
    """Motion or frames with the shutter closed, the range left, limits broken, a slow brake."""
    stop = stopping(trace)
    return float(
        (trace.closed_deg > 1e-9)
        + (trace.closed_frames > 0)
        + (excursions(trace) > 0)
        + (over_limits(trace) > 0)
        + (stop is not None and stop > BRAKED_WITHIN)
        + bool(fights(trace))
    )


_MEASURES: dict[str, Callable[[Trace], float | None]] = {
    "V": in_view,
    "TR": travel_ratio,
    "M": in_motion,
    "U": unneeded,
    "RT": reaction,
    "ST": settling,
    "OS": overshoot,
    "J": jerk,
    "W": wrong_way,
    "violations": violations,
    "stop": stopping,
    "closed_deg": lambda trace: trace.closed_deg if trace.closings else None,
    "closed_frames": lambda trace: float(trace.closed_frames) if trace.closings else None,
    "excursions": excursions,
    "false_pushes": lambda trace: float(trace.false_pushes) if trace.touched else None,
    "pushes_felt": pushes_felt,
    "yield": yielding,
    "fights": fights,
    "alert": alerting,
    "false_alerts": false_alerts,
}
