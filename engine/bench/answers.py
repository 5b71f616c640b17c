"""How the head answered a wake word, a handover, an entry: RT, ST and OS, from a trace alone.

Pure functions of a `Trace`. A stimulus at which the head faced the user
already asks for nothing and is left out.
"""

from __future__ import annotations

import math

from engine.bench.following import VIEW
from engine.bench.trace import MOVING, Sample, Trace, counts, index_of, off
from engine.core.angles import difference

SETTLED = (3.0, 0.5)  # within degrees, for s
UNSETTLED = 10.0  # s given to a stimulus that was never answered


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
        index = index_of(trace, stimulus.t)
        if index is not None and counts(trace.samples[index]):
            needed = SETTLED[0] if stimulus.kind == "wake_word" else VIEW
            if off(trace.samples[index]) > needed:
                found.append(index)
    return found


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
        if s.user is None or off(s) > SETTLED[0]:
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
        if s.user is not None and s.t <= first.t + settled and abs(off(s)) < 90.0
    ]
    return max(0.0, *over) if over else 0.0


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
