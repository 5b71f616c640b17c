"""Stills of now for Home Assistant's camera, one every so often, and that it looks is shown.

Home Assistant's camera over MQTT cannot ask for a picture, so that one is sent
from time to time, where the owner set how often. While they are sent Home
Assistant counts as a viewer, like anybody at the live view. The shutter's edge
ends them. It encodes nothing and knows no topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from engine.core.types import PeopleSeen

WHO = "Home Assistant"

Send = Callable[[bytes], bool]
"""Sends a picture on its way; False where nobody is there to take it."""

Changed = Callable[[str, bool], None]
"""Hears who came (True) to look, or went."""


class Stills:
    """A `PictureSink`. `every` in seconds, 0: none; `now` is the engine's monotonic clock.

    To be made and used in one event loop; only `drop` may come from any thread.
    """

    def __init__(
        self, every: float, send: Send, changed: Changed, now: Callable[[], float]
    ) -> None:
        self._every, self._send, self._changed, self._now = every, send, changed, now
        self._loop = asyncio.get_running_loop()
        self._sent = float("-inf")
        self.looking = False

    def wants(self, _seen: PeopleSeen | None) -> bool:
        return self._every > 0.0 and self._now() - self._sent >= self._every

    def offer(self, _t: float, data: bytes, _seen: PeopleSeen | None) -> None:
        if self.wants(None):
            self._sent = self._now()
            self._look(self._send(data))

    def drop(self) -> None:
        # The loop may have closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._look, False)

    def _look(self, looking: bool) -> None:
        if looking is not self.looking:
            self.looking = looking
            self._changed(WHO, looking)
