"""Words and tables for the results of the scenario benchmark.

Formats only: it runs nothing, opens nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.bench.metrics import METRICS
from engine.bench.suite import Result
from engine.sim.scenario import Scenario


def table(results: Sequence[Result], timing: bool) -> Iterator[str]:
    """Lines of one table a scenario: metrics down, policies across, mean and worst seed."""
    for scenario in dict.fromkeys(r.scenario.name for r in results):
        group = [r for r in results if r.scenario.name == scenario]
        yield from _one(group, timing)
        yield ""


def _one(group: Sequence[Result], timing: bool) -> Iterator[str]:
    first = group[0]
    floors = {f.metric: f.value for f in first.scenario.floors}
    seeds = len(first.outcomes)
    ours = next((r for r in group if r.ours), None)
    verdict = "" if ours is None else ": passed" if ours.passed else ": FAILED"
    yield f"{first.scenario.name} ({seeds} seed{'s' * (seeds != 1)}){verdict}"
    head = "".join(f"{r.policy:>24}" for r in group)
    yield f"  {'':<24}{'floor':>8}{head}"
    columns = "".join(f"{'mean':>10}{'worst':>9}{'seed':>5}" for _ in group)
    yield f"  {'':<24}{'':>8}{columns}"
    for metric in METRICS:
        if not any(metric in r.names for r in group):
            continue
        cells = "".join(_cells(r, metric) for r in group)
        floor = f"{floors[metric]:g}" if metric in floors else ""
        missed = "  <- missed" if ours is not None and metric in ours.missed() else ""
        unit = METRICS[metric].unit
        yield f"  {metric + (f' ({unit})' if unit else ''):<24}{floor:>8}{cells}{missed}"
    if timing:
        cells = "".join(f"{r.step_us()[0]:>10.0f}{r.step_us()[1]:>9.0f}{'':>5}" for r in group)
        yield f"  {'step (us): p50, p99':<24}{'':>8}{cells}"


def _cells(result: Result, metric: str) -> str:
    if metric not in result.names:
        return f"{'-':>10}{'-':>9}{'':>5}"
    mean, worst = result.mean(metric), result.worst(metric)
    return f"{_number(mean):>10}{_number(worst):>9}{result.worst_seed(metric):>5}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.2f}"


def listing(scenarios: Sequence[Scenario]) -> Iterator[str]:
    """Every scenario with its floors and what it is about."""
    for scenario in scenarios:
        floors = ", ".join(
            f"{f.metric} {'>=' if METRICS[f.metric].more_is_better else '<='} {f.value:g}"
            for f in scenario.floors
        )
        yield f"{scenario.name} ({scenario.duration:g} s; {floors})"
        yield f"  {scenario.about}"


def explanation() -> Iterator[str]:
    """What the metrics say, one a line."""
    for name, metric in METRICS.items():
        unit = f" ({metric.unit})" if metric.unit else ""
        yield f"  {name}{unit}: {metric.about}"
