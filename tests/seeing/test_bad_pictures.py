"""Pictures as they should not be: read as what they show, or skipped and counted, one by one."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.__main__ import main
from engine.core.types import Label
from engine.hardware.camera_folder import load_picture
from engine.ports import Detection, Frame, Image, SourceTorn
from engine.seeing.eye import Eye
from engine.seeing.fakes import FakeDetector
from engine.seeing.geometry import Lens


def picture(width: int = 160, height: int = 120) -> Image:
    blocks = np.random.default_rng(2).integers(40, 220, (height // 20, width // 20, 3), np.uint8)
    return np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)


def saved(path: Path, pixels: Any) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF note of how the camera was held (TIFF 6.0, tag 274)."""
    entry = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


# -------------------------------------------------------- read for what they show


def test_16_bits_become_8(tmp_path: Path) -> None:
    deep = picture().astype(np.uint16) * 257
    found = load_picture(saved(tmp_path / "deep.png", deep))
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - picture()).max() <= 1


def test_grey_becomes_colour(tmp_path: Path) -> None:
    grey = cv2.cvtColor(picture(), cv2.COLOR_BGR2GRAY)
    found = load_picture(saved(tmp_path / "grey.png", grey))
    assert found.shape == (120, 160, 3)
    assert (found[..., 0] == found[..., 2]).all()


def test_what_shines_through_is_left_out(tmp_path: Path) -> None:
    seen_through = np.dstack([picture(), np.full((120, 160), 90, np.uint8)])
    assert load_picture(saved(tmp_path / "alpha.png", seen_through)).shape == (120, 160, 3)


def test_a_camera_held_sideways_is_turned_upright(tmp_path: Path) -> None:
    pixels = picture()
    pixels[:, :80] = (0, 0, 255)
    done, encoded = cv2.imencode(".jpg", pixels)
    assert done
    path = tmp_path / "held.jpg"
    path.write_bytes(with_orientation(encoded.tobytes(), 6))
    upright = load_picture(path)
    assert upright.shape == (160, 120, 3)
    assert upright[:70, :, 2].mean() > 240, "the left half is on top"


# ------------------------------------------------------------- skipped and counted


def broken(name: str, folder: Path) -> Path:
    path = folder / f"{name}.jpg"
    done, encoded = cv2.imencode(".jpg", picture())
    assert done
    whole = encoded.tobytes()
    content = {"empty": b"", "cut in its head": whole[:100], "noise": bytes(range(256)) * 9}
    path.write_bytes(content[name])
    return path


@pytest.mark.parametrize("name", ["empty", "cut in its head", "noise"])
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceTorn, match=rf"{name}\.jpg"):
        load_picture(broken(name, tmp_path))


def test_a_picture_cut_in_its_middle_never_crashes(tmp_path: Path) -> None:
    done, encoded = cv2.imencode(".jpg", picture(640, 480))
    assert done
    whole = encoded.tobytes()
    eye = Eye(FakeDetector(), Lens(640, 480, 66.0))
    for k, share in enumerate(np.linspace(0.05, 0.99, 12)):
        path = tmp_path / "cut.jpg"
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            pixels = load_picture(path)
        except SourceTorn:
            continue
        assert not eye.look(Frame(k / 10, pixels)).sightings


def test_all_of_them_in_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "a.png", picture())
    saved(tmp_path / "b.png", picture().astype(np.uint16) * 257)
    saved(tmp_path / "c.png", picture(80, 400))
    saved(tmp_path / "tiny.png", np.full((3, 5, 3), 90, np.uint8))
    for name in ("empty", "cut in its head", "noise"):
        broken(name, tmp_path)
    assert main(["see", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    read = [json.loads(line)["file"] for line in out.splitlines()]
    assert sorted(Path(f).name for f in read) == ["a.png", "b.png", "c.png"]
    assert "4 damaged frames skipped" in err
    assert "Traceback" not in err


# --------------------------------------------------------- a stream that changes


def test_a_stream_may_change_its_size_and_keep_its_people() -> None:
    def answer(image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        box = (0.4 * width, 0.2 * height, 0.2 * width, 0.7 * height)
        return [Detection(Label.PERSON, 0.8, box)]

    eye = Eye(FakeDetector(answer=answer), Lens(640, 480, 66.0))
    tracks = []
    for step, size in enumerate([(640, 480), (320, 240), (1280, 960), (640, 480)] * 2):
        people = eye.look(Frame(step / 10, picture(*size)))
        tracks += [s.track for s in people.sightings]
        assert people.sightings[0].bearing == pytest.approx(0.0, abs=0.5)
    assert set(tracks) == {None, 1}


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 640, 3), (480, 0, 3), (7, 7, 3), (480, 640, 1)])
def test_a_frame_without_pixels_is_refused_and_the_next_one_is_seen(
    shape: tuple[int, ...],
) -> None:
    somebody = Detection(Label.PERSON, 0.8, (50.0, 20.0, 30.0, 90.0))
    eye = Eye(FakeDetector([somebody]), Lens(160, 120, 66.0))
    with pytest.raises(ValueError, match="picture"):
        eye.look(Frame(0.1, np.zeros(shape, np.uint8)))
    with pytest.raises(ValueError, match="picture"):
        eye.moved(Frame(0.1, np.zeros(shape, np.uint8)))
    assert eye.look(Frame(0.2, picture())).sightings


# ------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeing.threshold", "nan"),
        ("seeing.pet_threshold", "inf"),
        ("camera.field_of_view", "nan"),
        ("camera.mount_height", "nan"),
        ("camera.tilt", "nan"),
        ("camera.cpu_share", "nan"),
        ("camera.max_fps", "nan"),
    ],
)
def test_what_is_no_number_in_the_configuration_is_named(
    key: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    section, _, name = key.partition(".")
    monkeypatch.setenv(f"HELIOTROPE_{section}__{name}".upper(), value)
    assert main(["check"]) == 2
    err = capsys.readouterr().err
    assert key in err
    assert "Traceback" not in err
