"""The time of a stream's frames: by the camera's clock where it has one, else by their arrival."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hardware.stream_clock import PROVEN, StreamClock

DELAY = 0.2
"""Seconds that every frame takes."""
START = 5000.0


def stream(
    held_up: list[float], rate: float = 10.0, pace: float = 1.0
) -> list[tuple[float, float]]:
    """(exposure, what the clock makes of it) of frames held up by so much, on top of DELAY."""
    clock, found = StreamClock(), []
    for k, more in enumerate(held_up):
        taken = START + k / rate
        found.append((taken, clock.exposed(taken + DELAY + more, 1.0 + pace * k / rate)))
    return found


@given(st.lists(st.floats(0.0, 0.2), min_size=60, max_size=120))
def test_jitter_on_the_way_is_taken_off_once_the_clock_is_proven(held_up: list[float]) -> None:
    # Now and then one comes through at once, or nothing could be known.
    held_up[::10] = [0.0] * len(held_up[::10])
    for taken, said in stream(held_up)[35:]:
        assert said == pytest.approx(taken + DELAY, abs=1e-6)


def test_a_frame_held_up_is_not_dated_by_its_arrival() -> None:
    random = np.random.default_rng(2)
    held_up = list(random.gamma(2.0, 0.03, 100))
    late = stream(held_up)[int(PROVEN * 10) + 1 :]
    spread = np.std([said - taken for taken, said in late])
    assert spread < 0.2 * np.std(held_up)


@pytest.mark.parametrize("pace", [2.5, 0.4, 25 / 24, 24 / 25])
def test_a_count_of_frames_at_another_rate_is_no_clock(pace: float) -> None:
    for taken, said in stream([0.0] * 300, pace=pace):
        assert said == pytest.approx(taken + DELAY, abs=0.03)


@pytest.mark.parametrize("stamp", [0.0, -1.0, math.nan, math.inf])
def test_without_stamps_the_arrival_is_the_time(stamp: float) -> None:
    clock = StreamClock()
    for k in range(100):
        assert clock.exposed(START + k / 10, stamp) == START + k / 10


def test_a_stream_that_begins_anew_is_proven_anew() -> None:
    clock = StreamClock()
    for k in range(60):
        clock.exposed(START + k / 10 + DELAY, k / 10)
    assert clock.exposed(START + 6.0 + DELAY + 0.1, 0.04) == START + 6.0 + DELAY + 0.1


@given(st.lists(st.tuples(st.floats(0.0, 0.3), st.floats(allow_nan=True)), max_size=60))
def test_whatever_a_camera_claims_a_frame_is_never_from_the_future(
    frames: list[tuple[float, float]],
) -> None:
    clock, now = StreamClock(), START
    for gap, stamp in frames:
        now += gap
        assert now - 1.0 <= clock.exposed(now, stamp) <= now
