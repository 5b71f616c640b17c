"""Measures a lens from pictures of a chessboard, and draws that chessboard.

Finds the board in a picture, decides whether what was found is enough to tell
anything, fits both models of `optics` and keeps the better one. It must not
keep a picture: corners are taken from it and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from engine.ports import Image
from engine.seeing.optics import Model, Optics

COLUMNS, ROWS = 9, 6
"""Inner corners of the board: even by odd, so that it cannot be taken upside down."""
FEWEST = 8
"""Pictures with the board in them; fewer leave focal length and distance mixed up."""
SPREAD = 0.6
"""Share of the picture, each way, that the corners of all pictures together must reach."""
WORST = 1.5
"""Pixels of mean error beyond which a board was bent, or frames were torn or blurred."""
TILTED = 25.0
"""Degrees between the two boards that are tilted most unlike; boards held alike leave focal length
and distance mixed up."""
HANDICAP = {Model.NORMAL: 0.85, Model.FISHEYE: 1.0}
"""Factors on the errors that are compared: a usual lens is what most people have."""
MOVED = 0.06
"""Share of the width that a board must move to be another view of it."""

Corners = npt.NDArray[np.float32]


class NotMeasured(Exception):
    """The lens cannot be told from these pictures; the message says what to do."""


@dataclass(frozen=True, slots=True)
class View:
    """The corners of one picture, (54, 2) pixels, and its size (width, height)."""

    corners: Corners
    size: tuple[int, int]

    def differs(self, other: View) -> bool:
        moved = np.linalg.norm(self.corners - other.corners, axis=1).mean()
        return bool(moved >= MOVED * self.size[0])


def find(pixels: Image) -> View | None:
    """The board in a BGR picture, or None."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    try:
        flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
        found, corners = cv2.findChessboardCornersSB(grey, (COLUMNS, ROWS), flags=flags)
    finally:
        grey.fill(0)
    if not found or corners is None:
        return None
    height, width = pixels.shape[:2]
    return View(np.asarray(corners, np.float32).reshape(-1, 2), (width, height))


def measure(views: Sequence[View], model: Model | None = None) -> Optics:
    """The lens that took `views`; `model` None chooses. Raises NotMeasured."""
    _check(views)
    found = [o for m in Model if model in (None, m) and (o := FITS[m](views)) is not None]
    if not found:
        raise NotMeasured("nothing fits the pictures; hold the board flat, still and tilted")
    best = min(found, key=lambda o: o.error * HANDICAP[o.model])
    if best.error > WORST:
        raise NotMeasured(
            f"the board does not fit by {best.error:.1f} pixels; "
            "glue it to something flat and hold it still"
        )
    return best


def _check(views: Sequence[View]) -> None:
    if len(views) < FEWEST:
        raise NotMeasured(
            f"{len(views)} pictures show the whole board, {FEWEST} are needed; "
            "light it well and keep all of it in the picture"
        )
    sizes = {v.size for v in views}
    if len(sizes) > 1:
        raise NotMeasured("the pictures differ in size; take all of them with one camera")
    corners = np.vstack([v.corners for v in views])
    reach = (corners.max(0) - corners.min(0)) / np.array(views[0].size)
    if reach.min() < SPREAD:
        where = "left and right" if reach[0] < reach[1] else "top and bottom"
        raise NotMeasured(
            f"the board was seen in {100 * reach.min():.0f} % of the picture only; "
            f"hold it near the {where} edges, too"
        )


def _board() -> npt.NDArray[np.float32]:
    grid = np.zeros((COLUMNS * ROWS, 3), np.float32)
    grid[:, :2] = np.mgrid[0:COLUMNS, 0:ROWS].T.reshape(-1, 2)
    return grid


def _normal(views: Sequence[View]) -> Optics | None:
    points = [_board()] * len(views)
    seen = [v.corners.reshape(-1, 1, 2) for v in views]
    error, matrix, distortion, turns, _ = cv2.calibrateCamera(
        points, seen, views[0].size, np.eye(3), np.zeros(5)
    )
    if not math.isfinite(error) or matrix[0, 0] <= 1.0:
        return None
    return _optics(Model.NORMAL, views, matrix, distortion.reshape(-1)[:5], error, turns)


def _fisheye(views: Sequence[View]) -> Optics | None:
    points = [_board().reshape(1, -1, 3).astype(np.float64)] * len(views)
    seen = [v.corners.reshape(1, -1, 2).astype(np.float64) for v in views]
    flags = cv2.fisheye.CALIB_RECOMPUTE_EXTRINSIC | cv2.fisheye.CALIB_FIX_SKEW
    stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-7)
    try:
        error, matrix, distortion, turns, _ = cv2.fisheye.calibrate(
            points, seen, views[0].size, np.eye(3), np.zeros(4), flags=flags, criteria=stop
        )
    except cv2.error:
        return None  # it does not converge on what is no fisheye
    return _optics(Model.FISHEYE, views, matrix, distortion.reshape(-1), error, turns)


def _tilt(turns: Sequence[npt.NDArray[Any]]) -> float:
    """Degrees between the two boards that face most different ways."""
    facing = np.array([cv2.Rodrigues(np.asarray(turn, np.float64))[0][:, 2] for turn in turns])
    return float(np.degrees(np.arccos(np.clip(facing @ facing.T, -1.0, 1.0)).max()))


def _optics(
    model: Model,
    views: Sequence[View],
    matrix: npt.NDArray[Any],
    distortion: npt.NDArray[Any],
    error: float,
    turns: Sequence[npt.NDArray[Any]],
) -> Optics | None:
    """Raises NotMeasured for boards that fit well and were all held alike."""
    if error <= WORST and _tilt(turns) < TILTED:
        raise NotMeasured(
            "the boards were all held alike; tilt it by some 30 degrees, each time another way"
        )
    width, height = views[0].size
    # OpenCV counts from the middle of the first pixel, we from its edge.
    centre = (float(matrix[0, 2]) + 0.5, float(matrix[1, 2]) + 0.5)
    focal = (float(matrix[0, 0]), float(matrix[1, 1]))
    try:
        return Optics(
            model, width, height, focal, centre, tuple(map(float, distortion)), float(error),
            len(views),
        )  # fmt: skip
    except ValueError:
        return None


FITS = {Model.NORMAL: _normal, Model.FISHEYE: _fisheye}


# ------------------------------------------------------------------------ target

SQUARE_MM = 25.0
PAGE_MM = (297.0, 210.0)
"""A4, lying; the size of the squares does not matter, that the page is flat does."""


def squares() -> list[tuple[int, int]]:
    """(column, row) of the black squares of the board."""
    return [(c, r) for r in range(ROWS + 1) for c in range(COLUMNS + 1) if (c + r) % 2 == 0]


def as_picture(square: int = 96) -> Image:
    """The board with a white border, for a screen: (768, 1056, 3)."""
    shape = ((ROWS + 2) * square, (COLUMNS + 2) * square, 3)
    picture = np.full(shape, 255, np.uint8)
    for column, row in squares():
        x, y = round((column + 0.5) * square), round((row + 0.5) * square)
        picture[y : y + square, x : x + square] = 0
    return picture


def as_pdf() -> bytes:
    """The board on a page of A4, drawn as PDF 1.4."""
    point = 72.0 / 25.4
    left = (PAGE_MM[0] - (COLUMNS + 1) * SQUARE_MM) / 2.0
    top = (PAGE_MM[1] - (ROWS + 1) * SQUARE_MM) / 2.0
    side = SQUARE_MM * point
    drawn = "".join(
        f"{(left + c * SQUARE_MM) * point:.3f} {(top + r * SQUARE_MM) * point:.3f} "
        f"{side:.3f} {side:.3f} re f\n"
        for c, r in squares()
    ).encode()
    page = f"0 0 {PAGE_MM[0] * point:.2f} {PAGE_MM[1] * point:.2f}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{page}] /Contents 4 0 R >>".encode(),
        b"<< /Length %d >>\nstream\n" % len(drawn) + drawn + b"endstream",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + head + table + tail % (len(objects) + 1, len(body))
