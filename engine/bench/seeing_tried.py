"""What was tried of seeing and what came of it, on the halves for tuning: `script/measure`.

Whole people and those at a table, set before a wide lens, looked at with more
pixels or in tiles; cats and dogs looked at a second time in a crop; who would
need a look from another heading at home, and how often a head would turn for
nothing; weights of 8 bits. Reported is what decided: some of it is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench import seeing_distance as far
from engine.bench import seeing_int8
from engine.bench.seeing_truth import Score, odd
from engine.config import SeeingConfig
from engine.core.types import Label
from engine.hardware.camera_folder import load_picture
from engine.ports import Detection, Image
from engine.seeing.boxes import Box, overlap
from engine.seeing.detector import Detector, one_each
from engine.seeing.eye import EyeSettings, eye_of
from engine.seeing.thorough import LARGE, Thorough
from engine.seeing.tracker import TrackerSettings

TILE = 0.6
"""Share of the width that each of two tiles has."""
DISTANCES = (2.0, 3.0, 4.0, 5.0)
AT_HOME = (1.0, 2.0, 3.0)
ROUND = 1.3
"""Size of a crop around a pet, times the pet."""
Progress = Callable[[str], None]
Look = Callable[[Image], Sequence[Detection]]


def even(path: Path) -> bool:
    return not odd(path)


def measure(data: Path | None, progress: Progress) -> dict[str, Any]:
    """All of it; the 8 bits are left out where the `onnx` package is missing."""
    if data is None:
        return {"left_out": "no recordings here"}
    networks = Detector()
    progress("far people")
    figures: dict[str, Any] = {"far": larger(networks, data)}
    progress("another heading")
    figures["another_heading"] = another_heading(networks, data)
    progress("a crop around pets")
    figures["pets_in_a_crop"] = in_a_crop(networks, data)
    try:
        figures["eight_bits"] = seeing_int8.measure(data, progress)
    except ImportError as missing:
        figures["eight_bits"] = {
            "left_out": f"{missing}: pip install -r script/models/requirements.txt"
        }
    return figures


# --------------------------------------------------------------- far people


def _looks(networks: Detector) -> dict[str, Look]:
    def of(size: int) -> Look:
        return lambda image: Detector(long_side=size, share=networks).detect(image)

    def tiles(image: Image) -> Sequence[Detection]:
        width = image.shape[1]
        wide = round(TILE * width)
        found: list[Detection] = []
        for left in (0, width - wide):
            tile = np.ascontiguousarray(image[:, left : left + wide])
            seen = of(320)(tile)
            found += [Detection(d.label, d.score, (d.box[0] + left, *d.box[1:])) for d in seen]
        once: list[Detection] = []
        for d in sorted(found, key=lambda d: -d.score):
            if all(overlap(d.box, k.box) < 0.5 or d.label is not k.label for k in once):
                once.append(d)
        return one_each(once)

    return {"320": of(320), str(LARGE): of(LARGE), "tiles": tiles}


def _scenes(
    data: Path, posture: far.Posture, distances: Sequence[float]
) -> Iterator[tuple[float, far.Composed, np.random.Generator]]:
    """Metres, what is shown (everybody in one room), and a source of noise."""
    sources = far.sources_of(data, posture, even)
    for distance in distances:
        large = far.large_enough(sources, posture, distance)
        for shown, random in far.scenes(data, posture, distance, large, even, times=1):
            yield distance, shown, random


def larger(networks: Detector, data: Path) -> list[dict[str, Any]]:
    """Precision and recall by distance and posture of one look of each kind."""
    looks, threshold = _looks(networks), SeeingConfig().threshold
    scores: dict[tuple[str, str, float], Score] = {}
    spent = dict.fromkeys(looks, 0.0)
    shows = 0
    for posture in (far.STANDING, far.SEATED):
        for distance, shown, _ in _scenes(data, posture, DISTANCES):
            shows += 1
            for name, look in looks.items():
                begun = time.process_time()
                found = look(shown.pixels)
                spent[name] += time.process_time() - begun
                score = scores.setdefault((name, posture.name, distance), Score())
                score.add(far.boxes_of_people(found, threshold), [shown.person], shown.others, 0.3)
    rows = [
        {"look": name, "posture": posture, "distance_m": distance, **far.figures_of(score)}
        | {"people": score.hits + score.missed}
        for (name, posture, distance), score in scores.items()
    ]
    ms = [{"look": name, "ms": round(1000.0 * s / max(shows, 1), 2)} for name, s in spent.items()]
    return [*ms, *rows]


# ---------------------------------------------------------- another heading


def another_heading(networks: Detector, data: Path) -> dict[str, int]:
    """Whom only a look from another heading could confirm, and what else would turn the head.

    People at 1 to 3 m glimpsed and not confirmed in half a second; empty rooms in
    which somebody is glimpsed at the first look.
    """
    settings = EyeSettings(SeeingConfig().threshold, on_head=False)
    glimpse = TrackerSettings().glimpse
    people = confirmed = glimpsed = 0
    for posture in (far.STANDING, far.SEATED):
        for _, shown, random in _scenes(data, posture, AT_HOME):
            people += 1
            eye = eye_of(Detector(share=networks), far.lens(), settings)
            if any(overlap(b, shown.person) >= 0.3 for b in far.settled(eye, shown, random)):
                confirmed += 1
            else:
                found = _glimpses(Detector(share=networks).detect(shown.pixels), glimpse)
                glimpsed += any(overlap(b, shown.person) >= 0.3 for b in found)
    rooms = [p for p in sorted((data / "empty_rooms").glob("*.jpg")) if even(p)]
    nobody = sum(
        bool(_glimpses(Detector(share=networks).detect(load_picture(p)), glimpse)) for p in rooms
    )
    return {
        "people": people,
        "confirmed": confirmed,
        "only_glimpsed": glimpsed,
        "empty_rooms": len(rooms),
        "rooms_that_would_turn_the_head": nobody,
    }


def _glimpses(found: Sequence[Detection], least: float) -> list[Box]:
    return [d.box for d in found if d.label is Label.PERSON and d.score >= least]


# --------------------------------------------------------------------- pets


def in_a_crop(networks: Detector, data: Path) -> dict[str, dict[str, int]]:
    """Cats and dogs whose species is right: as it is, and by a look at a crop around them."""
    alone = Thorough(networks, alone=True)
    results: dict[str, dict[str, int]] = {}
    for label in (Label.CAT, Label.DOG):
        counts = {"pictures": 0, "right": 0, "right_in_a_crop": 0, "right_by_both": 0}
        for path in sorted((data / "pets" / f"{label.value}s").glob("*.jpg")):
            if not even(path):
                continue
            picture = load_picture(path)
            counts["pictures"] += 1
            animals = [d for d in alone.detect(picture) if d.label is not Label.PERSON]
            best = max(animals, key=lambda d: d.score, default=None)
            if best is None or best.score < SeeingConfig().pet_threshold:
                continue
            counts["right"] += best.label is label
            near = [d for d in alone.detect(_crop(picture, best.box)) if d.label in PETS]
            again = max(near, key=lambda d: d.score, default=best)
            counts["right_in_a_crop"] += again.label is label
            counts["right_by_both"] += max((best, again), key=lambda d: d.score).label is label
        results[label.value] = counts
    return results


PETS = (Label.CAT, Label.DOG)


def _crop(picture: Image, box: Box) -> Image:
    side = ROUND * max(box[2], box[3])
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    left, top = max(round(x - side / 2), 0), max(round(y - side / 2), 0)
    cut = picture[top : round(y + side / 2), left : round(x + side / 2)]
    if min(cut.shape[:2]) < 8:
        return picture
    return np.ascontiguousarray(cut)
