"""The speed benchmark: stages, each beside a named baseline, measured in the same run.

A stage is a function in a module of its own, named in one table and imported
only when it is asked for. Ratios compare machines; milliseconds do not, so
both are given. Nothing here knows what a stage does.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

STAGES: dict[str, str] = {
    "brain": "engine.bench.brain_speed:rows",
    "hearing": "engine.bench.hearing_speed:rows",
    "seeing": "engine.bench.seeing_speed:rows",
}
"""Stage -> `module:function`; the function takes nothing and returns rows."""

REPEATS = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; `ratio` below 1 means that ours is quicker than the baseline."""

    stage: str
    ours_ms: float
    baseline_name: str
    baseline_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.baseline_ms


def rows_of(stage: str) -> list[Row]:
    """Measure one stage."""
    module, _, function = STAGES[stage].partition(":")
    measure: Callable[[], Iterable[Row]] = getattr(importlib.import_module(module), function)
    return list(measure())


def compare(
    stage: str,
    ours: Callable[[], object],
    baseline_name: str,
    baseline: Callable[[], object],
    *,
    calls: int = 1,
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> Row:
    """Median time of one of `calls` inner calls, both sides taking turns to go first.

    Alternating spreads whatever else the machine does, and its warming up,
    over both sides. One unmeasured round goes before.
    """
    ours(), baseline()
    times: tuple[list[float], list[float]] = ([], [])
    sides = ((ours, times[0]), (baseline, times[1]))
    for i in range(repeats):
        for work, measured in sides if i % 2 == 0 else reversed(sides):
            # A collection of the other side's rubbish is not this side's time.
            gc.collect()
            start = clock()
            work()
            measured.append((clock() - start) * 1000.0 / calls)
    return Row(stage, statistics.median(times[0]), baseline_name, statistics.median(times[1]))
