from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.hearing.history import History


@given(st.lists(st.integers(0, 250), max_size=12), st.integers(0, 900), st.integers(0, 300))
def test_a_span_is_what_was_pushed(sizes: list[int], start: int, count: int) -> None:
    """Zero-mean pairs, so that the removal of offsets changes nothing."""
    total = 2 * sum(sizes)
    sound = np.tile(np.array([0.5, -0.5], np.float32), (2, total // 2))
    sound[1] *= 0.5
    history, pushed = History(2, 100), 0
    for size in sizes:
        history.push(sound[:, pushed : pushed + 2 * size])
        pushed += 2 * size
    assert history.end == total
    assert history.start == max(0, total - 100)
    first, last = max(start, history.start), min(start + count, total)
    span = history.span(start, start + count)
    assert span.shape == (2, max(0, last - first))
    if last > first:
        np.testing.assert_allclose(span, sound[:, first:last], atol=1e-6)


def test_infinities_and_overshoots_are_counted_and_bounded() -> None:
    history = History(2, 100)
    sound = np.zeros((2, 50), np.float32)
    sound[0, 3], sound[1, 4], sound[1, 5] = np.inf, np.nan, 7.0
    history.push(sound)
    assert history.broken_values == 2
    assert history.clipped_values == 1
    assert np.abs(history.span(0, 50)).max() <= 1.1
