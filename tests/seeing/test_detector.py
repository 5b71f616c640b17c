"""How the two networks' boxes become one answer."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.types import Label
from engine.ports import Detection, PersonDetector
from engine.seeing.detector import Detector, PersonNet, PetNet, combine, one_each
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
