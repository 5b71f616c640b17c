"""Arithmetic on boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.seeing.boxes import Box, contained, overlap, suppress

boxes = st.tuples(*[st.floats(-100, 100)] * 2, *[st.floats(0.1, 100)] * 2)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(a: Box, b: Box) -> None:
    assert overlap(a, b) == pytest.approx(overlap(b, a))
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert overlap(a, a) == pytest.approx(1)


def test_half_of_a_box_is_contained() -> None:
    assert contained((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(0.5)
    assert contained((0, 0, 0, 10), (0, 0, 10, 10)) == 0


@given(st.lists(st.tuples(boxes, st.floats(0, 1)), min_size=1, max_size=20))
def test_what_is_kept_does_not_overlap_and_the_best_survives(
    found: list[tuple[Box, float]],
) -> None:
    corners = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in found])
    scores = np.array([score for _, score in found])
    kept = suppress(corners, scores, 0.5)
    assert scores[kept[0]] == scores.max()
    for n, i in enumerate(kept):
        for j in kept[:n]:
            assert overlap(found[i][0], found[j][0]) <= 0.5 + 1e-6
