"""The privacy shutter and the microphone mute as switches on GPIO pins.

Both are a `GpioSwitch`, which says how pins are read and why they err towards
closed. They move nothing and decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core.types import ShutterState
from engine.hardware.gpio_switch import GpioSwitch
from engine.listeners import Listeners

NO_PIN = -1
"""What the configuration says where there is no second contact."""


def contacts(pin: int, second: int) -> tuple[int, ...]:
    return (pin,) if second == NO_PIN else (pin, second)


class GpioShutter(GpioSwitch):
    """The shutter's slide; one contact or two."""


class GpioMute:
    """The microphone mute: muted unless every contact says otherwise and can be read."""

    def __init__(self, *pins: int, muted_high: bool = True, **options: Any) -> None:
        """`options` are those of `GpioSwitch`."""
        self._switch = GpioSwitch(
            *pins, closed_high=muted_high, **{"setting": "mute.pin", **options}
        )
        self._listeners: Listeners[bool] = Listeners()
        self._told = True
        self._switch.listen(self._edge)
        self._edge(self._switch.state)

    @property
    def muted(self) -> bool:
        return self._switch.state is not ShutterState.OPEN

    @property
    def problem(self) -> str | None:
        return self._switch.problem

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Hear of every edge from now on; the present state is in `muted`."""
        self._listeners.add(listener)

    def close(self) -> None:
        self._listeners.clear()
        self._switch.close()

    def _edge(self, state: ShutterState) -> None:
        muted = state is not ShutterState.OPEN
        if muted is not self._told:
            self._told = muted
            self._listeners.tell(muted)
