"""Whole standing people out of the video of visits, outlined by what changed in the picture.

The camera stands and its first frame is of the empty room, so that whoever
differs from it is outlined without any detector's help. Thresholds may use
the first three visits; the last three are what is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from engine.hardware.camera_file import CameraFile
from engine.ports import Image, SourceEnded, SourceTorn
from engine.seeing.boxes import Box

VIDEO = "one-by-one-person-detection.mp4"
PRESENT, ABSENT = 0.04, 0.004
"""Share of changed pixels from which somebody is there, and up to which nobody is."""
CHANGED = 45
"""Difference of a channel, of 255, that is no shadow on the floor."""
EARLIER_VISITS = 3
EVERY, MOST = 30, 4
"""Frames from one moment to the next, and moments of a visit: people hardly move in between, and
the one who stays longest is not to count for all."""


def visitors(folder: Path, *, later: bool) -> Iterator[tuple[str, Image, Box]]:
    """Name, picture and outline of whoever is wholly in the picture, standing or walking."""
    shares = {int(f): float(s) for f, s in np.load(folder / "presence_pseudo_truth.npy")}
    camera = CameraFile(folder / VIDEO, paced=False)
    camera.open()
    visit, inside, moments = 0, False, 0
    empty: Image | None = None
    try:
        while True:
            try:
                pixels = camera.read().pixels
            except SourceTorn:
                continue
            if empty is None:
                empty = pixels.copy()
            share = shares.get(camera.index, 0.01)
            if not inside and share > PRESENT:
                visit, inside, moments = visit + 1, True, 0
            elif inside and share < ABSENT:
                inside = False
            wanted = inside and (visit > EARLIER_VISITS) is later and camera.index % EVERY == 0
            wanted = wanted and moments < MOST
            box = outline(pixels, empty) if wanted else None
            if box is not None:
                moments += 1
                yield f"visit{visit}/{camera.index}", pixels.copy(), box
    except SourceEnded:
        pass
    finally:
        camera.close()


def outline(picture: Image, empty: Image) -> Box | None:
    """The largest changed thing; None where there is none, or it reaches out of the picture."""
    changed = np.asarray(cv2.absdiff(picture, empty), np.uint8).max(2)
    mask = np.asarray(changed > CHANGED, np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((15, 9), np.uint8)), np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    if len(stats) < 2:
        return None
    x, y, w, h, _area = (int(v) for v in max(stats[1:], key=lambda s: s[cv2.CC_STAT_AREA]))
    height, width = picture.shape[:2]
    if x < 2 or y < 2 or x + w > width - 2 or y + h > height - 2:
        return None
    return (float(x), float(y), float(w), float(h))
