"""How long seeing takes a frame, beside OpenCV's HOG and a plain NanoDet loop on the same frames.

`rows` is for every machine: its frames are made here, of a room's size with
structure at every scale, so that no shortcut for empty pictures helps either
side. `sequence` plays the recorded video of visits, where somebody is new,
known, walking and gone, which is what a second look and faces cost time for.
One thread each, which is what a small computer has left; processor time, so
that whatever else runs counts little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from engine.bench.stages import Row, compare
from engine.config import CameraConfig, SeeingConfig
from engine.hardware.camera_file import CameraFile
from engine.loops.camera import Pacing
from engine.ports import Frame, Image, SourceEnded
from engine.seeing.detector import Detector, PersonNet, PetNet
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import open_eye
from engine.seeing.frame_rate import IDLE
from engine.seeing.thorough import Thorough

BASELINE = "OpenCV HOG"
PLAIN = "plain NanoDet loop"
"""The fast network in every frame, boxes at its threshold, nothing else."""
EVERY = 30
"""HOG is so slow that it is given each thirtieth frame."""
WIDTH, HEIGHT = 640, 480
REPEATS = 5


def picture(seed: int = 3) -> Image:
    """A (480, 640, 3) picture: noise at six scales, like a cluttered room to a gradient."""
    random = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(2, 8):
        cells = random.random((max(HEIGHT >> octave, 2), max(WIDTH >> octave, 2), 3))
        total += cv2.resize(cells, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) * 2.0**octave
    return np.asarray(np.clip(total / total.max() * 255, 0, 255), np.uint8)


def rows() -> list[Row]:
    """Each network, and the whole eye, against HOG at its usual settings."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _rows()
    finally:
        cv2.setNumThreads(before)


def _rows() -> list[Row]:
    room = picture()
    hog, people, pets, faces = _hog(), PersonNet(), PetNet(), FaceReader()
    thorough = Thorough(Detector())
    eye = open_eye(CameraConfig(width=WIDTH, height=HEIGHT), SeeingConfig(threads=1))
    clock = iter(range(1_000_000))

    def look() -> object:
        return eye.look(Frame(next(clock) / 10, room.copy()))

    def every_frame() -> None:
        for _ in range(int(Pacing().max_fps)):
            look()

    def quiet_second() -> None:
        for _ in range(int(Pacing().idle_fps)):
            eye.moved(Frame(next(clock) / 10, room.copy()))
        look()

    stages = {
        "seeing: people": lambda: people.detect(room),
        "seeing: pets": lambda: pets.detect(room),
        "seeing: a second look": lambda: thorough.detect(room),
        "seeing: a face": lambda: faces.find(room, (250.0, 120.0, 120.0, 330.0)),
        "seeing: a frame": look,
    }
    against: list[tuple[str, Callable[[], object], str, Callable[[], object]]] = [
        (stage, ours, BASELINE, lambda: hog.detectMultiScale(room))
        for stage, ours in stages.items()
    ]
    against += [
        ("seeing: a frame", look, PLAIN, lambda: people.detect(room)),
        ("seeing: a quiet second", quiet_second, "every frame looked at", every_frame),
        (
            "seeing: a test for motion",
            lambda: eye.moved(Frame(next(clock) / 10, room.copy())),
            PLAIN,
            lambda: people.detect(room),
        ),
    ]
    return [compare(*four, repeats=REPEATS, clock=time.process_time) for four in against]


def measure(data: Path | None, progress: Callable[[str], None]) -> dict[str, object]:
    """For `script/measure`, by itself: it wants a quiet computer, and is soon done."""
    if data is None or not (data / "indoor_video").is_dir():
        return {"left_out": "no recordings here"}
    progress("the video of visits")
    return sequence(data / "indoor_video")


def sequence(folder: Path, frames: int = 10**6) -> dict[str, object]:
    """Processor milliseconds a frame over the first `frames` of the video, each looked at in full.

    `at_rest` is the share of one core while nobody is there: the test for motion
    at its usual rate, and one full look a second.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _sequence(folder, frames)
    finally:
        cv2.setNumThreads(before)


def _sequence(folder: Path, frames: int) -> dict[str, object]:
    camera = CameraFile(folder / "one-by-one-person-detection.mp4", paced=False)
    config = CameraConfig(width=WIDTH, height=HEIGHT)
    eye, watcher = (open_eye(config, SeeingConfig(threads=1)) for _ in range(2))
    plain, hog = PersonNet(), _hog()
    ours: list[float] = []
    times: dict[str, list[float]] = {"plain": [], "hog": [], "test": [], "empty": [], "rest": []}
    camera.open()
    try:
        while camera.index < frames:
            frame = camera.read()
            pixels = frame.pixels.copy()
            times["plain"].append(_cost(lambda p=pixels: plain.detect(p)))  # type: ignore[misc]
            other = None
            if len(ours) % EVERY == 0:
                times["hog"].append(_cost(lambda p=pixels: hog.detectMultiScale(p)))  # type: ignore[misc]
                other = Frame(frame.t, pixels)
                times["test"].append(_cost(lambda f=other: watcher.moved(f)))  # type: ignore[misc]
            begun = time.process_time()
            people = eye.look(frame)
            ours.append(time.process_time() - begun)
            if not people.sightings:
                times["empty"].append(ours[-1])
                if other is not None:
                    times["rest"].append(_cost(lambda f=other: watcher.look(f)))  # type: ignore[misc]
    except SourceEnded:
        pass
    finally:
        camera.close()
    mean = {name: 1000.0 * sum(t) / max(len(t), 1) for name, t in times.items()}
    frame_ms = 1000.0 * sum(ours) / max(len(ours), 1)
    rest = Pacing().idle_fps * mean["test"] + IDLE * mean["rest"]
    return {
        "frames": len(ours),
        "ours_ms": round(frame_ms, 2),
        "plain_nanodet_ms": round(mean["plain"], 2),
        "hog_ms": round(mean["hog"], 2),
        "to_hog": round(frame_ms / mean["hog"], 3),
        "to_plain": round(frame_ms / mean["plain"], 3),
        "empty_frame_ms": round(mean["empty"], 2),
        "frame_at_rest_ms": round(mean["rest"], 2),
        "motion_test_ms": round(mean["test"], 3),
        "at_rest_share_of_a_core": round(rest / 1000.0, 4),
    }


def _cost(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _hog() -> cv2.HOGDescriptor:
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
    return hog
