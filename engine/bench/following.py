"""How well the head stayed with the user: V, TR, M, U and W, from a trace alone.

Pure functions of a `Trace`; what each figure means is in docs/scenarios.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.bench.trace import MOVING, Trace, counts, off
from engine.core.angles import clamp, difference, into_range

VIEW = 25.0  # degrees within which the user counts as faced
GRACE = 0.8  # s from the start, a handover or an entry
IN_DEAD_ZONE_FOR = 1.0  # s
UNDONE_WITHIN = 2.0  # s
SAME_MOVE = 0.1  # s of standstill that do not yet end a move
SMALLEST_MOVE = 0.5  # degrees; less is the play of the gears
ASKED_FOR = 2.0  # s from a command or a wake word in which a move counts as asked for


@dataclass(frozen=True, slots=True)
class Movement:
    """A stretch of motion: sample indices of its first and last moving sample."""

    first: int
    last: int


def in_view(trace: Trace) -> float | None:
    """V: % of the scored time, outside the graces, with the user within 25 degrees."""
    counted = faced = 0
    for s in trace.samples:
        if not counts(s) or any(g <= s.t < g + GRACE for g in trace.graces):
            continue
        counted += 1
        faced += off(s) <= VIEW
    return 100.0 * faced / counted if counted else None


def travel_ratio(trace: Trace) -> float | None:
    """TR: travel in scored time over max(least travel, 25 degrees)."""
    if not any(counts(s) for s in trace.samples):
        return None
    travel = least = 0.0
    lazy = trace.samples[0].heading
    low, high = trace.range
    for before, s in zip(trace.samples, trace.samples[1:], strict=False):
        if not counts(s):
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
    counted = [s for s in trace.samples if counts(s)]
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
    counted = [s for s in trace.samples if counts(s)]
    if not counted:
        return None
    wrong = sum(
        off(s) > VIEW and any(abs(difference(d, s.heading)) <= VIEW for d in s.distractors)
        for s in counted
    )
    return 100.0 * wrong / len(counted)


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
        s.user is not None and off(s) <= trace.dead(s.distance) for s in before
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
