"""The two ways a picture may leave its frame: a short ring of stills, and the live view's slot.

A frame is encoded once, in the camera's worker, and only while somebody may
have it. Both forget everything on the shutter's edge. Neither writes a file
nor opens a socket; who is allowed what is decided elsewhere.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2

from engine.core.types import Label, PeopleSeen
from engine.ports import Image

QUALITY = 80
"""JPEG's scale of 100: a face is still a face, at about 40 kB for 640x480."""

RING_SECONDS = 5.0
MOST_STILLS = 64
"""In the ring, whatever the frame rate: a few MB."""


def jpeg(pixels: Image) -> bytes:
    """The picture as JPEG. Raises ValueError where it cannot be encoded."""
    done, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise ValueError("a picture could not be encoded")
    return encoded.tobytes()


@dataclass(frozen=True, slots=True)
class _Still:
    t: float
    score: float
    data: bytes


class EvidenceRing:
    """Stills of the last `RING_SECONDS` with a person in them, while `armed` says so.

    `best` gives the clearest of them; nothing is kept beyond that.
    """

    def __init__(self, armed: Callable[[], bool], now: Callable[[], float]) -> None:
        self._armed, self._now = armed, now
        self._stills: deque[_Still] = deque(maxlen=MOST_STILLS)
        self._lock = threading.Lock()

    def wants(self, seen: PeopleSeen | None) -> bool:
        if not self._armed():
            self.drop()
            return False
        return seen is not None and _score(seen) > 0.0

    def offer(self, t: float, data: bytes, seen: PeopleSeen | None) -> None:
        with self._lock:
            self._forget()
            if seen is not None and (score := _score(seen)) > 0.0:
                self._stills.append(_Still(t, score, data))

    def best(self) -> bytes | None:
        """The still with the surest person; the newest of equals."""
        with self._lock:
            self._forget()
            found = max(self._stills, key=lambda s: (s.score, s.t), default=None)
        return found.data if found else None

    def drop(self) -> None:
        """Forget all; from any thread."""
        with self._lock:
            self._stills.clear()

    def _forget(self) -> None:
        before = self._now() - RING_SECONDS
        while self._stills and self._stills[0].t < before:
            self._stills.popleft()


def _score(seen: PeopleSeen) -> float:
    return max((s.score for s in seen.sightings if s.label is Label.PERSON), default=0.0)
