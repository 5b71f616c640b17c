"""Draws a run: bearing, heading, zones and events over time, one PNG a scenario.

Needs matplotlib (the `sim` extra), which is imported only when drawing. It
plays the run anew, since the same seed gives the same run.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.bench import runner
from engine.bench.following import VIEW
from engine.bench.metrics import METRICS, score
from engine.bench.policies import POLICIES
from engine.bench.recorder import happenings
from engine.bench.suite import Result
from engine.bench.trace import Sample
from engine.config import Config
from engine.core import zones
from engine.core.angles import difference, wrap

COLOURS = {"user": "#d1495b", "head": "#1d3557", "dead": "#2a9d8f", "holding": "#8ecae6"}


def draw_worst(result: Result, directory: Path) -> Path:
    """A PNG of the seed that does worst in V (or in the first metric there is)."""
    metric = "V" if "V" in result.names else result.names[0]
    return draw(result, result.worst_seed(metric), directory)


def draw(result: Result, seed: int, directory: Path) -> Path:
    """Play `seed` again and draw it into `directory`; returns the file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    done = runner.run(result.scenario, seed, POLICIES[result.policy])
    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(14, 8), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    _bearings(top, done)
    _speed(bottom, done)
    figures = score(done.trace)
    shown = ", ".join(
        f"{name} {figures[name]:.3g}{METRICS[name].unit and ' ' + METRICS[name].unit}"
        for name in ("V", "TR", "M", "U", "W", "violations")
        if name in figures
    )
    top.set_title(f"{result.scenario.name}, seed {seed}, {result.policy}: {shown}")
    file = directory / f"{result.scenario.name}.png"
    figure.savefig(file, dpi=100)
    pyplot.close(figure)
    return file


def _bearings(axes: Any, done: runner.Run) -> None:
    samples = done.trace.samples
    times = [s.t for s in samples]
    heading = [s.heading for s in samples]
    half = [zones.half_widths(Config().zones, s.distance or 2.0) for s in samples]
    for index, name in ((1, "holding"), (0, "dead")):
        axes.fill_between(
            times,
            [h - w[index] for h, w in zip(heading, half, strict=True)],
            [h + w[index] for h, w in zip(heading, half, strict=True)],
            color=COLOURS[name],
            alpha=0.35,
            linewidth=0,
            label=f"{name} zone",
        )
    axes.plot(times, heading, color=COLOURS["head"], label="heading")
    axes.plot(times, _users(samples), color=COLOURS["user"], label="user")
    for number in range(max(len(s.distractors) for s in samples)):
        others = _others(samples, number)
        label = "others" if number == 0 else None
        axes.plot(times, others, color="grey", linestyle=":", linewidth=1.0, label=label)
    lost = [
        s.scored and s.user is not None and abs(difference(s.user, s.heading)) > VIEW
        for s in samples
    ]
    axes.fill_between(
        times, 0, 1, where=lost, transform=axes.get_xaxis_transform(), color="red", alpha=0.12,
        linewidth=0, label=f"user beyond {VIEW:g}°",
    )  # fmt: skip
    _marks(axes, done)
    axes.axhline(done.trace.range[0], color="black", linewidth=0.8)
    axes.axhline(done.trace.range[1], color="black", linewidth=0.8)
    axes.set_ylim(-200.0, 200.0)
    axes.set_yticks(range(-180, 181, 45))
    axes.set_ylabel("bearing (degrees)")
    axes.legend(loc="upper right", ncols=4, fontsize="small")


def _users(samples: list[Sample]) -> list[float]:
    return _unbroken([math.nan if s.user is None else wrap(s.user) for s in samples])


def _others(samples: list[Sample], number: int) -> list[float]:
    return _unbroken(
        [wrap(s.distractors[number]) if number < len(s.distractors) else math.nan for s in samples]
    )


def _unbroken(bearings: list[float]) -> list[float]:
    """A gap where a bearing jumps round behind the device, instead of a line across."""
    jumps = [abs(b - a) > 180.0 for a, b in pairwise(bearings)]
    return [math.nan if jump else b for b, jump in zip(bearings, (False, *jumps), strict=True)]


def _marks(axes: Any, done: runner.Run) -> None:
    """What was done to the device, and who spoke when."""
    transform = axes.get_xaxis_transform()
    marked = happenings(done.world)
    marked += [(s.begins, s.ends, f"{s.who} speaks") for s in done.world.speech]
    for row, kind in enumerate(dict.fromkeys(kind for _, _, kind in marked)):
        height = 0.02 + 0.03 * row
        for begins, ends, name in marked:
            if name == kind:
                axes.plot(
                    (begins, max(ends, begins + 0.3)), (height, height), transform=transform,
                    linewidth=4, color=f"C{row}", solid_capstyle="butt",
                )  # fmt: skip
        first = min(begins for begins, _, name in marked if name == kind)
        axes.text(first, height + 0.008, kind, transform=transform, fontsize="x-small")


def _speed(axes: Any, done: runner.Run) -> None:
    samples = done.trace.samples
    axes.plot([s.t for s in samples], [s.velocity for s in samples], color=COLOURS["head"])
    axes.set_ylabel("deg/s")
    axes.set_xlabel("seconds")
