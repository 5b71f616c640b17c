"""The two ways out for a picture: bounded, only while wanted, forgotten on the shutter's edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.core.types import Label, PeopleSeen, Sighting
from engine.ports import PictureSink
from engine.seeing.pictures import MOST_STILLS, RING_SECONDS, EvidenceRing, jpeg
from integrations.http.checkin import LiveView


def seen(score: float, label: Label = Label.PERSON) -> PeopleSeen:
    return PeopleSeen(1.0, (Sighting(0.0, 1.0, score, label),), 0.0, (-30.0, 30.0))


class Ring:
    def __init__(self) -> None:
        self.now, self.armed = 100.0, True
        self.ring = EvidenceRing(lambda: self.armed, lambda: self.now)


def test_both_are_sinks() -> None:
    assert isinstance(Ring().ring, PictureSink)
    assert isinstance(LiveView(), PictureSink)


def test_a_picture_is_a_jpeg_of_the_same_size() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    back = cv2.imdecode(np.frombuffer(jpeg(pixels), np.uint8), cv2.IMREAD_COLOR)
    assert back is not None
    assert back.shape == pixels.shape


@pytest.mark.parametrize(
    ("what", "wanted"),
    [(seen(0.8), True), (seen(0.8, Label.CAT), False), (None, False)],
)
def test_only_people_are_evidence(what: PeopleSeen | None, wanted: bool) -> None:
    assert Ring().ring.wants(what) is wanted


def test_the_surest_of_the_last_seconds_is_the_best() -> None:
    made = Ring()
    for t, score in ((90.0, 0.99), (97.0, 0.6), (98.0, 0.9), (99.0, 0.7)):
        made.ring.offer(t, f"{t:.0f}".encode(), seen(score))
    assert made.ring.best() == b"98"
    made.now += RING_SECONDS
    assert made.ring.best() is None


def test_disarmed_nothing_is_wanted_and_nothing_is_left() -> None:
    made = Ring()
    made.ring.offer(99.0, b"x", seen(0.9))
    made.armed = False
    assert not made.ring.wants(seen(0.9))
    assert made.ring.best() is None


def test_the_shutter_s_edge_forgets_all_and_the_ring_is_bounded() -> None:
    made = Ring()
    for _ in range(10 * MOST_STILLS):
        made.ring.offer(99.0, b"x", seen(0.9))
    assert len(made.ring._stills) == MOST_STILLS
    made.ring.drop()
    assert made.ring.best() is None
