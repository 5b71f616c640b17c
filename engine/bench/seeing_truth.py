"""Truth of the real recordings, and how detections are held against it; used by seeing_quality."""

from __future__ import annotations

import hashlib
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.hardware.camera_folder import load_picture
from engine.ports import Image
from engine.seeing.boxes import Box, contained, overlap

WINDOW_FIELD = 90.0
"""Degrees that a window of a panorama shows."""
WINDOW = 320
"""Columns of a 90 degree window of the panoramas, 1280 columns round."""
ROWS = (200, 440)
TELEVISION: Box = (575, 292, 75, 62)
"""Where the room's screen hangs. People on it are labelled now and then; finding them or not
is neither right nor wrong."""


SEAM = 2.0
"""Columns from a panorama's left or right end within which a box touches it."""


def odd(path: Path) -> bool:
    """Whether a file belongs to the half that is reported."""
    return hashlib.sha1(path.name.encode(), usedforsecurity=False).digest()[-1] % 2 == 1


def interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Between which shares the true one lies, 95 times of 100 (Wilson 1927)."""
    if of == 0:
        return (0.0, 1.0)
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    return (round(max(middle - half, 0.0), 3), round(min(middle + half, 1.0), 3))


@dataclass
class Score:
    """Counts of matched and unmatched boxes."""

    hits: int = 0
    false: int = 0
    missed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(
        self,
        found: Sequence[Box],
        truth: Sequence[Box],
        ignored: Sequence[Box],
        at: float,
        name: str = "",
    ) -> None:
        """Match greedily at IoU `at`, best first; boxes on `ignored` count for nothing."""
        free = list(truth)
        for box in found:
            best = max(free, key=lambda t: overlap(box, t), default=None)
            if best is not None and overlap(box, best) >= at:
                free.remove(best)
                self.hits += 1
            elif not any(_on(box, i, at) for i in ignored):
                self.false += 1
                self.examples.append(name)
        self.missed += len(free)

    def metrics(self) -> dict[str, Any]:
        return {
            "precision": round(self.hits / max(self.hits + self.false, 1), 4),
            "recall": round(self.hits / max(self.hits + self.missed, 1), 4),
            "boxes": self.hits + self.missed,
            "precision_between": interval(self.hits, self.hits + self.false),
            "recall_between": interval(self.hits, self.hits + self.missed),
        }


def _on(box: Box, ignored: Box, at: float) -> bool:
    """Whether a detection is of somebody who counts for nothing, of whom truth may hold a part."""
    return (
        overlap(box, ignored) >= at
        or contained(box, ignored) >= 0.5
        or contained(ignored, box) >= 0.5
    )


def panorama_truth(xml: Path) -> list[Box]:
    """The person boxes of a Pascal VOC file."""
    boxes = []
    for thing in ET.parse(xml).getroot().findall("object"):  # noqa: S314 (our own data)
        if thing.findtext("name") == "person":
            x1, y1, x2, y2 = (
                float(thing.findtext(f"bndbox/{k}") or 0) for k in ("xmin", "ymin", "xmax", "ymax")
            )
            boxes.append((x1, y1, x2 - x1, y2 - y1))
    return boxes


def household_truth(
    folder: Path, half: Callable[[Path], bool]
) -> Iterator[tuple[Path, list[Box], list[Box]]]:
    """Pictures of COCO with at most five people: those of 30 % of its height, and the smaller."""
    for path in sorted((folder / "images").glob("*.jpg")):
        label = folder / "labels" / f"{path.stem}.txt"
        if not half(path) or not label.exists():
            continue
        height, width = load_picture(path).shape[:2]
        large: list[Box] = []
        small: list[Box] = []
        for line in label.read_text().splitlines():
            kind, *numbers = line.split()
            if kind == "0":
                x, y, w, h = (float(n) for n in numbers)
                box = ((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
                (large if h >= 0.3 else small).append(box)
        if len(large) + len(small) <= 5:
            yield path, large, small


def _beyond_the_seam(truth: Sequence[Box], width: int) -> Iterator[Box]:
    """Where somebody goes on who sits on a panorama's seam: truth has them on one side only.

    And from the head to the chest: what is below, twice as far down, is theirs as well.
    """
    for x, y, w, h in truth:
        if x <= SEAM:
            yield (width - w, y, w, 2 * h)
        if x + w >= width - SEAM:
            yield (0.0, y, w, 2 * h)


def windows(picture: Image, truth: Sequence[Box]) -> list[tuple[Image, list[Box], list[Box]]]:
    """Four windows of 90 degrees: pixels, people in it, people cut so much that neither counts."""
    found = []
    top, bottom = ROWS
    beyond = list(_beyond_the_seam(truth, picture.shape[1]))
    for left in range(0, picture.shape[1], WINDOW):
        view: Box = (left, top, WINDOW, bottom - top)
        inside: list[Box] = []
        cut: list[Box] = []
        for box in truth:
            share = contained(box, view)
            if share <= 0:
                continue
            x1, y1 = max(box[0], left), max(box[1], top)
            x2, y2 = min(box[0] + box[2], left + WINDOW), min(box[1] + box[3], bottom)
            counts = share >= 0.5 and contained(box, TELEVISION) < 0.6
            (inside if counts else cut).append((x1 - left, y1 - top, x2 - x1, y2 - y1))
        cut += [
            (x - left, y - top, w, h) for x, y, w, h in beyond if left <= x + w / 2 < left + WINDOW
        ]
        found.append((picture[top:bottom, left : left + WINDOW], inside, cut))
    return found
