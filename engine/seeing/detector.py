"""Finds people, cats and dogs in one picture: boxes, scores, labels, nothing else.

Two networks (`runtime`) behind `ports.PersonDetector`. `PersonNet`
(NanoDet) is fast, finds people at any size and most pets; `PetNet` (an SSD
trained on Open Images) tells cats and dogs apart from people and is a second
opinion. `Detector` combines them, and looks at the mirror image where both
leave somebody on the edge. Nothing here remembers a frame: every scratch
buffer is overwritten before `detect` returns, also when it raises.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from engine.core.types import Label
from engine.ports import Detection, Image
from engine.seeing.boxes import Box, contained, overlap, suppress
from engine.seeing.buffers import Workspace
from engine.seeing.runtime import Either, Network

Floats = npt.NDArray[np.float32]

# The networks' class numbers.
COCO = {0: Label.PERSON, 15: Label.CAT, 16: Label.DOG}
OPEN_IMAGES = {4: Label.PERSON, 8: Label.CAT, 20: Label.DOG}

NMS_OVERLAP = 0.5
USUAL, SMALL = 320, 256
"""Pixels of the long side: mostly, and where the processor has no time for it."""


def check_picture(image: Image) -> None:
    """Raises ValueError for anything that is not a BGR picture of at least 8x8."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"not a BGR picture of bytes: shape {image.shape}, {image.dtype}")
    if min(image.shape[:2]) < 8:
        raise ValueError(f"a picture of {image.shape[1]}x{image.shape[0]} shows nothing")


class PersonNet:
    """NanoDet-g (80 COCO classes), the long side scaled to `long_side` pixels.

    The short side follows the picture, padded to a multiple of 32, so that no
    time goes into empty borders. Boxes are read from the distribution over
    distances to each side (Li et al., Generalized Focal Loss, 2020, section 3).
    """

    STRIDES = (8, 16, 32)
    BINS = np.arange(11, dtype=np.float32)
    PADDING = 114
    MEAN = np.array([103.53, 116.28, 123.675], np.float32)
    SCALE = np.array([1 / 57.375, 1 / 57.12, 1 / 58.395], np.float32)

    def __init__(self, threads: int = 1, long_side: int = USUAL, floor: float = 0.2) -> None:
        self.long_side = long_side
        self.floor = floor
        self.workspace = Workspace()
        self._network: Network = Either("person", threads)

    def sibling(self, floor: float, long_side: int | None = None) -> PersonNet:
        """The same network at another floor and size, with buffers of its own."""
        other = copy.copy(self)
        other.workspace, other.floor = Workspace(), floor
        other.long_side = long_side or self.long_side
        return other

    def detect(self, image: Image) -> Sequence[Detection]:
        """People, cats and dogs at or above `floor`. Raises ValueError for no picture."""
        check_picture(image)
        with self.workspace.wiped():
            blob, scale, left, top = self._prepare(image)
            values = self._network.run(self._network.outputs, {"image": blob})
        named = dict(zip(self._network.outputs, values, strict=True))
        height, width = blob.shape[2:]
        boxes, scores, classes = [], [], []
        for stride in self.STRIDES:
            cells = named[f"scores_{stride}"][0]
            best = cells.argmax(1)
            score = cells[np.arange(len(best)), best]
            chosen = (score >= self.floor) & np.isin(best, list(COCO))
            if not chosen.any():
                continue
            centres = _centres(height, width, stride)[chosen]
            raw = named[f"distances_{stride}"][0][chosen].reshape(-1, 4, len(self.BINS))
            weight = np.exp(raw - raw.max(2, keepdims=True))
            sides = (weight @ self.BINS) / weight.sum(2) * stride
            boxes.append(np.hstack([centres - sides[:, :2], centres + sides[:, 2:]]))
            scores.append(score[chosen])
            classes.append(best[chosen])
        if not boxes:
            return []
        corners = (np.vstack(boxes) - np.array([left, top, left, top])) / scale
        labels = [COCO[int(c)] for c in np.concatenate(classes)]
        return _detections(corners, np.concatenate(scores), labels, image)

    def _prepare(self, image: Image) -> tuple[Floats, float, int, int]:
        rows, columns = image.shape[:2]
        scale = self.long_side / max(rows, columns)
        inner = (max(round(columns * scale), 1), max(round(rows * scale), 1))
        width, height = (math.ceil(side / 32) * 32 for side in inner)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas = self.workspace.array("canvas", (height, width, 3), np.uint8)
        canvas.fill(self.PADDING)
        # Averaging the pixels that fall together keeps small people recognisable.
        how = cv2.INTER_AREA if scale < 0.45 else cv2.INTER_LINEAR
        small = self.workspace.array("small", (inner[1], inner[0], 3), np.uint8)
        cv2.resize(image, inner, dst=small, interpolation=how)
        canvas[top : top + inner[1], left : left + inner[0]] = small
        blob = self.workspace.array("blob", (1, 3, height, width), np.float32)
        for channel in range(3):
            plane = blob[0, channel]
            np.subtract(canvas[..., channel], self.MEAN[channel], out=plane, casting="unsafe")
            plane *= self.SCALE[channel]
        return blob, scale, left, top


class PetNet:
    """SSD on MobileNetV2, 300x300, 24 Open Images classes of which three are read.

    Anchors as in the SSD paper (Liu et al. 2016, section 2.2) with scales 0.2
    to 0.95 and the reduced set on the finest map; box variances 0.1 and 0.2.
    """

    SIDE = 300

    def __init__(self, threads: int = 1, floor: float = 0.2) -> None:
        self.floor = floor
        self.workspace = Workspace()
        self._network: Network = Either("pet", threads)

    def sibling(self, floor: float) -> PetNet:
        """The same network at another floor, with buffers of its own."""
        other = copy.copy(self)
        other.workspace, other.floor = Workspace(), floor
        return other

    def detect(self, image: Image) -> Sequence[Detection]:
        """People, cats and dogs at or above `floor`. Raises ValueError for no picture."""
        check_picture(image)
        with self.workspace.wiped():
            blob = self._prepare(image)
            raw, logits = self._network.run(["boxes", "scores"], {"image": blob})
        wanted = list(OPEN_IMAGES)
        scores = 1 / (1 + np.exp(-logits[0][:, wanted]))
        anchors = _ssd_anchors()
        rows, columns = np.nonzero(scores >= self.floor)
        if not len(rows):
            return []
        y, x, h, w = (raw[0][rows] * np.array([0.1, 0.1, 0.2, 0.2], np.float32)).T
        cx, cy, aw, ah = anchors[rows].T
        cx, cy = cx + x * aw, cy + y * ah
        half_w, half_h = np.exp(w) * aw / 2, np.exp(h) * ah / 2
        corners = np.stack([cx - half_w, cy - half_h, cx + half_w, cy + half_h], 1)
        size = np.array([image.shape[1], image.shape[0]] * 2)
        labels = [OPEN_IMAGES[wanted[c]] for c in columns]
        return _detections(corners * size, scores[rows, columns], labels, image)

    def _prepare(self, image: Image) -> Floats:
        side = self.SIDE
        small = self.workspace.array("small", (side, side, 3), np.uint8)
        how = cv2.INTER_AREA if min(image.shape[:2]) > 1.5 * side else cv2.INTER_LINEAR
        cv2.resize(image, (side, side), dst=small, interpolation=how)
        blob = self.workspace.array("blob", (1, 3, side, side), np.float32)
        for channel in range(3):
            np.multiply(small[..., 2 - channel], 1 / 127.5, out=blob[0, channel], casting="unsafe")
        blob -= 1.0
        return blob


class Detector:
    """Both networks as one `PersonDetector`.

    `second_opinion` None asks the second network only where the first one leaves
    a doubt (a pet, or a person of middling score), and then in every third frame:
    what it says is remembered by the tracks. True and False force it. Whom both
    leave on the edge the first one sees in the mirror, too.
    """

    # NanoDet scores between which a person may as well be a dog or a coat.
    DOUBT = (0.12, 0.6)
    INTERVAL = 3
    EDGE = (0.33, 0.5)
    """Scores of both networks together, from a glimpse up, that the mirror image is to decide;
    it makes nobody surer than this. On the even halves it took the false boxes of a single look
    at the meeting room from 13 to 3, and the missed people from 20 to 17."""

    def __init__(
        self,
        threads: int = 1,
        long_side: int = USUAL,
        floor: float = 0.2,
        second_opinion: bool | None = None,
        share: Detector | None = None,
    ) -> None:
        """`share`: use the networks of another one, called in turn with it."""
        # Below the floor lie those whom the second network can still confirm.
        faint = min(FAINT, floor)
        self.people: PersonNet = (
            share.people.sibling(faint, long_side)
            if share
            else PersonNet(threads, long_side, faint)
        )
        self.pets: PetNet = share.pets if share else PetNet(threads, faint)
        self.floor = floor
        self.second_opinion = second_opinion
        self.workspace = Workspace()
        self._since = self.INTERVAL

    def detect(self, image: Image) -> Sequence[Detection]:
        first = list(self.people.detect(image))
        self._since += 1
        if self._doubtful(first):
            self._since = 0
            second = self.pets.detect(image)
            found = combine(first, second)
            low, high = self.EDGE
            edge = [d.box for d in found if d.label is Label.PERSON and low <= d.score < high]
            if edge:
                told = both_ways(first, self._mirrored(image), edge)
                found = [_at_most(d, high, edge) for d in combine(told, second)]
        else:
            found = one_each([d for d in first if d.score >= self.floor])
        return sorted((d for d in found if d.score >= self.floor), key=lambda d: -d.score)

    def _mirrored(self, image: Image) -> Sequence[Detection]:
        """What the first network finds in the mirror image, in places of the picture."""
        with self.workspace.wiped():
            mirror = mirror_image(image, self.workspace)
            return mirrored_back(self.people.detect(mirror), image.shape[1])

    def _doubtful(self, found: Iterable[Detection]) -> bool:
        if self.second_opinion is not None:
            return self.second_opinion
        if self._since < self.INTERVAL:
            return False
        low, high = self.DOUBT
        return any(d.label is not Label.PERSON or low <= d.score < high for d in found)


FAINT = 0.1
"""Score below which not even a second opinion makes somebody of it."""
SAME = 0.7
"""Overlap from which a person and a pet are one of the two."""
SAME_PERSON = 0.4
"""Overlap from which both networks mean the same person."""
AGREEMENT, CAUTION, CLEAR = 0.5, 0.8, 0.45
"""How much the second network's score counts towards a person; the factor that keeps the scale
of scores (chosen so that the threshold stays where it was); the score that needs nobody's word.
On the even halves this took single-frame recall on the video from .85 to .98, and precision and
recall on the panoramas from .965 / .973 to .980 / .978."""


def mirror_image(image: Image, workspace: Workspace) -> Image:
    """`image` with left and right exchanged, in a buffer of `workspace`."""
    mirror = workspace.array("mirror", image.shape, np.uint8)
    np.copyto(mirror, image[:, ::-1])
    return mirror


def mirrored_back(found: Sequence[Detection], width: int) -> list[Detection]:
    """From the mirror image into the picture of this many columns."""
    return [Detection(d.label, d.score, (width - d.box[0] - d.box[2], *d.box[1:])) for d in found]


def both_ways(
    plain: Sequence[Detection], mirror: Sequence[Detection], edge: Sequence[Box]
) -> list[Detection]:
    """What was found in the picture; people in `edge` with the mean of it and the mirror.

    Each sighting in the mirror speaks for one person only, the surest first.
    """
    free = [d for d in mirror if d.label is Label.PERSON]
    told = []
    for seen in sorted(plain, key=lambda d: -d.score):
        score = seen.score
        if seen.label is Label.PERSON:
            same = [d for d in free if overlap(d.box, seen.box) >= NMS_OVERLAP]
            word = max(same, key=lambda d: overlap(d.box, seen.box), default=None)
            if word is not None:
                free.remove(word)
            if seen.box in edge:
                score = (score + (word.score if word is not None else 0.0)) / 2
        told.append(Detection(seen.label, score, seen.box))
    return told


def _at_most(found: Detection, score: float, edge: Sequence[Box]) -> Detection:
    if found.label is not Label.PERSON or found.box not in edge:
        return found
    return Detection(found.label, min(found.score, score), found.box)


def combine(first: Sequence[Detection], second: Sequence[Detection]) -> list[Detection]:
    """People of the first network weighed by the second; pets of both, each pet once."""
    pets = [d for d in (*first, *second) if d.label is not Label.PERSON]
    return one_each([*_weighed(first, second), *_once(pets)])


def _weighed(first: Sequence[Detection], second: Sequence[Detection]) -> list[Detection]:
    """Noisy-or of both scores; each sighting of the second network speaks for one person only."""
    people = [d for d in first if d.label is Label.PERSON]
    support = [0.0] * len(people)
    for witness in (d for d in second if d.label is Label.PERSON):
        shared = [overlap(d.box, witness.box) for d in people]
        claims = [(s * d.score, i) for i, (s, d) in enumerate(zip(shared, people, strict=True))]
        best = max((c for c in claims if shared[c[1]] >= SAME_PERSON), default=None)
        if best is not None:
            support[best[1]] = max(support[best[1]], witness.score)
    weighed = []
    for person, word in zip(people, support, strict=True):
        score = CAUTION * (1 - (1 - person.score) * (1 - AGREEMENT * word))
        if person.score >= CLEAR:
            score = max(score, person.score)
        weighed.append(Detection(Label.PERSON, score, person.box))
    return weighed


def _once(found: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda d: -d.score):
        if all(overlap(candidate.box, k.box) < NMS_OVERLAP for k in kept):
            kept.append(candidate)
    return kept


def one_each(found: Sequence[Detection]) -> list[Detection]:
    """Drop every person that a higher-scoring pet covers, and every pet that is a person.

    A dog is taken for a person by part of it or the whole, so that what the pet
    covers goes. A person taken for a dog is so in the same box; one who holds a
    pet has a box that reaches well beyond the pet's.
    """
    pets = [d for d in found if d.label is not Label.PERSON]
    people = [d for d in found if d.label is Label.PERSON]
    kept = [
        d
        for d in people
        if not any(
            p.score > d.score and (overlap(p.box, d.box) >= 0.5 or contained(d.box, p.box) >= 0.85)
            for p in pets
        )
    ]
    return kept + [
        p
        for p in pets
        if not any(d.score > p.score and overlap(p.box, d.box) >= SAME for d in kept)
    ]


def _detections(
    corners: npt.NDArray[np.floating], scores: Floats, labels: Sequence[Label], image: Image
) -> list[Detection]:
    """Non-maximum suppression per label, boxes clipped to the picture, best first."""
    height, width = image.shape[:2]
    clipped = np.clip(corners, 0, np.array([width, height, width, height]))
    found: list[Detection] = []
    for label in set(labels):
        mine = np.array([i for i, other in enumerate(labels) if other is label])
        for i in mine[suppress(clipped[mine], scores[mine], NMS_OVERLAP)]:
            x1, y1, x2, y2 = map(float, clipped[i])
            if x2 - x1 >= 1 and y2 - y1 >= 1 and np.isfinite(scores[i]):
                found.append(Detection(label, float(scores[i]), (x1, y1, x2 - x1, y2 - y1)))
    return sorted(found, key=lambda d: -d.score)


@lru_cache(maxsize=16)
def _centres(height: int, width: int, stride: int) -> Floats:
    ys = (np.arange(math.ceil(height / stride)) + 0.5) * stride
    xs = (np.arange(math.ceil(width / stride)) + 0.5) * stride
    grid = np.meshgrid(xs, ys)
    return np.stack([g.ravel() for g in grid], 1).astype(np.float32)


@lru_cache(maxsize=1)
def _ssd_anchors() -> Floats:
    """(1917, 4): centre x, centre y, width, height, as shares of the picture."""
    maps = (19, 10, 5, 3, 2, 1)
    scales = [*np.linspace(0.2, 0.95, len(maps)), 1.0]
    anchors: list[tuple[float, float, float, float]] = []
    for level, cells in enumerate(maps):
        shapes = [(scales[level], r) for r in (1.0, 2.0, 0.5, 3.0, 1 / 3)]
        shapes.append((math.sqrt(scales[level] * scales[level + 1]), 1.0))
        if level == 0:
            shapes = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        sizes = [(s * math.sqrt(r), s / math.sqrt(r)) for s, r in shapes]
        for row in range(cells):
            for column in range(cells):
                centre = ((column + 0.5) / cells, (row + 0.5) / cells)
                anchors.extend((*centre, *size) for size in sizes)
    return np.array(anchors, np.float32)
