"""Recordings of real people through the real engine: detection, tracking, the electronic pan.

Nothing is imagined but the motor. The clips are cut from a film in which people
enter, stand and leave one at a time; which frames are empty was measured by
their difference from the empty room.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from engine.app import Running, running
from engine.config import Config
from engine.config_file import load_config
from engine.core.angles import wrap
from engine.core.types import Event, Label, PeopleSeen
from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import CameraFolder
from engine.parts import crop_width

pytestmark = pytest.mark.needs("data")

PRESENT, EMPTY = 0.04, 0.004  # share of changed pixels above and below which it is certain
ENTERING, LEAVING = 1.5, 3.5  # s until somebody is believed in, and until they are forgotten
HANG = 120.0  # s; a guard, not a measure
LATE = 0.5  # s after the exposure; a machine that takes longer to look is judged by no such frame
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Watched:
    """What came of a run: (t, anybody there) a snapshot, and (t, bearing, heading) a person.

    `late`: seconds that it took to see what was there at t.
    """

    start: float = 0.0  # of the first frame
    there: list[tuple[float, bool]] = field(default_factory=list)
    seen: list[tuple[float, float, float]] = field(default_factory=list)
    late: dict[float, float] = field(default_factory=dict)
    looks: int = 0
    torn: int = 0
    failure: BaseException | None = None


def settings(tmp_path: Path, **changes: object) -> Config:
    """No page and no broker: this is about what is seen."""
    config = load_config(None)
    config = replace(
        config,
        state_dir=tmp_path / "state",
        http=replace(config.http, enabled=False),
        mqtt=replace(config.mqtt, enabled=False),
        microphones=replace(config.microphones, source="none"),
    )
    return replace(config, **changes)  # type: ignore[arg-type]


async def play(config: Config) -> Watched:
    """Play to the end."""
    watched = Watched()
    async with running(config) as engine:
        _listen(engine, watched)
        watching = asyncio.create_task(_watch(engine, watched))
        async with asyncio.timeout(HANG):
            await engine.ended.wait()
        watching.cancel()
        watched.failure = engine.failure
        loop = engine.parts.camera_loop
        assert loop is not None
        watched.looks, watched.torn = loop.looks, loop.torn
    return watched


def _listen(engine: Running, watched: Watched) -> None:
    """Beside the way from the camera loop to the brain."""
    loop = engine.parts.camera_loop
    assert loop is not None
    emit, camera = loop._emit, loop._camera
    assert isinstance(camera, CameraFile | CameraFolder)

    def heard(event: Event) -> None:
        if isinstance(event, PeopleSeen):
            # The first one looked at need not be the first of the recording.
            watched.start = watched.start or event.t - camera.index / camera.fps
            watched.late[event.t] = time.monotonic() - event.t
            heading = engine.control.heading_at(event.t)
            for sighting in event.sightings:
                if sighting.label is Label.PERSON and heading is not None:
                    watched.seen.append((event.t, sighting.bearing, heading))
        emit(event)

    loop._emit = heard


async def _watch(engine: Running, watched: Watched) -> None:
    async for snapshot in engine.hub.states.watch():
        watched.there.append((snapshot.t, any(p.seen for p in snapshot.people)))


def cut(film: Path, clip: Path, first: int, last: int) -> None:
    """Frames `first` to `last` of `film`, as they are, in a file of their own."""
    reader = cv2.VideoCapture(str(film))
    size = (int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    fps = reader.get(cv2.CAP_PROP_FPS)
    # Pictures that stand for themselves can be torn one by one.
    code = cv2.VideoWriter.fourcc(*("MJPG" if clip.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(clip), code, fps, size)
    for number in range(last + 1):
        good, frame = reader.read()
        assert good
        if number >= first:
            writer.write(frame)
    writer.release()
    reader.release()
    assert clip.stat().st_size > 10_000


def agreement(watched: Watched, truth: npt.NDArray[np.float64], fps: float) -> tuple[float, float]:
    """Share of occupied frames with somebody reported, and of empty ones with nobody."""
    times = np.array([t for t, _ in watched.there])
    there = [found for _, found in watched.there]
    occupied, empty = [], []
    for number, share in enumerate(truth):
        before = truth[max(0, number - round(ENTERING * fps)) : number + 1]
        long_before = truth[max(0, number - round(LEAVING * fps)) : number + 1]
        # What is known at the frame's time, and what a look at it takes.
        at = int(np.searchsorted(times, watched.start + number / fps + 0.3)) - 1
        found = there[at] if at >= 0 else False
        if share > PRESENT and before.min() > PRESENT:
            occupied.append(found)
        if share < EMPTY and long_before.max() < EMPTY:
            empty.append(not found)
    return _share(occupied), _share(empty)


def _share(answers: Sequence[bool]) -> float:
    assert len(answers) >= 10
    return sum(answers) / len(answers)


def inside(watched: Watched, half: float, grace: float) -> float:
    """Share of the sightings within `half` of the heading, from `grace` s after an entry on."""
    answers, last, entered = [], -np.inf, -np.inf
    for t, bearing, heading in watched.seen:
        if t - last > 1.0:
            entered = t
        last = t
        if t - entered >= grace:
            answers.append(abs(wrap(bearing - heading)) <= half)
    return _share(answers)


@pytest.fixture
def film(data_dir: Path) -> Path:
    return data_dir / "indoor_video" / "one-by-one-person-detection.mp4"


async def test_people_in_a_film_are_found_and_followed(film: Path, tmp_path: Path) -> None:
    first, last = 40, 290
    clip = tmp_path / "clip.mp4"
    cut(film, clip, first, last)
    config = settings(tmp_path)
    config = replace(config, camera=replace(config.camera, source=str(clip)))
    watched = await play(config)
    assert watched.failure is None
    assert watched.torn == 0
    truth = np.load(film.with_name("presence_pseudo_truth.npy"))[first : last + 1, 1]
    occupied, empty = agreement(watched, truth, 10.0)
    assert occupied >= 0.9
    assert empty >= 0.95
    # The grace of the scenarios: nobody can be in the crop before the head could turn.
    half = crop_width(config) / 2.0
    assert inside(watched, half, grace=0.8) >= 0.95
    assert inside(watched, half, grace=0.0) >= 0.85
    headings = [heading for _, _, heading in watched.seen]
    assert max(headings) - min(headings) > 10.0, "it never turned"


async def test_people_all_round_are_followed_across_the_back(
    data_dir: Path, tmp_path: Path
) -> None:
    source, fps = data_dir / "panorama", 3.0
    names = [f"frame{number}.jpg" for number in range(270, 560, 10)]
    names = [name for name in names if (source / "images" / name).exists()]
    (tmp_path / "round").mkdir()
    for name in names:
        (tmp_path / "round" / name).symlink_to(source / "images" / name)
    config = settings(tmp_path)
    camera = replace(
        config.camera, source=str(tmp_path / "round"), field_of_view=360.0, max_fps=fps
    )
    follow = replace(config.follow, after_opening=0.0)
    config = replace(config, camera=camera, follow=follow)
    watched = await play(config)
    assert watched.failure is None
    shown = []
    for t, heading in {t: heading for t, _, heading in watched.seen}.items():
        number = round((t - watched.start) * fps)
        if number >= 12 and watched.late[t] <= LATE:
            people = labelled(source / "boxes" / f"{Path(names[number]).stem}.xml")
            away = min(abs(wrap(bearing - heading)) for bearing in people)
            shown.append(away <= crop_width(config) / 2.0)
    assert _share(shown) >= 0.8


def labelled(boxes: Path) -> list[float]:
    """Bearings of the people in one of the panorama's pictures, 1280 pixels to the circle."""
    root = ElementTree.parse(boxes).getroot()
    found = []
    for box in root.iter("bndbox"):
        left, right = (float(box.findtext(edge, "nan")) for edge in ("xmin", "xmax"))
        found.append(180.0 - (left + right) / 2.0 / 1280.0 * 360.0)
    return found


async def test_damage_in_the_middle_is_counted_and_survived(film: Path, tmp_path: Path) -> None:
    clip = tmp_path / "torn.avi"
    cut(film, clip, 100, 130)
    torn = bytearray(clip.read_bytes())
    part = len(torn) // 5
    torn[2 * part : 3 * part] = bytes(part)
    clip.write_bytes(torn[: len(torn) * 9 // 10])
    config = settings(tmp_path)
    config = replace(config, camera=replace(config.camera, source=str(clip)))
    watched = await play(config)
    assert watched.failure is None
    assert watched.torn > 0
    assert 5 <= watched.looks < 31
    assert watched.seen


def heliotrope(tmp_path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    quiet = {
        "HELIOTROPE_STATE_DIR": str(tmp_path / "state"),
        "HELIOTROPE_HTTP__PORT": "0",
        "HELIOTROPE_LOG__LEVEL": "warning",
    }
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
    return subprocess.run(
        [sys.executable, "-m", "engine", *words],
        cwd=CHECKOUT,
        env=clean | quiet | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG,
    )


def test_a_picture_and_a_sound_of_a_recording_play_to_their_end(
    data_dir: Path, tmp_path: Path
) -> None:
    picture = data_dir / "indoor_video" / "head-pose-face-detection-female.gif"
    sound = next((data_dir / "array_recordings" / "a180e20").rglob("*.wav"))
    played = heliotrope(
        tmp_path,
        *("run", "--camera", str(picture), "--microphones", str(sound)),
        HELIOTROPE_MICROPHONES__ARRAY="respeaker_4",
    )
    assert (played.returncode, played.stderr) == (0, "")
    assert "1 people followed" in played.stdout.splitlines()[-1]


def test_a_sound_that_does_not_fit_the_array_is_refused_in_one_line(
    data_dir: Path, tmp_path: Path
) -> None:
    picture = data_dir / "indoor_video" / "classroom.gif"
    sound = next((data_dir / "array_recordings" / "a180e20").rglob("*.wav"))
    refused = heliotrope(tmp_path, "run", "--camera", str(picture), "--microphones", str(sound))
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "4 channels, but respeaker_6 has 6 microphones; " in line
