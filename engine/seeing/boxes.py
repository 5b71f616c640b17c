"""Arithmetic on boxes (x, y, width, height) and non-maximum suppression; nothing is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]


def intersection(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    shared = intersection(a, b)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union > 0 else 0.0


def contained(inner: Box, outer: Box) -> float:
    """Share of `inner` that lies in `outer`."""
    area = inner[2] * inner[3]
    return intersection(inner, outer) / area if area > 0 else 0.0


def suppress(
    corners: npt.NDArray[np.floating[Any]], scores: npt.NDArray[np.floating[Any]], limit: float
) -> list[int]:
    """Greedy non-maximum suppression of (n, 4) corner boxes; indices to keep, best first."""
    order = np.argsort(-scores, kind="stable")
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    keep: list[int] = []
    while order.size:
        first, order = int(order[0]), order[1:]
        keep.append(first)
        low = np.maximum(corners[first, :2], corners[order, :2])
        high = np.minimum(corners[first, 2:], corners[order, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        union = areas[first] + areas[order] - shared
        order = order[shared <= limit * np.maximum(union, 1e-9)]
    return keep
