"""Whether somebody faces us: six points of a face, a yaw and a pitch, a probability.

BlazeFace finds the points on a crop around the head; a weak-perspective fit
of an average head gives its rotation relative to the line of sight, so that
somebody at the edge of the picture who looks at the device has yaw 0 as well.
No embedding, no identity, nothing kept: the crop is overwritten at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from engine.ports import Image
from engine.seeing.boxes import Box
from engine.seeing.buffers import Workspace
from engine.seeing.runtime import Either, Network

Floats = npt.NDArray[np.float64]

SIDE = 128
FACE_SCORE = 0.5
SMALLEST_FACE = 13.0
"""Pixels of face width below which the yaw is a guess (error 8 degrees at 13)."""
FACING_YAW, YAW_SOFTNESS = 28.0, 6.0
"""Degrees: yaw at which facing is as likely as not, and how sharp that edge is."""
FACING_PITCH, PITCH_SOFTNESS = 35.0, 8.0
STEADY = 3.3
"""Face widths to a crop's side: mean yaw error 4.4 degrees at 36 px instead of 7.0, eight faces."""
BOTH, ASTRAY = 0.58, 22.0
"""Mean score of a face and its mirror image, and degrees between their yaws, that are a face's:
eight faces down to 18 px had .60 at least and 17 degrees at most. Of somebody who stands with
their back to us, five frames in 35 pass instead of all."""
MIRRORED = [1, 0, 2, 3, 5, 4]
"""Which point of a mirrored face is which: left and right change places."""
NO_FACE = 0.08
"""Probability of facing us when a head large enough shows no face."""

# An average head in millimetres from the nose tip: x to the picture's right,
# y down, z away from the camera. Order of the points: the subject's right
# eye, left eye, nose, mouth, right ear, left ear.
HEAD: Floats = np.array(
    [
        [-32, -35, 27],
        [32, -35, 27],
        [0, 0, 0],
        [0, 33, 18],
        [-72, -12, 105],
        [72, -12, 105],
    ],
    np.float64,
)


@dataclass(frozen=True, slots=True)
class Face:
    """`points` (6, 2) and `width` in pixels of the picture; `yaw`, `pitch` in degrees.

    Yaw 0 looks at the camera; positive turns towards the picture's left, as
    azimuths do. Pitch is positive upwards.
    """

    score: float
    width: float
    points: Floats
    yaw: float
    pitch: float

    @property
    def facing(self) -> float:
        """Probability, 0..1, that this face looks at the device."""
        yaw = 1 / (1 + math.exp((abs(self.yaw) - FACING_YAW) / YAW_SOFTNESS))
        pitch = 1 / (1 + math.exp((abs(self.pitch) - FACING_PITCH) / PITCH_SOFTNESS))
        return yaw * pitch


class FaceReader:
    """Looks at heads, one at a time."""

    def __init__(self, threads: int = 1) -> None:
        self.why = ""
        """What the last answer of `engagement` was read from, in words."""
        self.workspace = Workspace()
        self._network: Network = Either("face", threads)

    def engagement(self, image: Image, person: Box) -> float | None:
        """Probability that the person in this box faces us; None where the head is too small."""
        face = self.find(image, person)
        if face is not None and face.width >= SMALLEST_FACE:
            self.why = f"yaw {face.yaw:+.0f}, pitch {face.pitch:+.0f}"
            return face.facing
        if _head_size(person) * 0.5 >= 2 * SMALLEST_FACE:
            self.why = "no face in sight"
            return NO_FACE
        self.why = "head too small"
        return None

    def find(self, image: Image, person: Box) -> Face | None:
        """The best face near the top of a person's box."""
        best: Face | None = None
        for scale, above in ((1.0, 0.12), (1.5, 0.15)):
            side = _head_size(person) * scale
            left = person[0] + person[2] / 2 - side / 2
            face = self.read(image, left, person[1] - side * above, side)
            if face is not None and (best is None or face.score > best.score):
                best = face
            if best is not None and best.score > 0.8:
                break
        return self._again(image, best) if best is not None else None

    def _again(self, image: Image, face: Face) -> Face | None:
        """The same face, now in the middle and at the size at which its points are steadiest.

        Read as it is and mirrored: what the network gets wrong towards one side
        it gets wrong towards the other, too, and the mean of both is right. On
        eight faces of 18 px this and a crop to the fraction of a pixel took the
        error of the yaw from 6.1 to 4.6 degrees. Of the back of a head, in which
        the network sees a face as well, each reading says something else.
        """
        x, y = (float(v) for v in face.points[:4].mean(0))
        side = face.width * STEADY
        left, top = x - side / 2, y - side / 2
        closer = self.read(image, left, top, side)
        other = self.read(image, left, top, side, mirrored=True)
        if closer is None or other is None:
            return None
        if (closer.score + other.score) / 2 < BOTH or abs(closer.yaw - other.yaw) > ASTRAY:
            return None
        points = (closer.points + other.points) / 2
        width = (closer.width + other.width) / 2
        return Face(max(closer.score, other.score), width, points, *head_angles(points))

    def read(
        self, image: Image, left: float, top: float, side: float, *, mirrored: bool = False
    ) -> Face | None:
        """The face in a square of the picture, which may reach over its border.

        `mirrored` shows the network its mirror image; what is returned lies in the picture.
        """
        with self.workspace.wiped():
            blob = self._prepare(image, left, top, side, mirrored=mirrored)
            if blob is None:
                return None
            raw, logits = self._network.run(["boxes", "scores"], {"image": blob})
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -50, 50)))
        first = int(scores.argmax())
        if scores[first] < FACE_SCORE:
            return None
        # Neighbouring anchors see the same face; their mean is steadier than the best.
        centres = raw[0, :, :2] / SIDE + _anchors()
        close = np.hypot(*(centres - centres[first]).T) < 0.25 * raw[0, first, 2] / SIDE
        weight = np.where(close & (scores >= FACE_SCORE), scores, 0.0)
        weight = weight / weight.sum()
        points = (raw[0, :, 4:16].reshape(-1, 6, 2) / SIDE) + _anchors()[:, None, :]
        mean = np.tensordot(weight, points, 1)
        if mirrored:
            mean = (np.array([1.0, 0.0]) + mean * (-1.0, 1.0))[MIRRORED]
        mean = mean * side + np.array([left, top])
        width = float(weight @ raw[0, :, 2]) / SIDE * side
        yaw, pitch = head_angles(mean)
        return Face(float(scores[first]), width, mean, yaw, pitch)

    def _prepare(
        self, image: Image, left: float, top: float, side: float, *, mirrored: bool
    ) -> npt.NDArray[np.float32] | None:
        canvas = self.workspace.array("canvas", (SIDE, SIDE, 3), np.uint8)
        canvas.fill(0)
        if not (self._enlarged if side < SIDE else self._reduced)(image, left, top, side, canvas):
            return None
        if mirrored:
            cv2.flip(canvas, 1, dst=canvas)
        blob = self.workspace.array("blob", (1, 3, SIDE, SIDE), np.float32)
        for channel in range(3):
            plane = blob[0, channel]
            np.multiply(canvas[..., 2 - channel], 1 / 127.5, out=plane, casting="unsafe")
        blob -= 1.0
        return blob

    @staticmethod
    def _enlarged(image: Image, left: float, top: float, side: float, canvas: Image) -> bool:
        """A small square, cut to the fraction of a pixel: a pixel of a small face is degrees."""
        height, width = image.shape[:2]
        if min(left + side, width) - max(left, 0) < 4 or min(top + side, height) - max(top, 0) < 4:
            return False
        scale = SIDE / side
        # The centres of pixels lie half a pixel inside them.
        across, down = (0.5 * scale - 0.5 - low * scale for low in (left, top))
        turn = np.array([[scale, 0.0, across], [0.0, scale, down]])
        cv2.warpAffine(image, turn, (SIDE, SIDE), dst=canvas, flags=cv2.INTER_CUBIC)
        return True

    def _reduced(self, image: Image, left: float, top: float, side: float, canvas: Image) -> bool:
        x1, y1 = max(round(left), 0), max(round(top), 0)
        x2, y2 = (
            min(round(low + side), size)
            for low, size in ((left, image.shape[1]), (top, image.shape[0]))
        )
        scale = SIDE / side
        target = (round((x2 - x1) * scale), round((y2 - y1) * scale))
        if x2 - x1 < 4 or y2 - y1 < 4 or min(target) < 4:
            return False
        column, row = max(round((x1 - left) * scale), 0), max(round((y1 - top) * scale), 0)
        how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
        small = self.workspace.array("small", (target[1], target[0], 3), np.uint8)
        cv2.resize(image[y1:y2, x1:x2], target, dst=small, interpolation=how)
        rows, columns = min(target[1], SIDE - row), min(target[0], SIDE - column)
        canvas[row : row + rows, column : column + columns] = small[:rows, :columns]
        return True


def head_angles(points: Floats) -> tuple[float, float]:
    """(yaw, pitch) in degrees of six face points, by a scaled orthographic fit to HEAD.

    Least squares for the first two rows of the scaled rotation, made
    orthogonal (DeMenthon and Davis 1995, the affine step of POSIT).
    """
    body, seen = HEAD - HEAD.mean(0), points - points.mean(0)
    rows = np.linalg.lstsq(body, seen, rcond=None)[0].T
    first = rows[0] / max(float(np.linalg.norm(rows[0])), 1e-9)
    second = rows[1] - first * float(rows[1] @ first)
    second = second / max(float(np.linalg.norm(second)), 1e-9)
    third = np.cross(first, second)
    # Where the face points: away from the head's depth axis.
    x, y, z = -first[2], -second[2], -third[2]
    return math.degrees(math.atan2(-x, -z)), math.degrees(math.atan2(-y, -z))


def _head_size(person: Box) -> float:
    """Side of a square around head and shoulders of a person's box, pixels."""
    _, _, width, height = person
    return max(min(max(width * 0.9, height * 0.30), height), 24.0) * 1.15


@lru_cache(maxsize=1)
def _anchors() -> Floats:
    """(896, 2) centres as shares: two a cell at stride 8, six at stride 16."""
    found = []
    for stride, count in ((8, 2), (16, 6)):
        cells = SIDE // stride
        for row in range(cells):
            for column in range(cells):
                found += [((column + 0.5) / cells, (row + 0.5) / cells)] * count
    return np.array(found, np.float64)
