"""Videos, folders, devices: what is wrong with them, in one line; and the electronic pan."""

from __future__ import annotations

import contextlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hardware.camera import is_recording, open_camera
from engine.hardware.camera_device import CameraDevice, redacted
from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import CameraFolder, by_number
from engine.hardware.electronic_pan import ElectronicPan, crop, reach
from engine.ports import Image, SourceEnded, SourceFailed, SourceTorn
from engine.seeing.geometry import Lens


class Time:
    """A clock that sleeping advances."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds


def write_video(path: Path, frames: int, codec: str = "MJPG", fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (160, 120))
    random = np.random.default_rng(1)
    for _ in range(frames):
        writer.write(random.integers(0, 255, (120, 160, 3), np.uint8))
    writer.release()
    return path


def read_all(camera: CameraFile) -> tuple[int, int]:
    """(frames, torn)"""
    good = torn = 0
    while True:
        try:
            camera.read()
            good += 1
        except SourceTorn:
            torn += 1
        except SourceEnded:
            return good, torn


def test_a_recording_is_played_in_its_own_time(tmp_path: Path) -> None:
    time = Time()
    camera = CameraFile(write_video(tmp_path / "a.avi", 10), now=time, sleep=time.sleep)
    camera.open()
    frames = [camera.read().t for _ in range(10)]
    assert frames == pytest.approx([100.0 + i / 10 for i in range(10)])
    assert time.slept == pytest.approx(0.9)
    camera.close()


@pytest.mark.parametrize("kind", [CameraFile, CameraFolder])
def test_frames_that_are_late_are_skipped_and_the_end_is_met(tmp_path: Path, kind: type) -> None:
    time = Time()
    path = write_video(tmp_path / "a.avi", 30)
    if kind is CameraFolder:
        path = tmp_path / "pictures"
        path.mkdir()
        for number in range(30):
            cv2.imwrite(str(path / f"{number}.png"), np.full((12, 16, 3), number, np.uint8))
    camera = kind(path, now=time, sleep=time.sleep)
    camera.open()
    seen = []
    with contextlib.suppress(SourceEnded):
        for _ in range(30):
            seen.append(round(camera.read().t - 100.0, 3))
            time.now += 0.35
    with pytest.raises(SourceEnded):
        camera.read()
    assert seen[:3] == [0.0, 0.3, 0.7]
    assert 8 <= len(seen) <= 11
    assert seen[-1] == 2.9 or kind is CameraFile


@pytest.mark.parametrize("content", [b"", b"not a video at all", bytes(range(256)) * 40])
def test_what_is_no_video_is_named_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceFailed, match=r"clip\.mp4: not a readable video; convert"):
        open_camera(str(path)).open()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SourceFailed, match=r"nowhere\.mp4: no such file"):
        open_camera("nowhere.mp4")


def test_a_truncated_recording_is_torn_and_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    camera = CameraFile(path, paced=False)
    camera.open()
    good, torn = read_all(camera)
    assert 10 <= good <= 25
    assert good + torn <= 42
    camera.close()


@pytest.mark.needs("data")
def test_a_recording_damaged_in_the_middle_goes_on_after_it(tmp_path: Path, data_dir: Path) -> None:
    clip = data_dir / "indoor_video" / "one-by-one-person-detection.mp4"
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    for i in range(middle, middle + 60000):
        data[i] = data[i] * 7 + 13 & 255
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    camera = CameraFile(path, paced=False)
    camera.open()
    good, torn = read_all(camera)
    assert torn > 0
    assert good > 1200, "the rest of it was read"
    assert camera.torn == torn
    camera.close()


def test_a_folder_counts_damaged_pictures_and_turns_all_into_8_bit_colour(tmp_path: Path) -> None:
    grey = np.full((40, 60), 30000, np.uint16)
    cv2.imwrite(str(tmp_path / "p2.png"), grey)
    cv2.imwrite(str(tmp_path / "p10.jpg"), np.full((30, 30, 3), 90, np.uint8))
    (tmp_path / "p9.jpg").write_bytes(b"\xff\xd8\xff nothing")
    camera = open_camera(str(tmp_path), paced=False)
    camera.open()
    first = camera.read()
    assert first.pixels.shape == (40, 60, 3)
    assert first.pixels.dtype == np.uint8
    with pytest.raises(SourceTorn, match=r"p9\.jpg"):
        camera.read()
    assert camera.read().pixels.shape == (30, 30, 3)
    assert camera.torn == 1
    with pytest.raises(SourceEnded):
        camera.read()


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="no pictures"):
        open_camera(str(tmp_path)).open()


def test_names_are_sorted_by_their_numbers() -> None:
    names = ["frame10.jpg", "frame9.jpg", "a1.jpg", "frame²3.jpg"]
    assert [p.name for p in sorted(map(Path, names), key=by_number)][:3] == [
        "a1.jpg",
        "frame9.jpg",
        "frame10.jpg",
    ]


@pytest.mark.parametrize(
    ("source", "recording"),
    [
        ("0", False),
        ("/dev/video0", False),
        ("rtsp://host/stream", False),
        ("http://host/video.mjpg", False),
        ("clip.mp4", True),
        ("pictures/", True),
    ],
)
def test_devices_and_recordings_are_told_apart(source: str, recording: bool) -> None:
    assert is_recording(source) is recording


def test_a_missing_device_is_named() -> None:
    with pytest.raises(SourceFailed, match=r"/dev/video77: no such device; plug it in"):
        CameraDevice("77").open()


def test_a_password_never_reaches_a_message(capfd: pytest.CaptureFixture[str]) -> None:
    camera = CameraDevice("http://anna:geheim@127.0.0.1:9/stream?token=abc")
    with pytest.raises(SourceFailed) as caught:
        camera.open()
    out, err = capfd.readouterr()
    for text in (str(caught.value), out, err):
        assert "geheim" not in text
        assert "abc" not in text
    assert "127.0.0.1:9" in str(caught.value)


def test_redaction_leaves_the_rest() -> None:
    assert redacted("rtsp://u:p%40x@cam.local:554/a/b?x=1") == "rtsp://***@cam.local:554/a/b?..."
    assert redacted("/dev/video0") == "/dev/video0"
    assert redacted("http://127.0.0.1:8000/stream") == "http://127.0.0.1:8000/stream"


@pytest.mark.parametrize(
    "source",
    [
        "http://us:gehe@im@10.0.0.5/auth",
        "rtsp://admin:ge/heim@10.0.0.5/s",
        "rtsp://admin:ge heim@10.0.0.5/s",
        "rtsp://10.0.0.5:554/user=admin&password=geheim&channel=1",
        "rtsp://10.0.0.5/s?user=admin&password=geheim",
        "rtsp://a:geheim://@10.0.0.5/s",
        "admin:geheim@10.0.0.5/s",
        "rtsp:/admin:geheim@10.0.0.5/s",
    ],
)
def test_no_password_is_left_however_an_address_is_written(source: str) -> None:
    said = redacted(source)
    assert "10.0.0.5" in said
    for part in ("geheim", "heim", "gehe"):
        assert part not in said
    if "://" not in source:
        with pytest.raises(SourceFailed) as caught:
            open_camera(source)
        assert "heim" not in str(caught.value)


# ------------------------------------------------------------ electronic pan


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True))
def test_the_pan_never_leaves_its_range(heading: float, velocity: float) -> None:
    pan = ElectronicPan((-30.0, 40.0))
    pan.energise()
    pan.command(heading, velocity)
    assert -30.0 <= pan.read().heading <= 40.0


def test_a_released_pan_stays() -> None:
    pan = ElectronicPan((-30.0, 30.0))
    pan.energise()
    pan.command(12.0, 5.0)
    pan.release()
    pan.command(-12.0, 5.0)
    assert pan.read().heading == 12.0
    assert pan.read().velocity == 0.0


def strip(width: int) -> Image:
    """A picture whose columns count up."""
    columns = np.arange(width) * 255 // max(width - 1, 1)
    return np.broadcast_to(columns[None, :, None], (10, width, 3)).astype(np.uint8)


@given(st.floats(-180, 180), st.floats(10, 120))
def test_a_crop_shows_its_heading_in_the_middle(heading: float, field: float) -> None:
    lens = Lens(640, 480, 120.0)
    low, high = reach(lens, field)
    view = crop(strip(640), heading, field, lens)
    assert view.shape[1] >= 1
    inside = min(max(heading, low), high)
    left, right = (
        lens.column(inside + min(field, 120) / 2),
        lens.column(inside - min(field, 120) / 2),
    )
    assert view.shape[1] == pytest.approx(right - left, abs=2)


def test_turning_left_shows_what_is_left() -> None:
    lens = Lens(640, 480, 110.0)
    assert crop(strip(640), 20.0, 50.0, lens).mean() < crop(strip(640), -20.0, 50.0, lens).mean()


@given(st.floats(-400, 400))
def test_a_panorama_has_no_seam(heading: float) -> None:
    lens = Lens(720, 360, 360.0)
    view = crop(strip(720), heading, 90.0, lens)
    assert view.shape == (10, 180, 3)


def test_a_crop_is_a_view_of_the_frame_so_that_wiping_it_wipes_the_crop() -> None:
    pixels = strip(640)
    view = crop(pixels, 0.0, 50.0, Lens(640, 480, 110.0))
    pixels.fill(0)
    assert not view.any()


def test_a_picture_that_stands_still_is_a_hung_camera_and_black_is_none() -> None:
    for value, hangs in ((90, True), (3, False)):
        now = [0.0]
        camera = CameraDevice("0", now=lambda now=now: now[0])  # type: ignore[misc]
        with pytest.raises(SourceFailed, match="frozen") if hangs else contextlib.nullcontext():
            for step in range(20):
                now[0] = float(step)
                camera._watch(np.full(4096, value, np.uint8))
