"""One picture looked at from several sides: both networks, two sizes, plain and mirrored.

Worth while where there is time: a single picture that `see` is given, and the
neighbourhood of somebody new, before anything is believed of them. What is
really there shows in every view; what only looks like it shows in some.
Nothing here remembers a picture: every view lies in a buffer that is
overwritten before `detect` returns, also when it raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.types import Label
from engine.ports import Detection, Image
from engine.seeing.boxes import Box, contained, overlap
from engine.seeing.buffers import Workspace
from engine.seeing.detector import (
    Detector,
    PersonNet,
    check_picture,
    mirror_image,
    mirrored_back,
    one_each,
)

PETS = (Label.CAT, Label.DOG)
LARGE = 416
"""Pixels of the long side of the larger view: half as dear again, and the best single one for
people in household pictures."""
FAINT = 0.05
"""Score from which a view's word is counted at all."""
SAME = 0.5
"""Overlap from which two views mean the same."""
TWICE = 0.6
"""Overlap from which what is left is the same thing counted twice."""
ONE_PET, PET_WITHIN = 0.4, 0.8
"""Overlap, or share of one in the other, from which two boxes are around one pet. The pet network
has an opinion of the head, the body and the whole."""


ECHO = 0.75
ECHO_SHARED, ECHO_WITHIN, ECHO_AROUND = 0.3, 0.75, 0.95
"""What is left of the score of an echo, and the overlap or the share within or around somebody
surer that makes it one. On the even half it took the panoramas' precision from .962 to .985 at
the scale below, which people in household pictures need."""


A_PET, RATHER = 0.5, 2.0
"""What the pet network must say for a pet, and how many times what it says for a person, for a
person of the other network to be none. Of all sets' even halves it takes one box away that was a
dog, and nobody."""


@dataclass(frozen=True, slots=True)
class View:
    """What one view found; `person`, `pet` are the weight of its word, `edges` that of its box."""

    found: Sequence[Detection]
    person: float
    pet: float
    edges: float


PERSON_SCALE, PET_SCALE = 1.22, 1.4
"""Means over views are lower than the surest view's score; these put the edge between right and
wrong where it is for a single look, at 0.4."""


TALL, ENOUGH, EDGE, CLEAR = 0.3, 0.345, 0.4, 0.45
"""Of a picture that no other follows: who is at least this share of its height needs this score
to count as much as the edge; from the last on scores stay as they are. Most of what is wrongly
taken for a person is small. On the even halves 0.345 is the least that makes no mistake more in
households, meeting rooms, empty rooms and pets, and it finds one person more."""


class Thorough:
    """A `PersonDetector` for single pictures, five times as dear as `Detector`."""

    def __init__(self, share: Detector, floor: float = 0.2, *, alone: bool = False) -> None:
        """`share`: whose networks are used, called in turn with it.

        `alone`: no other picture follows, which could confirm somebody doubtful.
        """
        self.people: PersonNet = share.people.sibling(FAINT)
        self.larger: PersonNet = share.people.sibling(FAINT, LARGE)
        self.pets = share.pets.sibling(FAINT)
        self.floor = floor
        self.alone = alone
        self.workspace = Workspace()

    def detect(self, image: Image) -> Sequence[Detection]:
        """People, cats and dogs at or above the floor. Raises ValueError for no picture."""
        check_picture(image)
        with self.workspace.wiped():
            mirror = mirror_image(image, self.workspace)
            width = image.shape[1]
            views = (
                View(self.larger.detect(image), 1.0, 0.5, 1.0),
                View(mirrored_back(self.people.detect(mirror), width), 1.0, 0.5, 1.0),
                View(self.pets.detect(image), 0.5, 1.0, 0.15),
                View(mirrored_back(self.pets.detect(mirror), width), 0.5, 1.0, 0.15),
            )
        people = [d for d in people_of(views) if not is_pet(d.box, views)]
        if self.alone:
            people = [_told_alone(d, image.shape[0]) for d in people]
        found = one_each([*people, *pets_of(views)])
        return sorted((d for d in found if d.score >= self.floor), key=lambda d: -d.score)


def _told_alone(person: Detection, height: int) -> Detection:
    """With the score that counts where nothing follows."""
    score = person.score
    if person.box[3] < TALL * height or score >= CLEAR:
        return person
    if score < ENOUGH:
        score *= EDGE / ENOUGH
    else:
        score = EDGE + (score - ENOUGH) * (CLEAR - EDGE) / (CLEAR - ENOUGH)
    return Detection(person.label, score, person.box)


def people_of(views: Sequence[View]) -> list[Detection]:
    """Each person once: the mean of what the views say, in the mean of their boxes."""
    total = sum(v.person for v in views)
    found = [
        Detection(
            Label.PERSON,
            PERSON_SCALE * sum(views[k].person * d.score for k, d in group.items()) / total,
            _mean_box(views, group),
        )
        for group in _groups(views, (Label.PERSON,))
    ]
    return _without_echoes(_once(found))


def is_pet(box: Box, views: Sequence[View]) -> bool:
    """Whether those who tell pets from people better are sure that this is a pet."""
    experts = [v for v in views if v.pet > v.person]
    pet = sum(_word(v, PETS, box) for v in experts)
    person = sum(_word(v, (Label.PERSON,), box) for v in experts)
    return pet >= max(A_PET * len(experts), RATHER * person) and bool(experts)


def _word(view: View, labels: Sequence[Label], box: Box) -> float:
    """The surest that a view says of these in the place of `box`."""
    here = (d.score for d in view.found if d.label in labels and _near(d.box, box))
    return max(here, default=0.0)


def pets_of(views: Sequence[View]) -> list[Detection]:
    """Each pet once, of the species for which most is said; both weigh for that it is a pet."""
    total = sum(v.pet for v in views)
    found = []
    for group in _groups(views, PETS):
        box = _mean_box(views, group)
        words = dict.fromkeys(PETS, 0.0)
        for view in views:
            for label in PETS:
                words[label] += view.pet * _word(view, (label,), box) / total
        label = max(words, key=lambda k: words[k])
        found.append(Detection(label, min(PET_SCALE * words[label], 1.0), box))
    return _each_pet_once(found)


def _groups(views: Sequence[View], labels: Sequence[Label]) -> list[dict[int, Detection]]:
    """Detections that mean the same, at most one of each view, surest first."""
    pool = sorted(
        ((d, k) for k, view in enumerate(views) for d in view.found if d.label in labels),
        key=lambda item: -item[0].score,
    )
    groups = []
    taken: set[int] = set()
    for i, (first, view) in enumerate(pool):
        if i in taken:
            continue
        group = {view: first}
        for j in range(i + 1, len(pool)):
            other, its_view = pool[j]
            free = j not in taken and its_view not in group
            if free and overlap(first.box, other.box) >= SAME:
                group[its_view] = other
                taken.add(j)
        groups.append(group)
    return groups


def _mean_box(views: Sequence[View], group: Mapping[int, Detection]) -> Box:
    weights = {k: views[k].edges * d.score for k, d in group.items()}
    total = max(sum(weights.values()), 1e-9)
    x, y, w, h = (sum(weights[k] * d.box[i] for k, d in group.items()) / total for i in range(4))
    return (x, y, w, h)


def _near(box: Box, other: Box) -> bool:
    return overlap(box, other) >= SAME


def _without_echoes(found: Sequence[Detection]) -> list[Detection]:
    """Less of what lies over somebody surer: a second box around the same person, or a part.

    Two people who stand in one another's way lose as much, and are mostly sure enough still.
    """
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda d: -d.score):
        echoes = sum(_echoes(candidate.box, surer.box) for surer in kept)
        score = candidate.score * ECHO**echoes
        kept.append(Detection(candidate.label, score, candidate.box))
    return kept


def _echoes(box: Box, surer: Box) -> bool:
    return (
        overlap(box, surer) >= ECHO_SHARED
        or contained(box, surer) >= ECHO_WITHIN
        or contained(surer, box) >= ECHO_AROUND
    )


def _each_pet_once(found: Sequence[Detection]) -> list[Detection]:
    """Pets without a second, larger or smaller box around the same one."""
    kept: list[Detection] = []
    for pet in sorted(found, key=lambda d: -d.score):
        if not any(
            overlap(pet.box, k.box) >= ONE_PET
            or contained(pet.box, k.box) >= PET_WITHIN
            or contained(k.box, pet.box) >= PET_WITHIN
            for k in kept
        ):
            kept.append(pet)
    return kept


def _once(found: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda d: -d.score):
        if all(overlap(candidate.box, k.box) < TWICE for k in kept):
            kept.append(candidate)
    return kept
