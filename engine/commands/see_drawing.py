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
FACING = 0.5
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

    def add(
        self,
        picture: Image,
        look: Look,
        name: str,
        fps: float | None,
        *,
        lens: bool = True,
        sequence: bool = True,
    ) -> None:
        """`fps` None: a picture; otherwise the next frame of the video called `name`."""
        draw(picture, look, lens=lens, sequence=sequence)
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


def draw(picture: Image, look: Look, *, lens: bool = True, sequence: bool = True) -> None:
    """Boxes and words into `picture`, in place: what, how far, why believed, whether facing us.

    `lens` False: distances mean nothing; `sequence` False: a single picture confirms nobody.
    """
    scale = max(picture.shape[1] / 900, 0.35)
    thick = max(round(scale * 2), 1)
    step = round(20 * scale)
    for seen in look.objects:
        x, y, w, h = (round(v) for v in seen.box)
        known = seen.track is not None or not sequence
        colour = COLOURS[seen.label] if known else UNCONFIRMED
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, thick)
        said = words(seen, lens=lens, sequence=sequence)
        # Above the box where there is room, else inside it.
        top = y - 6 - step * (len(said) - 1)
        top = top if top >= step else y + step
        for line, text in enumerate(said):
            _write(picture, text, (max(x, 2) + 2, top + line * step), 0.5 * scale, colour)
    if look.report.problem:
        _write(picture, look.report.problem, (10, round(30 * scale)), scale, (60, 60, 255))


def _write(
    picture: Image, text: str, where: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    thick = max(round(2 * size), 1)
    (width, _), _ = cv2.getTextSize(text, FONT, size, thick + 2)
    where = (max(min(where[0], picture.shape[1] - width - 2), 2), where[1])
    for ink, stroke in (((0, 0, 0), thick + 2), (colour, thick)):
        cv2.putText(picture, text, where, FONT, size, ink, stroke, cv2.LINE_AA)


def words(seen: Seen, *, lens: bool, sequence: bool) -> list[str]:
    """The lines beside a box."""
    first = f"{seen.label.value} {seen.score:.2f}"
    first += f" #{seen.track}" if seen.track is not None else ""
    if lens:
        place = seen.place
        first += f", {place.distance:.1f} +-{place.distance_std:.1f} m, {place.azimuth:+.0f} deg"
    said = [first]
    if sequence:
        said.append(seen.why or "unconfirmed: belongs to no track")
    if seen.facing_why:
        chance = "" if seen.engagement is None else f" {seen.engagement:.0%}"
        facing = "facing us" if (seen.engagement or 0.0) >= FACING else "not facing us"
        said.append(f"{facing if chance else 'facing unknown'}{chance}: {seen.facing_why}")
    return said
