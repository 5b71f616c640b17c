"""How many cats and dogs are found as such, and how many are taken for people.

People are in some of the pictures, and truth says nothing of them. Every box
that was once called a person has been looked at: `VERDICTS` says what is in
it. One that has no verdict counts as a pet taken for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.bench.seeing_truth import interval
from engine.config import SeeingConfig
from engine.core.types import Label
from engine.hardware.camera_folder import load_picture
from engine.ports import PersonDetector
from engine.seeing.boxes import Box, contained, overlap

PERSON, THING, PET = "a person", "a thing", "a pet"
VERDICTS: dict[str, tuple[tuple[str, Box], ...]] = {
    "cat.4002.jpg": ((PERSON, (46, 11, 327, 479)),),
    "cat.4087.jpg": ((PET, (3, 2, 481, 370)),),
    "cat.4100.jpg": ((PERSON, (241, 1, 84, 82)),),
    "cat.4107.jpg": ((PERSON, (74, 1, 141, 160)),),
    "cat.4141.jpg": ((PERSON, (5, 47, 354, 326)),),
    "dog.4001.jpg": ((PERSON, (25, 1, 123, 337)),),
    "dog.4023.jpg": ((PERSON, (100, 9, 157, 294)),),
    "dog.4060.jpg": ((PERSON, (32, 41, 260, 454)),),
    "dog.4069.jpg": ((PERSON, (1, 4, 140, 235)),),
    "dog.4075.jpg": ((PERSON, (245, 0, 245, 356)), (THING, (206, 16, 28, 48))),
    "dog.4081.jpg": ((THING, (267, 11, 132, 286)),),
    "dog.4082.jpg": ((PERSON, (47, 0, 204, 167)),),
    "dog.4083.jpg": ((PERSON, (362, 0, 137, 243)),),
    "dog.4095.jpg": ((THING, (202, 2, 20, 43)),),
    "dog.4098.jpg": ((PERSON, (47, 2, 220, 176)),),
    "dog.4101.jpg": ((PERSON, (249, 4, 75, 134)),),
    "dog.4110.jpg": (
        (PET, (18, 35, 214, 188)),
        (PERSON, (71, 1, 89, 118)),
        (PERSON, (0, 14, 25, 120)),
    ),
    "dog.4119.jpg": ((PERSON, (135, 1, 67, 108)),),
    "dog.4130.jpg": ((PERSON, (1, 1, 242, 143)),),
    "dog.4135.jpg": ((PERSON, (209, 0, 285, 373)),),
    "dog.4140.jpg": ((PERSON, (95, 40, 366, 290)),),
    "dog.4141.jpg": ((PERSON, (170, 0, 177, 266)),),
    "dog.4143.jpg": ((PERSON, (1, 0, 88, 262)),),
}
"""What is in a box that was called a person, by picture, in pixels: somebody (or their legs,
or an arm), a thing (a pipe, a leash, folds of a blanket), or the cat or dog itself."""
SAME, WITHIN = 0.4, 0.7
"""Overlap, or share inside, from which a box is the one that was looked at."""


def verdict(name: str, box: Box) -> str:
    """What is in a box of picture `name` that was called a person."""
    said = [
        (overlap(box, seen), word)
        for word, seen in VERDICTS.get(name, ())
        if overlap(box, seen) >= SAME or contained(box, seen) >= WITHIN
    ]
    return max(said)[1] if said else PET


def measure(
    detector: PersonDetector, threshold: float, folder: Path, half: Callable[[Path], bool]
) -> dict[str, Any]:
    """Recall and wrong species of the best animal in each picture; boxes called a person."""
    results: dict[str, Any] = {}
    least = SeeingConfig().pet_threshold
    pictures, taken = 0, []
    for label, other in ((Label.CAT, Label.DOG), (Label.DOG, Label.CAT)):
        right = wrong = count = 0
        called: dict[str, list[str]] = {PERSON: [], THING: [], PET: []}
        for path in sorted((folder / f"{label.value}s").glob("*.jpg")):
            if not half(path):
                continue
            count += 1
            found = list(detector.detect(load_picture(path)))
            animals = [d for d in found if d.label is not Label.PERSON and d.score >= least]
            best = max(animals, key=lambda d: d.score, default=None)
            right += best is not None and best.label is label
            wrong += best is not None and best.label is other
            people = [d for d in found if d.label is Label.PERSON and d.score >= threshold]
            for word in {verdict(path.name, d.box) for d in people}:
                called[word].append(path.name)
        results[label.value] = {
            "pictures": count,
            "recall": round(right / max(count, 1), 4),
            "recall_between": interval(right, count),
            "wrong_species": round(wrong / max(count, 1), 4),
            "people_in_them": called[PERSON],
            "things_called_a_person": called[THING],
        }
        pictures += count
        taken += called[PET]
    share = round(len(taken) / max(pictures, 1), 4)
    results["taken_for_a_person"] = {"pictures": pictures, "share": share, "names": taken}
    return results
