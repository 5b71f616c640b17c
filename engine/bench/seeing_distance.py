"""How far people are seen on a wide lens: real people, scaled to what the lens makes of them.

A picture with a person of known box is scaled until that person has as many
pixels as a lens of 110 degrees gives somebody at a distance, and set into an
empty room at the height the geometry asks for. What is nearer than the lens
can take in is cut as it would be. Standing people are whole and unobstructed
ones of household pictures, of the panoramas' later half and of the video of
visits, at the distances at which they need not be enlarged much: a blur is no
person. Seated ones are those at the table of the panoramas, which are small
pictures: up close they are blurred.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.bench.seeing_truth import (
    Score,
    household_truth,
    odd,
    panorama_truth,
    windows,
)
from engine.bench.seeing_visitors import visitors
from engine.core.types import Label
from engine.hardware.camera_folder import by_number, load_picture
from engine.ports import Detection, Frame, Image, PersonDetector
from engine.seeing.boxes import Box, contained
from engine.seeing.eye import Eye
from engine.seeing.geometry import Lens

WIDTH, HEIGHT = 640, 360
FIELD = 110.0
MOUNT = 1.0
"""Metres: a device on a sideboard, looking level."""
DISTANCES = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
TALL, LOW = 1.9, 1.7
"""Height to width of a box from which somebody stands, and up to which those at a table sit."""
LEAST = 60
"""Pixels of a person's height: of less, the nearer distances would be made of blur."""
WIDEST = 30.0
"""Degrees to either side at which people are put."""
MOST = 40
"""People of each posture."""
TIMES, SCENES = 5, 60
"""Rooms and directions that each of them is put into, and the least for all of them at a distance:
of so few people, one room each would let a single box decide."""
FRAMES = 5
"""Half a second, in which somebody is to be confirmed."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Metres above the floor of the top and the bottom of what is seen of a person.

    `most`: how many times somebody may be enlarged.
    """

    name: str
    top: float
    bottom: float
    most: float


STANDING = Posture("standing", 1.70, 0.0, 2.0)
SEATED = Posture("seated", 1.27, 0.37, math.inf)


@dataclass(frozen=True, slots=True)
class Source:
    """A picture, the person in it who is scaled, and the others, who count for nothing."""

    name: str
    picture: Image
    person: Box
    others: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """Whose picture, pixels, the visible part of the person, and the others."""

    name: str
    pixels: Image
    person: Box
    others: tuple[Box, ...]


def lens() -> Lens:
    return Lens(WIDTH, HEIGHT, FIELD, mount_height=MOUNT)


def enlarged(source: Source, posture: Posture, distance: float) -> float:
    """How many times the person of `source` is enlarged to stand at `distance` metres."""
    return lens().focal * (posture.top - posture.bottom) / distance / source.person[3]


def compose(
    source: Source, posture: Posture, distance: float, azimuth: float, room: Image
) -> Composed:
    """The person of `source` at `distance` metres before the lens, in an empty `room`."""
    own = lens()
    top = HEIGHT / 2 - own.focal * (posture.top - MOUNT) / distance
    bottom = HEIGHT / 2 - own.focal * (posture.bottom - MOUNT) / distance
    x, y, w, h = source.person
    scale = (bottom - top) / h
    shift = (own.column(azimuth) - scale * (x + w / 2), top - scale * y)
    placed = _placed(source.picture, scale, shift)
    canvas = cv2.resize(room, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    left, upper = (max(round(v), 0) for v in shift)
    right = min(round(shift[0] + scale * source.picture.shape[1]), WIDTH)
    lower = min(round(shift[1] + scale * source.picture.shape[0]), HEIGHT)
    canvas[upper:lower, left:right] = placed[upper:lower, left:right]
    boxes = [
        _inside((scale * b[0] + shift[0], scale * b[1] + shift[1], scale * b[2], scale * b[3]))
        for b in (source.person, *source.others)
    ]
    others = tuple(b for b in boxes[1:] if b[2] > 1 and b[3] > 1)
    return Composed(source.name, np.asarray(canvas, np.uint8), boxes[0], others)


def _placed(picture: Image, scale: float, shift: tuple[float, float]) -> Image:
    if scale < 0.6:
        # Averaging first: a warp alone would drop pixels, as no lens does.
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture, scale = np.asarray(small, np.uint8), 1.0
    turn = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return np.asarray(cv2.warpAffine(picture, turn, (WIDTH, HEIGHT)), np.uint8)


def _inside(box: Box) -> Box:
    x1, y1 = max(box[0], 0.0), max(box[1], 0.0)
    x2, y2 = min(box[0] + box[2], WIDTH), min(box[1] + box[3], HEIGHT)
    return (x1, y1, max(x2 - x1, 0.0), max(y2 - y1, 0.0))


# ------------------------------------------------------------------- sources


def standing(data: Path, half: Callable[[Path], bool]) -> Iterator[Source]:
    """Whole people with nobody before them, taller than wide; those of a visit are the same few."""
    for path, large, small in household_truth(data / "household", half):
        picture = load_picture(path)
        height, width = picture.shape[:2]
        for box in large:
            others = tuple(b for b in (*large, *small) if b != box)
            whole = 0.01 * height < box[1] and box[1] + box[3] < 0.99 * height
            whole = whole and 0.01 * width < box[0] and box[0] + box[2] < 0.99 * width
            alone = all(contained(box, b) < 0.2 for b in others)
            if whole and alone and box[3] >= TALL * box[2]:
                yield Source(path.stem, picture, box, others)
    if (data / "indoor_video").is_dir():
        for name, picture, box in visitors(data / "indoor_video", later=half is odd):
            if box[3] >= TALL * box[2]:
                yield Source(name, picture, box, ())
    frames = sorted((data / "panorama" / "images").glob("frame*.jpg"), key=by_number)
    later = frames[len(frames) // 2 :] if half is odd else frames[: len(frames) // 2]
    yield from _at_table(later[::4], lambda b: b[3] >= TALL * b[2] and b[3] >= LEAST)


def seated(data: Path, half: Callable[[Path], bool]) -> Iterator[Source]:
    """People at the table of the panoramas, head to table top."""
    pictures = sorted((data / "panorama" / "images").glob("seg*.jpg"), key=by_number)
    chosen = [p for p in pictures if half(p)]
    yield from _at_table(chosen, lambda b: b[3] <= LOW * b[2] and b[3] >= LEAST)


def _at_table(paths: Sequence[Path], fits: Callable[[Box], bool]) -> Iterator[Source]:
    for path in paths:
        truth = panorama_truth(path.parent.parent / "boxes" / f"{path.stem}.xml")
        for i, (view, inside, cut) in enumerate(windows(load_picture(path), truth)):
            whole = [b for b in inside if b[0] > 3 and b[0] + b[2] < view.shape[1] - 3 and fits(b)]
            # The one with most room around them: neighbours would count for nothing.
            alone = [b for b in whole if all(contained(b, o) < 0.2 for o in inside if o != b)]
            for box in alone[:1]:
                others = tuple(b for b in (*inside, *cut) if b != box)
                yield Source(f"{path.stem}/{i}", np.ascontiguousarray(view), box, others)


# ------------------------------------------------------------------- measure


def measure(
    fresh: Callable[[], PersonDetector],
    eye: Callable[[], Eye],
    threshold: float,
    data: Path,
    half: Callable[[Path], bool] = odd,
) -> dict[str, Any]:
    """Precision and recall by distance: a single quick look, and confirmed in half a second.

    `fresh` and `eye` give a detector and an eye to whom nobody has been shown yet: when the
    second network is asked depends on what came before.
    """
    results: dict[str, Any] = {
        "lens": {"field_of_view": FIELD, "width": WIDTH, "height": HEIGHT, "mount_height": MOUNT},
        "times": TIMES,
        "scenes": SCENES,
    }
    for posture in (STANDING, SEATED):
        sources = sources_of(data, posture, half)
        rows = []
        for distance in DISTANCES:
            single, confirmed, pixels = Score(), Score(), []
            large = large_enough(sources, posture, distance)
            times = max(TIMES, math.ceil(SCENES / max(len(large), 1)))
            for shown, random in scenes(data, posture, distance, large, half, times):
                pixels.append(shown.person[3])
                found = boxes_of_people(fresh().detect(shown.pixels), threshold)
                single.add(found, [shown.person], shown.others, 0.3, shown.name)
                seen = settled(eye(), shown, random)
                confirmed.add(seen, [shown.person], shown.others, 0.3, shown.name)
            rows.append(
                {
                    "distance_m": distance,
                    "people": len(large),
                    "scenes": len(pixels),
                    "pixels": round(float(np.mean(pixels))) if pixels else None,
                    "single": figures_of(single) | {"false": single.examples},
                    "confirmed": figures_of(confirmed) | {"false": confirmed.examples},
                }
            )
        results[posture.name] = {"people": len(sources), "by_distance": rows}
    return results


def sources_of(data: Path, posture: Posture, half: Callable[[Path], bool]) -> list[Source]:
    """At most `MOST` of a posture, from all over what there is."""
    sources = list((standing if posture is STANDING else seated)(data, half))
    return sources[:: max(math.ceil(len(sources) / MOST), 1)]


def large_enough(
    sources: Sequence[Source], posture: Posture, distance: float
) -> list[tuple[int, Source]]:
    """Those who may be enlarged so much, each with a number that stays the same."""
    return [
        (k, source)
        for k, source in enumerate(sources)
        if enlarged(source, posture, distance) <= posture.most
    ]


def scenes(
    data: Path,
    posture: Posture,
    distance: float,
    sources: Sequence[tuple[int, Source]],
    half: Callable[[Path], bool],
    times: int,
) -> Iterator[tuple[Composed, np.random.Generator]]:
    """Each person in `times` empty rooms at `distance` metres, and noise for each.

    Every second time the person is shown in the mirror image.
    """
    rooms = [p for p in sorted((data / "empty_rooms").glob("*.jpg")) if half(p)]
    for k, source in sources:
        for turn in range(times):
            random = np.random.default_rng([k, turn])
            room = load_picture(rooms[(7 * k + 31 * turn) % len(rooms)])
            azimuth = float(random.uniform(-WIDEST, WIDEST))
            whom = mirrored(source) if turn % 2 else source
            yield compose(whom, posture, distance, azimuth, room), random


def mirrored(source: Source) -> Source:
    """The same person, left and right exchanged."""
    width = source.picture.shape[1]
    turned = [(width - x - w, y, w, h) for x, y, w, h in (source.person, *source.others)]
    picture = np.ascontiguousarray(source.picture[:, ::-1])
    return Source(source.name, picture, turned[0], tuple(turned[1:]))


def boxes_of_people(found: Sequence[Detection], threshold: float) -> list[Box]:
    return [d.box for d in found if d.label is Label.PERSON and d.score >= threshold]


def settled(eye: Eye, shown: Composed, random: np.random.Generator) -> list[Box]:
    """Whom the eye has confirmed in the last of a few frames with a sensor's noise."""
    boxes: list[Box] = []
    for step in range(FRAMES):
        noise = random.normal(0, 3, shown.pixels.shape)
        noisy = np.clip(shown.pixels + noise, 0, 255).astype(np.uint8)
        look = eye.examine(Frame(step / 10, noisy))
        boxes = [o.box for o in look.objects if o.label is Label.PERSON and o.track is not None]
    return boxes


def figures_of(score: Score) -> dict[str, float]:
    found = score.metrics()
    return {"precision": found["precision"], "recall": found["recall"]}


def draw(figures: dict[str, Any], file: Path) -> None:
    """The table as a plot, beside the targets out to 3 m. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "heliotrope"
    panes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axes, (posture, target) in zip(panes[1], (("standing", 0.9), ("seated", 0.8)), strict=True):
        rows = [row for row in figures[posture]["by_distance"] if row["people"]]
        x = [row["distance_m"] for row in rows]
        for kind, style in (("confirmed", "-"), ("single", ":")):
            for name, colour in (("precision", "#1d3557"), ("recall", "#d1495b")):
                label = f"{name}, {'in half a second' if kind == 'confirmed' else 'one frame'}"
                y = [row[kind][name] for row in rows]
                axes.plot(
                    x, y, style, color=colour, label=label, marker="." if style == "-" else ""
                )
        axes.hlines(0.95, 0.5, 3.0, colors="#1d3557", linewidth=0.7)
        axes.hlines(target, 0.5, 3.0, colors="#d1495b", linewidth=0.7)
        axes.axvspan(3.0, 5.1, color="grey", alpha=0.1)
        axes.set(title=f"{posture}, n = {figures[posture]['people']}", xlabel="distance, m")
        axes.set(ylim=(0.0, 1.03), xlim=(0.4, 5.1))
        axes.grid(alpha=0.3)
    panes[1][0].legend(loc="lower left", fontsize=8)
    panes[0].savefig(file, metadata={"Date": None})
    pyplot.close(panes[0])
