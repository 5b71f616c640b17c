"""One frame in, numbers out, the frame gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.config import CameraConfig, SeeingConfig
from engine.core.types import Label
from engine.ports import Detection, Frame, Image
from engine.seeing.buffers import Workspace
from engine.seeing.detector import Detector
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import Eye, EyeSettings, open_eye
from engine.seeing.fakes import FakeDetector
from engine.seeing.geometry import Lens
from engine.seeing.optics import Model, Optics

LENS = Lens(640, 480, 66.0)
SOMEBODY = Detection(Label.PERSON, 0.8, (120.0, 60.0, 100.0, 400.0))


def picture(seed: int = 1) -> Image:
    blocks = np.random.default_rng(seed).integers(40, 220, (24, 32, 3), np.uint8)
    return np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)


class Engaged:
    """Everybody faces us, as long as their picture is still there."""

    why = "yaw +2, pitch -1"

    def engagement(self, image: Image, _person: tuple[float, ...]) -> float | None:
        assert image.any()
        return 0.9


def test_a_bearing_is_heading_plus_azimuth() -> None:
    eye = Eye(FakeDetector([SOMEBODY]), LENS)
    people = eye.look(Frame(1.0, picture()), heading=40.0)
    (sighting,) = people.sightings
    assert sighting.bearing == pytest.approx(40.0 + LENS.azimuth(170.0), abs=0.1)
    assert sighting.bearing > 40.0, "left of the middle is counter-clockwise"
    assert people.view == pytest.approx((7.0, 73.0))
    assert people.heading == 40.0
    assert sighting.track is None, "one sighting confirms nothing"


def test_a_camera_on_the_base_does_not_turn() -> None:
    eye = Eye(FakeDetector([SOMEBODY]), LENS, EyeSettings(on_head=False))
    people = eye.look(Frame(1.0, picture()), heading=40.0, heading_rate=500.0)
    assert people.sightings[0].bearing == pytest.approx(LENS.azimuth(170.0), abs=0.1)
    assert people.view == (-33.0, 33.0)


def test_a_turning_head_does_not_break_a_track() -> None:
    numbers = set()

    def answer(_image: Image) -> list[Detection]:
        # Somebody who stays at 10 degrees while the head turns under them.
        x = LENS.column(10.0 - heading)
        return [Detection(Label.PERSON, 0.8, (x - 50, 60.0, 100.0, 400.0))]

    eye = Eye(FakeDetector(answer=answer), LENS)
    for step in range(20):
        heading = -10.0 + 1.5 * step
        people = eye.look(Frame(step / 10, picture()), heading, 15.0)
        numbers.add(people.sightings[0].track)
    assert numbers == {None, 1}


def test_another_size_of_frame_is_another_lens() -> None:
    half = Detection(Label.PERSON, 0.8, tuple(v / 2 for v in SOMEBODY.box))
    eye = Eye(FakeDetector([SOMEBODY]), LENS)
    small = Eye(FakeDetector([half]), LENS)
    one = eye.look(Frame(1.0, picture())).sightings[0]
    other = small.look(Frame(1.0, np.ascontiguousarray(picture()[::2, ::2]))).sightings[0]
    assert other.bearing == pytest.approx(one.bearing)
    assert other.distance == pytest.approx(one.distance, rel=0.05)


def test_a_covered_lens_is_no_empty_room() -> None:
    detector = FakeDetector([SOMEBODY])
    people = Eye(detector, LENS).look(Frame(1.0, np.zeros((480, 640, 3), np.uint8)))
    assert not people.usable
    assert not people.sightings
    assert detector.calls == 0


def test_below_the_threshold_nobody_is_reported() -> None:
    weak = Detection(Label.PERSON, 0.35, SOMEBODY.box)
    assert not Eye(FakeDetector([weak]), LENS).look(Frame(1.0, picture())).sightings


def test_engagement_is_read_from_the_picture_and_smoothed() -> None:
    eye = Eye(FakeDetector([SOMEBODY]), LENS, faces=Engaged())
    for step in range(3):
        people = eye.look(Frame(step / 10, picture()))
    assert people.sightings[0].engagement == pytest.approx(0.9)


def test_it_tells_why() -> None:
    eye = Eye(FakeDetector([SOMEBODY]), LENS, faces=Engaged())
    first, second = (eye.examine(Frame(step / 10, picture())).objects[0] for step in range(2))
    assert first.why == "unconfirmed: 1 of its last frames"
    assert second.why == "confirmed by 2 sightings"
    assert second.facing_why == "yaw +2, pitch -1"


# ------------------------------------------------------------------ privacy


def fail(_image: Image) -> list[Detection]:
    raise RuntimeError("the network broke")


def test_in_a_hurry_another_detector_looks() -> None:
    usual, small = FakeDetector(), FakeDetector([SOMEBODY])
    eye = Eye(usual, LENS, hurried=small)
    assert not eye.look(Frame(1.0, picture())).sightings
    eye.hurry = True
    assert eye.look(Frame(1.1, picture())).sightings
    assert (usual.calls, small.calls) == (1, 1)


def test_who_is_far_away_is_looked_for_in_turns_where_looks_are_seldom_and_nobody_is_there() -> (
    None
):
    usual, far = FakeDetector(), FakeDetector()
    eye = Eye(usual, LENS, far=far)
    for t in (1.0, 2.0, 3.0):
        assert not eye.look(Frame(t, picture())).sightings
    assert (usual.calls, far.calls) == (1, 2)
    eye.look(Frame(3.1, picture()))
    assert (usual.calls, far.calls) == (2, 2), "something moved: soon after"
    usual.detections = [SOMEBODY]
    eye.look(Frame(3.2, picture()))
    for t in (3.8, 4.4):
        eye.look(Frame(t, picture()))
    assert far.calls == 2, "somebody may be there now"
    eye.hurry = True
    eye.look(Frame(30.0, picture()))
    assert far.calls == 2


def test_the_configured_eye_has_other_sizes_that_leave_nothing_either() -> None:
    eye = open_eye(CameraConfig(), SeeingConfig())
    eye.look(Frame(1.0, picture()))
    eye.hurry = True
    eye.look(Frame(2.0, picture()))
    hurried, usual, far = eye._hurried, eye._detector, eye._far
    assert isinstance(hurried, Detector)
    assert isinstance(usual, Detector)
    assert isinstance(far, Detector)
    assert hurried.people.long_side < usual.people.long_side < far.people.long_side
    for other in (hurried, far):
        assert other.people.workspace.arrays(), "nothing was measured"
        assert not any(a.any() for a in other.people.workspace.arrays())


def test_the_frame_is_overwritten() -> None:
    frame = Frame(1.0, picture())
    Eye(FakeDetector([SOMEBODY]), LENS).look(frame)
    assert not frame.pixels.any()


def test_the_frame_is_overwritten_when_the_detector_fails() -> None:
    frame = Frame(1.0, picture())
    with pytest.raises(RuntimeError):
        Eye(FakeDetector(answer=fail), LENS).look(frame)
    assert not frame.pixels.any()


@pytest.mark.parametrize("heading", [float("nan"), float("inf")])
def test_the_frame_is_overwritten_when_the_heading_is_nonsense(heading: float) -> None:
    frame = Frame(1.0, picture())
    with pytest.raises(ValueError, match="not finite"):
        Eye(FakeDetector(), LENS).look(frame, heading)
    assert not frame.pixels.any()


@pytest.mark.parametrize(
    "pixels",
    [
        np.ones((480, 640), np.uint8),
        np.ones((480, 640, 4), np.uint8),
        np.ones((480, 640, 3), np.uint16),
        np.ones((4, 640, 3), np.uint8),
        np.ones((0, 0, 3), np.uint8),
    ],
    ids=["grey", "with alpha", "16 bit", "flat", "empty"],
)
def test_what_is_no_picture_is_refused_and_overwritten(pixels: Image) -> None:
    frame = Frame(1.0, pixels)
    with pytest.raises(ValueError, match="picture"):
        Eye(FakeDetector(), LENS).look(frame)
    assert not frame.pixels.any()


def test_the_networks_leave_nothing_in_our_buffers() -> None:
    detector, faces = Detector(second_opinion=True), FaceReader()
    eye = Eye(detector, LENS, faces=faces)
    eye.look(Frame(1.0, picture()))
    faces.engagement(picture(), SOMEBODY.box)
    spaces = (detector.people.workspace, detector.pets.workspace, faces.workspace)
    assert all(space.arrays() for space in spaces), "nothing was measured"
    for space in (*spaces, eye.check.workspace):
        assert all(not array.any() for array in space.arrays())


def test_a_network_that_fails_leaves_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector()

    class Broken:
        outputs = ("scores_8",)

        def run(self, _names: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            assert feed["image"].any()
            raise RuntimeError("the network broke")

    monkeypatch.setattr(detector.people, "_network", Broken())
    with pytest.raises(RuntimeError):
        detector.detect(picture())
    assert all(not a.any() for a in detector.people.workspace.arrays())


def test_a_buffer_is_overwritten_before_it_is_let_go() -> None:
    space = Workspace()
    old = space.array("a", (4, 4), np.uint8)
    old.fill(7)
    space.array("a", (5, 5), np.uint8)
    assert not old.any()
    assert len(space.arrays()) == 1


@pytest.mark.parametrize(("word", "told"), [(0.0, False), (0.2, False), (0.9, True)])
def test_whom_the_second_look_refuses_nobody_acts_on(word: float, told: bool) -> None:
    seen = Detection(Label.PERSON, 0.5, SOMEBODY.box)
    again = Detection(Label.PERSON, word, SOMEBODY.box)
    eye = Eye(FakeDetector([seen]), LENS, thorough=FakeDetector([again]))
    for step in range(12):
        look = eye.examine(Frame(step / 10, picture()))
        assert look.objects, "who looks on sees why it is nobody"
    assert bool(look.people.sightings) is told


def test_a_lens_is_not_stretched_onto_pictures_of_another_shape() -> None:
    optics = Optics(Model.NORMAL, 640, 480, (493.0, 493.0), (320.0, 240.0), (0.0,) * 5, 0.1, 10)
    measured, plain = replace(LENS, optics=optics), LENS
    for width, height in ((320, 240), (640, 360)):
        shown, expected = (lens.of(width, height) for lens in (measured, plain))
        assert shown.direction(0.0, 0.0) == pytest.approx(expected.direction(0.0, 0.0), abs=0.2)
