"""A detector, a camera and an eye that see what they are told; for tests and for trying out.

Real in everything but the networks: they keep to the ports and wipe frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from engine.core.types import PeopleSeen, Sighting
from engine.ports import Detection, Frame, Image, SourceEnded
from engine.seeing.stream_watch import StreamWatch


class FakeDetector:
    """Returns the same detections for every picture, or what `answer` makes of it."""

    def __init__(
        self,
        detections: Sequence[Detection] = (),
        answer: Callable[[Image], Sequence[Detection]] | None = None,
    ) -> None:
        self.detections = detections
        self.answer = answer
        self.calls = 0

    def detect(self, image: Image) -> Sequence[Detection]:
        self.calls += 1
        return self.answer(image) if self.answer is not None else self.detections


class FakeCamera:
    """Gives the frames or raises the exceptions of a script, then ends.

    `frames` lists what each `read` does: a picture, or an exception to raise.
    All pictures go through one buffer, as a real camera's do; `period` seconds
    lie between them.
    """

    def __init__(self, frames: Iterable[Image | Exception], period: float = 0.1) -> None:
        self.script = list(frames)
        self.period = period
        self.width, self.height = 64, 48
        self.reads = self.opens = self.closes = 0
        self.failures: list[Exception] = []
        """What `open` raises, first come first served."""
        self.buffer: Image = np.zeros((0, 0, 3), np.uint8)
        self.on_read: Callable[[], None] | None = None

    def open(self) -> None:
        self.opens += 1
        if self.failures:
            raise self.failures.pop(0)

    def read(self) -> Frame:
        if self.on_read is not None:
            self.on_read()
        if not self.script:
            raise SourceEnded("the script is over")
        step = self.script.pop(0)
        index, self.reads = self.reads, self.reads + 1
        if isinstance(step, Exception):
            raise step
        self.height, self.width = step.shape[:2]
        self.buffer = step.copy()
        return Frame(index * self.period, self.buffer)

    def close(self) -> None:
        self.closes += 1
        self.buffer.fill(0)


class FakeEye:
    """Sees the same people in every frame; remembers headings and rates."""

    def __init__(self, sightings: Sequence[Sighting] = (), moving: bool = True) -> None:
        self.sightings = tuple(sightings)
        self.moving = moving
        self.looks: list[tuple[float, float, float]] = []
        """(time, heading, heading rate) of each look."""
        self.forgotten = 0
        self.stream = StreamWatch()
        self.hurry = False

    def look(self, frame: Frame, heading: float = 0.0, heading_rate: float = 0.0) -> PeopleSeen:
        self.looks.append((frame.t, heading, heading_rate))
        frame.wipe()
        return PeopleSeen(frame.t, self.sightings, heading, (heading - 33.0, heading + 33.0))

    def moved(self, _frame: Frame, _heading_rate: float = 0.0) -> bool:
        return self.moving

    def forget(self) -> None:
        self.forgotten += 1
