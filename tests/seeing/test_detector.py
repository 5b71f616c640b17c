"""How the two networks' boxes become one answer."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.types import Label
from engine.ports import Detection, PersonDetector
from engine.seeing.detector import (
    Detector,
    PersonNet,
    PetNet,
    both_ways,
    combine,
    mirrored_back,
    one_each,
)
from engine.seeing.fakes import FakeDetector


def detection(label: Label, score: float, *box: float) -> Detection:
    x, y, w, h = box
    return Detection(label, score, (x, y, w, h))


def test_a_dog_taken_for_a_person_is_a_dog() -> None:
    dog = detection(Label.DOG, 0.9, 100, 100, 200, 300)
    person = detection(Label.PERSON, 0.6, 110, 90, 190, 310)
    assert one_each([person, dog]) == [dog]


def test_a_person_taken_for_a_dog_stays_a_person_too() -> None:
    dog = detection(Label.DOG, 0.5, 100, 100, 200, 300)
    person = detection(Label.PERSON, 0.8, 110, 90, 190, 310)
    assert person in one_each([person, dog])


def test_somebody_who_holds_a_cat_is_still_somebody() -> None:
    cat = detection(Label.CAT, 0.9, 180, 200, 90, 90)
    person = detection(Label.PERSON, 0.6, 100, 50, 250, 400)
    assert person in one_each([person, cat])


def test_both_networks_see_one_cat() -> None:
    one = detection(Label.CAT, 0.5, 100, 100, 200, 200)
    other = detection(Label.CAT, 0.8, 105, 95, 200, 200)
    assert combine([one], [other]) == [other]


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (240, 1280), (97, 33), (8, 8)])
def test_any_shape_of_picture_is_read_and_boxes_stay_inside(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    for found in Detector(floor=0.01, second_opinion=True).detect(picture):
        x, y, w, h = found.box
        assert x >= 0
        assert y >= 0
        assert x + w <= shape[1] + 1e-3
        assert y + h <= shape[0] + 1e-3
        assert 0 <= found.score <= 1


def test_an_even_picture_shows_nobody() -> None:
    assert not Detector(second_opinion=True).detect(np.full((480, 640, 3), 130, np.uint8))


def test_all_are_person_detectors() -> None:
    for made in (PersonNet(), PetNet(), Detector(), FakeDetector()):
        assert isinstance(made, PersonDetector)


def test_the_pet_network_is_asked_only_in_doubt_and_not_in_every_frame() -> None:
    detector = Detector()
    first = FakeDetector([detection(Label.PERSON, 0.9, 100, 100, 50, 100)])
    second = FakeDetector()
    detector.people, detector.pets = first, second  # type: ignore[assignment]
    picture = np.zeros((48, 64, 3), np.uint8)
    for _ in range(9):
        detector.detect(picture)
    assert second.calls == 0
    first.detections = [detection(Label.PERSON, 0.45, 100, 100, 50, 100)]
    for _ in range(9):
        detector.detect(picture)
    assert second.calls == 3


def looks_twice(plain: float, mirrored: float, support: float) -> tuple[Detector, FakeDetector]:
    """A detector of a picture whose first column is bright, so that the mirror is told from it."""

    def answer(image: np.ndarray) -> list[Detection]:
        if image[0, 0, 0]:
            return [detection(Label.PERSON, plain, 10, 5, 20, 40)]
        return [detection(Label.PERSON, mirrored, 64 - 10 - 20, 5, 20, 40)]

    detector, people = Detector(floor=0.0), FakeDetector(answer=answer)
    pets = FakeDetector([detection(Label.PERSON, support, 10, 5, 20, 40)])
    detector.people, detector.pets = people, pets  # type: ignore[assignment]
    return detector, people


def bright_at_the_left() -> np.ndarray:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, 0] = 255
    return picture


def test_whom_both_networks_leave_on_the_edge_the_mirror_decides() -> None:
    for mirrored, taken in ((0.6, True), (0.1, False), (0.95, True)):
        detector, people = looks_twice(plain=0.4, mirrored=mirrored, support=0.4)
        (person,) = detector.detect(bright_at_the_left())
        assert people.calls == 2
        assert person.box == (10, 5, 20, 40)
        assert (person.score >= 0.4) is taken
        assert person.score <= detector.EDGE[1], "the mirror makes nobody sure"
        assert all(not array.any() for array in detector.workspace.arrays())


def test_a_sure_person_and_a_mere_trace_are_looked_at_once() -> None:
    for plain in (0.55, 0.2):
        detector, people = looks_twice(plain=plain, mirrored=0.5, support=0.1)
        detector.detect(bright_at_the_left())
        assert people.calls == 1


def test_a_sighting_in_the_mirror_speaks_for_one_person_on_the_edge_and_for_no_pet() -> None:
    dog = detection(Label.DOG, 0.7, 100, 0, 50, 50)
    surer = detection(Label.PERSON, 0.6, 10, 5, 20, 40)
    beside = detection(Label.PERSON, 0.4, 12, 5, 20, 40)
    sure = detection(Label.PERSON, 0.9, 60, 5, 20, 40)
    mirror = mirrored_back([detection(Label.PERSON, 0.8, 200 - 30, 5, 20, 40)], 200)
    told = both_ways([dog, beside, surer, sure], mirror, [surer.box, beside.box])
    assert {d.box: round(d.score, 3) for d in told} == {
        dog.box: 0.7,
        surer.box: 0.7,
        beside.box: 0.2,
        sure.box: 0.9,
    }
