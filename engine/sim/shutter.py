"""A shutter and a microphone mute in software, set by the page, a scenario or a test.

They behave like the real ones: listeners hear of edges only, on the caller's
thread, and a closed source tells nobody any more. They decide nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.core.types import ShutterState
from engine.listeners import Listeners


class SimulatedShutter:
    """A privacy shutter that `set` moves."""

    def __init__(self, state: ShutterState = ShutterState.OPEN) -> None:
        self._state = state
        self._closed = False
        self._lock = threading.RLock()
        self._listeners: Listeners[ShutterState] = Listeners()

    @property
    def state(self) -> ShutterState:
        return self._state

    def listen(self, listener: Callable[[ShutterState], None]) -> None:
        """Hear of every edge from now on; the present state is in `state`."""
        self._listeners.add(listener)

    def set(self, state: ShutterState) -> None:
        with self._lock:
            if state is not self._state and not self._closed:
                self._state = state
                self._listeners.tell(state)

    def close(self) -> None:
        """Let go of it: nobody knows any more whether it is open. Safe to call twice."""
        with self._lock:
            self._listeners.clear()
            self._closed = True
            self._state = ShutterState.UNKNOWN


class SimulatedMute:
    """A microphone mute that `set` presses."""

    def __init__(self, muted: bool = False) -> None:
        self._muted = muted
        self._closed = False
        self._lock = threading.RLock()
        self._listeners: Listeners[bool] = Listeners()

    @property
    def muted(self) -> bool:
        return self._muted

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Hear of every edge from now on; the present state is in `muted`."""
        self._listeners.add(listener)

    def set(self, muted: bool) -> None:
        with self._lock:
            if muted is not self._muted and not self._closed:
                self._muted = muted
                self._listeners.tell(muted)

    def close(self) -> None:
        """Let go of it: muted, since nobody could unmute it any more. Safe to call twice."""
        with self._lock:
            self._listeners.clear()
            self._closed = True
            self._muted = True
