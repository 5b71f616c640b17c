"""Counted samples against the computer's clock: steady times, and how fast the two part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.sample_clock import SampleClock

RATE, BLOCK = 16_000.0, 512


def stream(
    clock: SampleClock, seconds: float, ppm: float, late: float = 0.0, seed: int = 0
) -> list[tuple[float, float]]:
    """(true time, told time) of each block of a device whose clock is slow by `ppm`."""
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(int(seconds * RATE / BLOCK)):
        true = number * BLOCK / RATE * (1.0 + ppm * 1e-6)
        pairs.append((true, clock.time(true + rng.exponential(late) if late else true, BLOCK)))
    return pairs


@settings(max_examples=20, deadline=None)
@given(st.floats(-200.0, 200.0), st.integers(0, 5))
def test_the_drift_is_found_through_late_blocks(ppm: float, seed: int) -> None:
    clock = SampleClock(RATE)
    stream(clock, 180.0, ppm, late=0.004, seed=seed)
    found = clock.drift_ppm
    assert found is not None
    assert found == pytest.approx(ppm, abs=6.0)


def test_nothing_is_said_within_the_first_minute() -> None:
    clock = SampleClock(RATE)
    stream(clock, 50.0, 100.0)
    assert clock.drift_ppm is None


@pytest.mark.parametrize("ppm", [-150.0, 0.0, 150.0])
def test_times_stay_with_the_computers_however_far_the_clocks_part(ppm: float) -> None:
    pairs = stream(SampleClock(RATE), 600.0, ppm)
    assert max(abs(true - told) for true, told in pairs) < 0.002


def test_lost_samples_begin_the_count_anew() -> None:
    clock = SampleClock(RATE)
    stream(clock, 90.0, 0.0)
    assert clock.time(200.0, BLOCK) == 200.0
    assert clock.drift_ppm is None
    assert clock.time(200.032, BLOCK) == pytest.approx(200.032)
