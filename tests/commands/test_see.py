"""`heliotrope see` from the outside: lines, exit codes, annotated copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.__main__ import main

KEYS = {"file", "frame", "t", "width", "height", "objects"}
OBJECT_KEYS = {"label", "score", "box", "track", "distance_m", "azimuth_deg", "engagement"}


def even_picture(path: Path, size: tuple[int, int] = (64, 48)) -> Path:
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), 120, np.uint8))
    return path


def lines(capsys: pytest.CaptureFixture[str], *words: str | Path) -> list[dict[str, Any]]:
    assert main(["see", *map(str, words), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_a_picture_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (2, 10, 1):
        even_picture(tmp_path / f"p{number}.png")
    found = lines(capsys, tmp_path)
    assert [Path(line["file"]).name for line in found] == ["p1.png", "p2.png", "p10.png"]
    for line in found:
        assert line.keys() == KEYS
        assert (line["frame"], line["t"], line["width"], line["height"]) == (0, 0.0, 64, 48)
        assert line["objects"] == []


def test_a_folder_as_a_sequence_counts_frames_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        even_picture(tmp_path / f"p{number}.png")
    found = lines(capsys, tmp_path, "--sequence")
    assert [(line["frame"], line["t"]) for line in found] == [(0, 0.0), (1, 0.1), (2, 0.2)]


def test_damaged_pictures_of_a_folder_are_counted_and_survived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    even_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG nothing")
    assert main(["see", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "b.png: not a readable picture" in err
    assert "1 damaged" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.jpg"], "nowhere.jpg: no such file"),
        (["{empty}"], "no pictures in it"),
        (["{broken}"], "broken.jpg: not a readable picture"),
        (["{noise}"], "noise.mp4: not a readable video"),
        (["{good}", "--threshold", "7"], "--threshold 7.0"),
        (["{good}", "--threshold", "nan"], "--threshold nan"),
        (["{good}", "--fov", "-3"], "--fov -3.0"),
        (["rtsp://camera/stream"], "use run for a live camera"),
    ],
)
def test_the_callers_mistakes_exit_with_2_and_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "empty": tmp_path / "empty",
        "broken": tmp_path / "broken.jpg",
        "noise": tmp_path / "noise.mp4",
        "good": even_picture(tmp_path / "good.png"),
    }
    places["empty"].mkdir()
    places["broken"].write_bytes(b"\xff\xd8\xff")
    places["noise"].write_bytes(bytes(range(256)))
    assert main(["see", *(w.format(**places) for w in words)]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert "Traceback" not in err
    assert not out


def test_annotate_needs_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = even_picture(tmp_path / "a.png")
    assert main(["see", str(picture), "--annotate", str(picture)]) == 2
    assert "--annotate" in capsys.readouterr().err


@pytest.mark.needs("data")
def test_somebody_on_a_photograph(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photograph = data_dir / "head_pose" / "image00050.jpg"
    (line,) = lines(capsys, photograph, "--fov", "66", "--annotate", tmp_path / "out")
    (person,) = line["objects"]
    assert person.keys() == OBJECT_KEYS
    assert person["label"] == "person"
    assert person["track"] is None
    assert person["engagement"] > 0.5, "they look at the camera"
    assert abs(person["azimuth_deg"]) < 5
    assert 0.3 < person["distance_m"] < 2
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.name == "image00050.jpg"
    drawn = cv2.imread(str(copy))
    assert drawn is not None
    original = cv2.imread(str(photograph))
    assert np.abs(drawn.astype(int) - original.astype(int)).max() > 100


@pytest.mark.needs("data")
def test_without_a_lens_there_are_no_angles(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = lines(capsys, data_dir / "head_pose" / "image00050.jpg")
    assert line["objects"][0]["azimuth_deg"] is None
    assert line["objects"][0]["distance_m"] is None


@pytest.mark.needs("data")
def test_a_video_is_one_sequence_with_one_track(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "visitor.gif"
    shutil.copy(data_dir / "indoor_video" / "head-pose-face-detection-female.gif", clip)
    found = lines(capsys, clip, "--annotate", tmp_path / "out")
    assert [line["frame"] for line in found] == list(range(23))
    tracks = {o["track"] for line in found for o in line["objects"]}
    assert tracks - {None} == {1}
    copy = cv2.VideoCapture(str(tmp_path / "out" / "visitor.mp4"))
    assert int(copy.get(cv2.CAP_PROP_FRAME_COUNT)) == 23
    copy.release()
