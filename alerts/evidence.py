"""Stills that the owner opted in to: kept here, for some days, up to a size, deletable in one act.

Files in the state directory that only the service reads. It takes JPEGs that
others encoded, and sends none anywhere. A disk that is full costs the
picture, never the alert.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alerts.notice import Notice
from engine.loops.worker import Worker

_LOG = logging.getLogger(__name__)

FOLDER = "evidence"
DAY = 86_400.0
TIDY_EVERY = 3600.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,120}\.jpg\Z")


class EvidenceStore:
    """The folder of kept stills. `wall` is seconds since 1970."""

    def __init__(
        self, state_dir: Path, days: float, megabytes: float, wall: Callable[[], float]
    ) -> None:
        self.folder = state_dir / FOLDER
        self._days, self._bytes, self._wall = days, megabytes * 1e6, wall
        self._worker = Worker("evidence")

    async def attach(self, notice: Notice, picture: bytes) -> Notice:
        """`notice` with its picture kept under a name; without one where that fails."""
        name = f"{notice.tag}-{int(self._wall() * 1000):x}.jpg"
        try:
            await self._worker.run(self._keep, name, picture)
        except OSError as problem:
            _LOG.warning("a picture could not be kept: %s", problem.strerror)
            return notice
        return replace(notice, picture=name)

    def path(self, name: str) -> Path | None:
        """The file of a picture by its name; None where there is none (any more)."""
        if not _NAME.match(name):
            return None
        file = self.folder / name
        return file if file.is_file() else None

    def tidy(self) -> None:
        """Delete what is too old, and the oldest of what is too much."""
        before = self._wall() - self._days * DAY
        room = self._bytes
        for file, size, made in sorted(self._kept(), key=lambda k: k[2], reverse=True):
            room -= size
            if made < before or room < 0:
                file.unlink(missing_ok=True)

    def delete_all(self) -> int:
        """Every picture; how many they were."""
        kept = list(self._kept())
        for file, _size, _made in kept:
            file.unlink(missing_ok=True)
        return len(kept)

    async def run(self) -> None:
        """Tidy now and then until cancelled."""
        try:
            while True:
                with contextlib.suppress(OSError):
                    await self._worker.run(self.tidy)
                await asyncio.sleep(TIDY_EVERY)
        finally:
            await self._worker.stop()
            self._worker = Worker("evidence")

    def _keep(self, name: str, picture: bytes) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        part = self.folder / f".{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to:
                to.write(picture)
            part.replace(self.folder / name)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self.tidy()

    def _kept(self) -> list[tuple[Path, int, float]]:
        found = []
        if self.folder.is_dir():
            # The power may have been cut before a part had its name: that shows somebody, too.
            for file in (*self.folder.glob("*.jpg"), *self.folder.glob(".*.jpg.part")):
                with contextlib.suppress(FileNotFoundError):
                    about = file.stat()
                    found.append((file, about.st_size, about.st_mtime))
        return found
