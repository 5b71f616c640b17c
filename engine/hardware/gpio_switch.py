"""A switch that protects somebody, on one GPIO pin or on two.

Errs towards closed, which is the protecting state: the pull resistor draws to
the closed level, so that a cut wire reads closed; closing counts from the
first edge of any contact, opening only after all of them have stayed open for
the debounce time, also where a pin comes back after a fault; two contacts
that differ are closed; a pin that cannot be read is UNKNOWN, which forbids all
that CLOSED forbids. It moves nothing and decides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from engine.core.types import ShutterState
from engine.listeners import Listeners
from engine.urgent import urgent_threads


class Cancellable(Protocol):
    def cancel(self) -> None: ...


Schedule = Callable[[float, Callable[[], None]], Cancellable]


def schedule_in_thread(seconds: float, call: Callable[[], None]) -> Cancellable:
    timer = threading.Timer(seconds, call)
    timer.daemon = True  # a pending opening must not keep the process alive
    timer.start()
    return timer


class GpioSwitch:
    """Contacts between `pins` (BCM numbers) and their open level.

    Edges arrive on the GPIO library's thread. Reading `state` also reads the
    pins, so that polling it (once a second is enough) finds a lost edge, a pin
    that went away and one that came back. Never raises: `problem` says what is
    wrong. Listeners are called in the order of the edges and must not block.
    `setting` is the key of the configuration that error texts name.
    """

    def __init__(
        self,
        *pins: int,
        closed_high: bool = True,
        debounce: float = 0.05,
        setting: str = "shutter.pin",
        pin_factory: Any = None,
        schedule: Schedule = schedule_in_thread,
    ) -> None:
        self._pins = pins
        self._closed_high = closed_high
        self._debounce = debounce
        self._setting = setting
        self._factory = pin_factory
        self._schedule = schedule
        self._lock = threading.RLock()
        self._listeners: Listeners[ShutterState] = Listeners()
        self._opening: Cancellable | None = None
        self._attempt = 0
        self._devices: list[Any] = []
        self._closed = False
        self._state = ShutterState.UNKNOWN
        self._differ = 0
        self.problem: str | None = None
        with self._lock:
            self._connect()

    @property
    def state(self) -> ShutterState:
        with self._lock:
            if not self._closed:
                self._read()
            return self._state

    def listen(self, listener: Callable[[ShutterState], None]) -> None:
        """Hear of every edge from now on; the present state is in `state`."""
        self._listeners.add(listener)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._listeners.clear()
            self._cancel_opening()
            self._disconnect()
            self._state = ShutterState.UNKNOWN

    def _connect(self) -> None:
        # The library starts the threads that bring the edges: on import, and for the first pin.
        with urgent_threads():
            self._claim()

    def _claim(self) -> None:
        try:
            from gpiozero import DigitalInputDevice
            from gpiozero.exc import GPIOZeroError

            if self._factory is None:
                from gpiozero.pins.lgpio import LGPIOFactory

                # Our own, not gpiozero's global one: that would fall back to
                # slower libraries with a warning and no edges to rely on.
                self._factory = LGPIOFactory()
        except ImportError:
            self._lost("the GPIO libraries are missing; install heliotrope[pi]")
            return
        except Exception as error:  # noqa: BLE001 - lgpio raises its own bare class for a missing chip
            self._lost(f"no GPIO here ({error}); check that the user is in group gpio")
            return
        for pin in self._pins:
            try:
                # Drawn to the closed level; "active" is then the open one, for both levels.
                device = DigitalInputDevice(
                    pin, pull_up=self._closed_high, pin_factory=self._factory
                )
                self._devices.append(device)
                device.when_deactivated = self._edge_closed
                device.when_activated = self._edge_open
            except (GPIOZeroError, OSError, ValueError) as error:
                self._lost(f"pin {pin} cannot be used ({error}); check {self._setting}")
                return
        self.problem = None
        # Whether at the start or after a fault: open is believed once it has lasted.
        self._look()

    def _disconnect(self) -> None:
        devices, self._devices = self._devices, []
        for device in devices:
            device.close()

    def _are_open(self) -> bool | None:
        """Whether every contact is open, None where one cannot be read. Says where they differ."""
        levels = []
        for pin, device in zip(self._pins, self._devices, strict=True):
            try:
                levels.append(bool(device.is_active))
            except Exception as error:  # noqa: BLE001 - whatever it is, the pin was not read
                self._lost(f"pin {pin} cannot be read ({error}); check the wiring")
                return None
        differ = len(set(levels)) > 1
        # While the slide is under way they differ for a moment: only a second look counts.
        self._differ = self._differ + 1 if differ else 0
        if self._differ > 1:
            self.problem = f"the two contacts of {self._setting} differ; check the wiring"
        elif not differ:
            self.problem = None
        return all(levels)

    def _read(self) -> None:
        if self._devices:
            self._look()
        else:
            self._connect()

    def _look(self) -> None:
        are_open = self._are_open()
        if are_open is None:
            return
        if not are_open:
            self._edge_closed()
        elif self._state is not ShutterState.OPEN and self._opening is None:
            self._edge_open()

    def _lost(self, problem: str) -> None:
        self.problem = problem
        self._cancel_opening()
        self._disconnect()
        self._become(ShutterState.UNKNOWN)

    def _edge_closed(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._cancel_opening()
            self._become(ShutterState.CLOSED)

    def _edge_open(self) -> None:
        with self._lock:
            self._cancel_opening()
            if self._closed:
                return
            attempt = self._attempt
            self._opening = self._schedule(self._debounce, lambda: self._opened(attempt))

    def _opened(self, attempt: int) -> None:
        with self._lock:
            # A timer may fire while an edge that cancels it holds the lock.
            if attempt != self._attempt or self._closed or not self._devices:
                return
            self._opening = None
            if self._are_open():
                self._become(ShutterState.OPEN)

    def _cancel_opening(self) -> None:
        self._attempt += 1
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()

    def _become(self, state: ShutterState) -> None:
        if state is not self._state:
            self._state = state
            self._listeners.tell(state)
