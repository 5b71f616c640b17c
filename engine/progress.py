"""Progress of long work on stderr: one line that rewrites itself, only on a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

AFTER, EVERY = 1.0, 0.25


class Progress:
    """`with Progress("frames", total) as progress: progress.step()`. Silent for short work."""

    def __init__(self, what: str, total: int = 0) -> None:
        self._what, self._total = what, total
        self._done = 0
        self._started = self._shown = time.monotonic()
        self._drawn = False
        self._terminal = sys.stderr.isatty()

    def step(self, note: str = "", total: int | None = None) -> None:
        """One more is done; `total` corrects what was promised at first."""
        self._done += 1
        now = time.monotonic()
        if not self._terminal or now - self._started < AFTER or now - self._shown < EVERY:
            return
        self._shown, self._drawn = now, True
        of = total or self._total
        share = f" of {of}" if of >= self._done else ""
        speed = self._done / (now - self._started)
        line = f"{self._done}{share} {self._what}, {speed:.0f}/s  {note}"[:78]
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
