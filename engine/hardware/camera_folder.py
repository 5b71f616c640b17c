"""A folder of pictures (or one picture) as a camera, in the order of their names.

Numbers in names count as numbers, so that frame9 comes before frame10. Every
picture becomes 8-bit BGR and upright, whatever it was. A damaged picture is
SourceTorn and the next one follows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from engine.hardware.camera_buffers import OneReader, Ring
from engine.ports import Frame, Image, SourceEnded, SourceFailed, SourceTorn

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
# Larger files are no camera's picture; reading them could exhaust memory.
LARGEST = 64 * 1024 * 1024


def by_number(path: Path) -> list[tuple[int, str]]:
    """Sort key: digits by value, the rest by letters."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(p), "") if p.isdigit() and p.isascii() else (-1, p) for p in parts]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures directly in `folder`, in order."""
    found = (p for p in folder.iterdir() if p.suffix.lower() in PICTURES and p.is_file())
    return sorted(found, key=by_number)


def load_picture(path: Path) -> Image:
    """8-bit BGR, turned upright. Raises SourceTorn with the reason."""
    try:
        if path.stat().st_size > LARGEST:
            raise SourceTorn(f"{path}: larger than {LARGEST // 2**20} MiB; scale it down")
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except OSError as error:
        raise SourceTorn(f"{path}: {error.strerror}") from error
    except cv2.error as error:
        raise SourceTorn(f"{path}: too large or damaged; save it anew") from error
    if pixels is None or pixels.size == 0:
        raise SourceTorn(f"{path}: not a readable picture; save it as JPEG or PNG")
    return pixels  # type: ignore[return-value]


class CameraFolder:
    """A `ports.Camera`; `fps` pictures a second, or as fast as they are read.

    Pictures that are late in paced play are skipped, as a live camera would have lost them: whoever
    looked at every one of them would fall behind for good. Never the last: the end must be met.
    """

    live = False

    def __init__(
        self,
        path: Path,
        fps: float = 10.0,
        *,
        paced: bool = True,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path, self.fps, self.paced = path, fps, paced
        self.width = self.height = 0
        self.torn = 0
        self.current: Path | None = None
        """The picture read last."""
        self._now, self._sleep = now, sleep
        self._ring = Ring()
        self._reader = OneReader(self._ring.wipe)
        self._paths: list[Path] | None = None
        self._index = 0
        self._origin: float | None = None

    @property
    def frames(self) -> int:
        return len(self._paths or ())

    @property
    def index(self) -> int:
        """Number of the frame given last, from 0; -1 before the first."""
        return self._index - 1

    def open(self) -> None:
        """Raises SourceFailed for a folder without pictures; after `close` it goes on."""
        try:
            self._paths = pictures_in(self.path) if self.path.is_dir() else [self.path]
        except OSError as error:
            raise SourceFailed(f"{self.path}: {error.strerror}; check camera.source") from error
        if not self._paths:
            kinds = ", ".join(sorted(PICTURES))
            raise SourceFailed(f"{self.path}: no pictures in it; give a folder with {kinds} files")
        if self._origin is None:
            self._origin = self._now() if self.paced else 0.0
        self._reader.opened()

    def read(self) -> Frame:
        with self._reader:
            if self._paths is None or self._origin is None:
                raise SourceFailed(f"{self.path}: not open; call open() first")
            if self._index >= len(self._paths):
                raise SourceEnded(f"{self.path}: end")
            if self.paced:
                due = int((self._now() - self._origin) * self.fps + 1e-6)
                self._index = max(self._index, min(due, len(self._paths) - 1))
            t = self._origin + self._index / self.fps
            if self.paced:
                self._sleep(max(t - self._now(), 0.0))
            self.current = self._paths[self._index]
            self._index += 1
            return Frame(t, self._load(self.current))

    def _load(self, path: Path) -> Image:
        try:
            pixels = self._ring.fill(lambda _: (True, load_picture(path)))
        except SourceTorn:
            self.torn += 1
            raise
        if pixels is None:
            raise SourceTorn(f"{path}: empty")
        self.height, self.width = pixels.shape[:2]
        return pixels

    def close(self) -> None:
        self._reader.close()
