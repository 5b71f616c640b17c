"""Two lamps on GPIO pins that the room can read: somebody looks in, and the shutter is not open.

Each is an LED with its resistor from a pin to ground. The shutter's burns until the engine has
heard that it is open, and again on every other state. Both are put out when the engine ends; after
a kill a Raspberry Pi keeps its pins as they were until the next start. It decides nothing.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from engine.core.types import NOBODY_LOOKS, OPENED, SHUT, VIEWER, Indicate

_MEANS = {VIEWER: ("viewer", True), NOBODY_LOOKS: ("viewer", False)} | {
    SHUT: ("shutter", True),
    OPENED: ("shutter", False),
}


class GpioLamps:
    """A `ports.Indicator` of `pins`, BCM numbers by lamp: `viewer`, `shutter`.

    Never raises: `problem` says what is wrong, and asking for it tries again.
    """

    def __init__(self, pins: dict[str, int], pin_factory: Any = None) -> None:
        self._pins = pins
        self._factory = pin_factory
        self._lit = {"viewer": False, "shutter": True}
        self._devices: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._problem: str | None = None
        with self._lock:
            self._connect()

    @property
    def problem(self) -> str | None:
        """What keeps a lamp from burning; None where all can. Poll it: it mends what it can."""
        with self._lock:
            if self._problem is not None and not self._closed:
                self._connect()
            return self._problem

    def show(self, indication: Indicate) -> None:
        means = _MEANS.get(indication.pattern)
        if means is None:
            return
        lamp, lit = means
        with self._lock:
            self._lit[lamp] = lit
            self._light(lamp)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for lamp in tuple(self._devices):
                self._let_go(lamp)

    def _connect(self) -> None:
        """Claim the pins of the lamps that are missing."""
        self._problem = None
        try:
            from gpiozero import LED

            if self._factory is None:
                from gpiozero.pins.lgpio import LGPIOFactory

                self._factory = LGPIOFactory()
        except ImportError:
            self._problem = "the GPIO libraries are missing; install heliotrope[pi]"
            return
        except Exception as error:  # noqa: BLE001 - lgpio raises its own bare class for a missing chip
            self._problem = f"no GPIO here ({error}); check that the user is in group gpio"
            return
        for lamp, pin in self._pins.items():
            if lamp in self._devices:
                continue
            try:
                self._devices[lamp] = LED(
                    pin, initial_value=self._lit[lamp], pin_factory=self._factory
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, this lamp stays dark
                self._problem = f"pin {pin} cannot be used ({error}); check lamps.{lamp}_pin"

    def _light(self, lamp: str) -> None:
        device = self._devices.get(lamp)
        if device is None:
            return
        try:
            device.value = self._lit[lamp]
        except Exception as error:  # noqa: BLE001 - a dark lamp must not take the engine with it
            self._problem = f"pin {self._pins[lamp]} cannot be set ({error}); check the wiring"
            self._let_go(lamp)

    def _let_go(self, lamp: str) -> None:
        device = self._devices.pop(lamp)
        # The library's own classes of error too: a pin that is gone is let go of all the same.
        with suppress(Exception):
            device.off()
        with suppress(Exception):
            device.close()
