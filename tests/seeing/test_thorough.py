"""One picture from several sides: what the views agree on, each once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.types import Label
from engine.ports import Detection, Image, PersonDetector
from engine.seeing.detector import Detector
from engine.seeing.thorough import PERSON_SCALE, Thorough, View, is_pet, people_of, pets_of

HERE = (100.0, 50.0, 80.0, 200.0)
BESIDE = (400.0, 50.0, 80.0, 200.0)


def view(*found: Detection) -> View:
    return View(found, 1.0, 1.0, 1.0)


def person(score: float, box: tuple[float, float, float, float] = HERE) -> Detection:
    return Detection(Label.PERSON, score, box)


def moved(box: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    return (box[0] + by, *box[1:])


def test_one_person_in_every_view_is_one_person_between_their_boxes() -> None:
    (found,) = people_of([view(person(0.6, moved(HERE, by))) for by in (-6.0, 0.0, 6.0)])
    assert found.box == pytest.approx(HERE)


def test_who_shows_in_one_view_only_is_believed_less_than_who_shows_in_all() -> None:
    views = [view(person(0.6), person(0.6, BESIDE)), view(person(0.6)), view(person(0.6))]
    sure, doubtful = people_of(views)
    assert sure.box[0] == pytest.approx(HERE[0])
    assert doubtful.score < 0.5 * sure.score


def test_two_beside_each_other_stay_two() -> None:
    views = [view(person(0.6), person(0.5, BESIDE))] * 2
    assert [d.box[0] for d in people_of(views)] == pytest.approx([HERE[0], BESIDE[0]])


def test_a_second_box_around_the_same_body_counts_for_less() -> None:
    echo = (105.0, 60.0, 60.0, 120.0)
    alone = people_of([view(person(0.5, echo))] * 2)[0].score
    _, echoed = people_of([view(person(0.7), person(0.5, echo))] * 2)
    assert echoed.score < alone


def test_a_pet_is_of_the_species_for_which_most_is_said() -> None:
    cat, dog = Detection(Label.CAT, 0.5, HERE), Detection(Label.DOG, 0.6, HERE)
    (found,) = pets_of([view(cat, dog), view(cat), view(cat)])
    assert found.label is Label.CAT


def expert(*found: Detection) -> View:
    return View(found, 0.5, 1.0, 0.15)


def test_what_the_pet_network_is_sure_is_a_dog_is_nobody_whatever_the_other_says() -> None:
    said = view(person(0.9))
    dog = Detection(Label.DOG, 0.7, moved(HERE, 3.0))
    assert is_pet(HERE, [said, expert(dog, person(0.2)), expert(dog)])
    assert not is_pet(HERE, [said, expert(dog, person(0.5)), expert(dog, person(0.5))])
    assert not is_pet(BESIDE, [said, expert(dog), expert(dog)]), "who stands beside the dog"
    assert not is_pet(HERE, [said, view(dog)]), "the people network has no such say"


@pytest.fixture(scope="module")
def thorough() -> Thorough:
    return Thorough(Detector())


def picture(shape: tuple[int, int] = (240, 320)) -> Image:
    return np.random.default_rng(5).integers(0, 255, (*shape, 3), np.uint8)


def test_it_is_a_detector_and_leaves_nothing_of_a_picture(thorough: Thorough) -> None:
    assert isinstance(thorough, PersonDetector)
    thorough.detect(picture())
    spaces = (thorough, thorough.people, thorough.larger, thorough.pets)
    assert all(space.workspace.arrays() for space in spaces), "nothing was measured"
    assert not any(a.any() for space in spaces for a in space.workspace.arrays())


def test_it_leaves_nothing_when_a_network_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Thorough(Detector())

    class Broken:
        def run(self, _names: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            assert feed["image"].any()
            raise RuntimeError("the network broke")

    monkeypatch.setattr(own.pets, "_network", Broken())
    with pytest.raises(RuntimeError):
        own.detect(picture())
    for space in (own, own.people, own.larger, own.pets):
        assert not any(a.any() for a in space.workspace.arrays())


@pytest.mark.parametrize("shape", [(8, 8), (33, 500), (500, 33)])
def test_any_shape_of_picture_is_read_and_boxes_stay_inside(
    thorough: Thorough, shape: tuple[int, int]
) -> None:
    for found in thorough.detect(picture(shape)):
        x, y, w, h = found.box
        assert x >= -0.5
        assert y >= -0.5
        assert x + w <= shape[1] + 0.5
        assert y + h <= shape[0] + 0.5


def test_what_is_no_picture_is_refused(thorough: Thorough) -> None:
    with pytest.raises(ValueError, match="picture"):
        thorough.detect(np.zeros((40, 40), np.uint8))


def test_one_dog_is_counted_once_however_its_boxes_lie() -> None:
    whole = Detection(Label.DOG, 0.7, (100.0, 50.0, 220.0, 400.0))
    upper = Detection(Label.DOG, 0.8, (98.0, 40.0, 226.0, 250.0))
    beside = Detection(Label.DOG, 0.6, (400.0, 60.0, 200.0, 380.0))
    found = pets_of([view(whole, upper, beside)] * 2)
    assert len(found) == 2
    assert all(0.0 <= d.score <= 1.0 for d in found)


def told(score: float, height: float, *, alone: bool, monkeypatch: pytest.MonkeyPatch) -> float:
    """What a thorough look makes of somebody whom every view gives so much."""
    own = Thorough(Detector(), 0.0, alone=alone)
    box = (150.0, 10.0, 20.0, height)
    each = score / PERSON_SCALE

    class Sees:
        def detect(self, _: Image) -> list[Detection]:
            return [Detection(Label.PERSON, each, box)]

    for name in ("people", "larger", "pets"):
        monkeypatch.setattr(own, name, Sees())
    (found,) = own.detect(picture((240, 320)))
    return found.score


@pytest.mark.parametrize(("height", "alone", "counts"), [(80, True, True), (80, False, False)])
def test_a_tall_person_in_a_picture_by_itself_needs_less(
    height: float, alone: bool, counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (told(0.36, height, alone=alone, monkeypatch=monkeypatch) >= 0.4) is counts
    assert told(0.36, 60, alone=alone, monkeypatch=monkeypatch) < 0.4


def test_what_is_surer_stays_surer_in_a_picture_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    given_scores = [0.1, 0.3, 0.344, 0.346, 0.4, 0.449, 0.451, 0.8]
    found = [told(s, 120, alone=True, monkeypatch=monkeypatch) for s in given_scores]
    assert found == sorted(found)
    assert found[-2:] == pytest.approx(given_scores[-2:])
