"""Head angles from six points of a face."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hardware.camera_folder import load_picture
from engine.seeing.engagement import HEAD, Face, FaceReader, head_angles


def turned(yaw: float, pitch: float) -> np.ndarray:
    """HEAD seen from the front after turning to the picture's left and up, in degrees."""
    a, b = math.radians(yaw), math.radians(pitch)
    about_vertical = np.array(
        [[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]]
    )
    about_ears = np.array(
        [[1, 0, 0], [0, math.cos(b), math.sin(b)], [0, -math.sin(b), math.cos(b)]]
    )
    return (HEAD @ (about_vertical @ about_ears).T)[:, :2]


@given(
    st.floats(-75, 75),
    st.floats(-40, 40),
    st.floats(0.05, 5),
    st.floats(-500, 500),
)
def test_the_angles_of_an_average_head_are_exact(
    yaw: float, pitch: float, scale: float, shift: float
) -> None:
    found = head_angles(turned(yaw, pitch) * scale + shift)
    assert found[0] == pytest.approx(yaw, abs=0.05)
    expected = math.degrees(
        math.atan2(
            math.sin(math.radians(pitch)),
            math.cos(math.radians(pitch)) * math.cos(math.radians(yaw)),
        )
    )
    assert found[1] == pytest.approx(expected, abs=0.05)


def test_the_nose_to_the_left_is_positive() -> None:
    points = turned(0, 0)
    points[2, 0] -= 20
    assert head_angles(points)[0] > 3


@pytest.mark.parametrize(("yaw", "faces"), [(0, True), (15, True), (-15, True), (50, False)])
def test_facing_is_a_matter_of_yaw(yaw: float, faces: bool) -> None:
    face = Face(0.9, 40.0, np.zeros((6, 2)), yaw, 0.0)
    assert (face.facing > 0.5) is faces


def test_a_picture_without_a_face_gives_none_and_leaves_nothing() -> None:
    reader = FaceReader()
    picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    assert reader.find(picture, (100, 50, 80, 190)) is None
    assert all(not a.any() for a in reader.workspace.arrays())


@pytest.mark.parametrize("box", [(-50, -50, 60, 60), (310, 230, 300, 300), (0, 0, 1, 1)])
def test_boxes_over_the_border_do_no_harm(box: tuple[float, float, float, float]) -> None:
    picture = np.full((240, 320, 3), 90, np.uint8)
    assert FaceReader().find(picture, box) is None


def test_a_head_too_small_says_nothing_and_a_large_one_without_a_face_says_no() -> None:
    reader = FaceReader()
    picture = np.full((480, 640, 3), 90, np.uint8)
    assert reader.engagement(picture, (100, 100, 20, 40)) is None
    engaged = reader.engagement(picture, (100, 100, 150, 300))
    assert engaged is not None
    assert engaged < 0.2


@pytest.mark.needs("data")
@pytest.mark.parametrize("width", [18, 24, 36, 60])
def test_a_face_and_its_mirror_image_look_to_opposite_sides(width: int, data_dir: Path) -> None:
    """Whatever the network is biased to."""
    reader = FaceReader()
    for path in sorted((data_dir / "head_pose").glob("*.jpg"))[:3]:
        whole = load_picture(path)
        # These faces fill a good third of their pictures.
        scale = width / (0.35 * whole.shape[1])
        small = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = np.asarray(small, np.uint8)
        middle, side = picture.shape[1] / 2, 2.0 * width
        box = (middle - side / 2, 0.1 * side, side, 2.5 * side)
        face = reader.find(picture, box)
        mirrored = reader.find(np.ascontiguousarray(picture[:, ::-1]), box)
        assert face is not None
        assert mirrored is not None
        assert face.yaw == pytest.approx(-mirrored.yaw, abs=7.0)
