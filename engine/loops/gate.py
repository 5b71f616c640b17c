"""The camera's gate: whether frames may be read, from the shutter's edge on.

Edges act at once, in whatever thread they come; the brain hears of them by
another way. Starts forbidden: unknown is not open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.core.types import ShutterState
from engine.ports import Shutter


class Gate:
    """Whether frames may be read. Edges come from any thread and act at once.

    Starts forbidden unless told otherwise: unknown is not open.
    """

    def __init__(self, allowed: bool = False) -> None:
        self._allowed = allowed
        self._lock = threading.Lock()
        self._on_forbid: list[Callable[[], object]] = []

    @property
    def allowed(self) -> bool:
        return self._allowed

    def on_forbid(self, call: Callable[[], object]) -> None:
        """`call` runs in the thread of the edge; it must not block."""
        self._on_forbid.append(call)

    def allow(self) -> None:
        with self._lock:
            self._allowed = True

    def forbid(self) -> None:
        with self._lock:
            self._allowed = False
        for call in self._on_forbid:
            call()

    def follow(self, shutter: Shutter) -> None:
        """Obey a shutter from now on: OPEN allows, everything else forbids."""
        shutter.listen(self.obey)
        self.obey(shutter.state)

    def obey(self, state: ShutterState) -> None:
        if state is ShutterState.OPEN:
            self.allow()
        else:
            self.forbid()
