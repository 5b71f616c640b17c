"""The camera's gate, and the shutter's own wire to it and to the axis.

Edges act at once, in whatever thread they come, past every decision; the brain
is told as well. Starts forbidden: unknown is not open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.core.types import Event, ShutterChanged, ShutterState
from engine.loops.axis import AxisControl
from engine.ports import Clock, Shutter


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


def wire(
    shutter: Shutter, gate: Gate, control: AxisControl, post: Callable[[Event], None], clock: Clock
) -> None:
    """The wire that does not wait for the brain: camera and axis first, then the event."""

    def edge(state: ShutterState) -> None:
        # The camera's gate takes no lock that a slow bus could hold; and a
        # driver that fails must not keep the camera open.
        gate.obey(state)
        try:
            if state is ShutterState.OPEN:
                control.permit(clock.now())
            else:
                control.forbid(f"the shutter is {state.value}", clock.now())
        finally:
            post(ShutterChanged(clock.now(), state))

    shutter.listen(edge)
    # An edge may come between reading the state and acting on it: until both agree.
    while True:
        state = shutter.state
        edge(state)
        if shutter.state is state:
            break
