"""How long `brain.step` takes, beside a plain proportional controller on the same events.

The events are a minute of a device at work: frames with two people who walk,
the axis's own reports, voices. They are made here, without any randomness, so
that every run and every version steps over the same ones.
"""

from __future__ import annotations

import math
import statistics
import time

from engine.bench.stages import Row, compare
from engine.core import brain
from engine.core.angles import clamp
from engine.core.settings import CoreSettings
from engine.core.types import (
    AxisMoved,
    Event,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    VoiceHeard,
)

SECONDS = 60.0
BASELINE = "proportional controller"
_GAIN = 0.2  # share of the error taken out per frame; any value costs the same
_ROUNDS = 5  # repeats from which a step's own time is taken, free of interruptions


def events(seconds: float = SECONDS) -> list[Event]:
    """The course of events, sorted by time: 10 frames, 50 axis reports, 2 voices a second."""
    found: list[Event] = [ShutterChanged(0.0, ShutterState.OPEN)]
    for i in range(1, int(seconds * 50)):
        t = i / 50.0
        heading = 60.0 * math.sin(t / 5.0)
        found.append(AxisMoved(t, heading, 12.0 * math.cos(t / 5.0), 0.05, moving=True))
        if i % 5 == 0:
            found.append(_frame(t, heading))
        if i % 25 == 0:
            found.append(_voice(t))
    return found


def _walker(t: float) -> float:
    return 60.0 * math.sin(t / 4.0)


def _frame(t: float, heading: float) -> PeopleSeen:
    view = (heading - 33.0, heading + 33.0)
    everybody = (
        Sighting(_walker(t), 1.5, 0.9, distance=2.0, distance_std=0.2, track=1, engagement=0.8),
        Sighting(-20.0, 1.5, 0.8, distance=3.0, distance_std=0.3, track=2, engagement=0.1),
    )
    return PeopleSeen(
        t, tuple(s for s in everybody if view[0] < s.bearing < view[1]), heading, view
    )


def _voice(t: float) -> VoiceHeard:
    return VoiceHeard(t, (SoundDirection(_walker(t), 0.7, 5.0),), speech=0.9)


def _ours(stream: list[Event]) -> None:
    state = brain.start(CoreSettings(), 0.0, 0.0)
    for event in stream:
        state, _, _ = brain.step(state, event)


def _proportional(stream: list[Event]) -> float:
    heading = 0.0
    for event in stream:
        if isinstance(event, PeopleSeen) and event.sightings:
            error = event.sightings[0].bearing - heading
            heading = clamp(heading + _GAIN * error, -175.0, 175.0)
    return heading


def step_milliseconds(stream: list[Event], rounds: int = _ROUNDS) -> list[float]:
    """The time of each step, the quickest of several rounds: the work, not the interruptions."""
    best = [math.inf] * len(stream)
    for _ in range(rounds):
        state = brain.start(CoreSettings(), 0.0, 0.0)
        for i, event in enumerate(stream):
            start = time.perf_counter()
            state, _, _ = brain.step(state, event)
            best[i] = min(best[i], (time.perf_counter() - start) * 1000.0)
    return best


def rows() -> list[Row]:
    """A step on average and its 99th percentile, both beside an average baseline step."""
    stream = events()
    mean = compare(
        "brain",
        lambda: _ours(stream),
        BASELINE,
        lambda: _proportional(stream),
        calls=len(stream),
        repeats=5,
    )
    p99 = statistics.quantiles(step_milliseconds(stream), n=100)[98]
    return [mean, Row("brain p99", p99, BASELINE, mean.baseline_ms)]
