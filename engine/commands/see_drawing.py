"""Draws what `see` believed, and why, into copies of the pictures; writes JPEGs and videos."""

from __future__ import annotations

from pathlib import Path

import cv2

from engine.core.types import Label
from engine.errors import UserError
from engine.ports import Image
from engine.seeing.eye import Look, Seen

COLOURS = {Label.PERSON: (80, 220, 80), Label.CAT: (60, 170, 255), Label.DOG: (255, 160, 60)}
UNCONFIRMED = (170, 170, 170)
FONT = cv2.FONT_HERSHEY_SIMPLEX


class Annotator:
    """Writes `name.jpg` for pictures and `name.mp4` for videos; equal names get a number."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError when the folder cannot be written to."""
        self._folder = folder
        self._names: set[str] = set()
        self._video: cv2.VideoWriter | None = None
        self._video_of = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--annotate {folder}: {error.strerror}", "give a folder") from error

    def add(self, picture: Image, look: Look, name: str, fps: float | None) -> None:
        """`fps` None: a single picture; otherwise the next frame of the video called `name`."""
        draw(picture, look)
        if fps is not None:
            self._add_frame(picture, name, fps)
        elif not cv2.imwrite(str(self._folder / self._fresh(name, ".jpg")), picture):
            raise UserError(f"--annotate {self._folder}: cannot write", "check space and rights")
        picture.fill(0)

    def _fresh(self, name: str, suffix: str) -> str:
        stem, number, fresh = Path(name).stem, 1, Path(name).stem + suffix
        while fresh in self._names:
            number += 1
            fresh = f"{stem}_{number}{suffix}"
        self._names.add(fresh)
        return fresh

    def _add_frame(self, picture: Image, name: str, fps: float) -> None:
        if self._video is None or self._video_of != name:
            self.close()
            path = self._folder / self._fresh(name, ".mp4")
            size = (picture.shape[1], picture.shape[0])
            self._video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
            self._video_of = name
            if not self._video.isOpened():
                raise UserError(f"{path}: cannot be written", "check space and rights")
        self._video.write(picture)

    def close(self) -> None:
        if self._video is not None:
            self._video.release()
            self._video = None


def draw(picture: Image, look: Look) -> None:
    """Boxes and words into `picture`, in place."""
    scale = max(picture.shape[1] / 900, 0.35)
    thick = max(round(scale * 2), 1)
    for seen in look.objects:
        x, y, w, h = (round(v) for v in seen.box)
        colour = COLOURS[seen.label] if seen.track is not None else UNCONFIRMED
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, thick)
        top = max(y - 6, round(18 * scale))
        for ink, width in (((0, 0, 0), thick + 2), (colour, thick)):
            cv2.putText(picture, _words(seen), (x, top), FONT, 0.6 * scale, ink, width, cv2.LINE_AA)
    if look.report.problem:
        where = (10, round(30 * scale))
        cv2.putText(
            picture, look.report.problem, where, FONT, scale, (60, 60, 255), thick, cv2.LINE_AA
        )


def _words(seen: Seen) -> str:
    words = f"{seen.label.value} {seen.score:.2f}"
    words += f" #{seen.track}" if seen.track is not None else " unconfirmed"
    words += f" {seen.place.distance:.1f}m"
    return words if seen.engagement is None else f"{words} facing {seen.engagement:.0%}"
