"""How long seeing takes a frame, beside OpenCV's HOG person detector on the same frames.

The frames are made here: a picture of a room's size with structure at every
scale moves along, so that no shortcut for empty pictures helps either side.
One thread each, which is what a small computer has left.
"""

from __future__ import annotations

import time

import cv2
import numpy as np

from engine.bench.stages import Row, compare
from engine.config import CameraConfig, SeeingConfig
from engine.loops.camera import Pacing
from engine.ports import Frame, Image
from engine.seeing.detector import PersonNet, PetNet
from engine.seeing.eye import open_eye

BASELINE = "OpenCV HOG"
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
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
    people, pets = PersonNet(), PetNet()
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
        "seeing: a frame": look,
    }
    return [
        compare(
            stage,
            ours,
            BASELINE,
            lambda: hog.detectMultiScale(room),
            repeats=REPEATS,
            clock=time.process_time,
        )
        for stage, ours in stages.items()
    ] + [
        compare(
            "seeing: a quiet second",
            quiet_second,
            "every frame looked at",
            every_frame,
            repeats=REPEATS,
            clock=time.process_time,
        )
    ]
