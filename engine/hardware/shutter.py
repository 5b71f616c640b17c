"""The privacy shutter's switch on a GPIO pin.

Errs towards closed: the pull resistor draws to the closed level, so that a cut
wire reads closed; closing counts from the first edge, opening only after the
switch has stayed open for the debounce time; a pin that cannot be read is
UNKNOWN, which forbids everything that CLOSED forbids. It moves no shutter and
decides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from engine.core.types import ShutterState
from engine.listeners import Listeners


class Cancellable(Protocol):
    def cancel(self) -> None: ...


Schedule = Callable[[float, Callable[[], None]], Cancellable]


def schedule_in_thread(seconds: float, call: Callable[[], None]) -> Cancellable:
    timer = threading.Timer(seconds, call)
    timer.daemon = True  # a pending opening must not keep the process alive
    timer.start()
    return timer


class GpioShutter:
    """A switch between the pin and its open level; `pin` is a BCM number.

    Edges arrive on the GPIO library's thread. Reading `state` also reads the
    pin, so that polling it (once a second is enough) finds a lost edge, a pin
    that went away and one that came back. Never raises: `problem` says why
    the state is UNKNOWN. Listeners are called in the order of the edges and
    must not block.
    """

    def __init__(
        self,
        pin: int,
        *,
        closed_high: bool = True,
        debounce: float = 0.05,
        pin_factory: Any = None,
        schedule: Schedule = schedule_in_thread,
    ) -> None:
        self._pin = pin
        self._closed_high = closed_high
        self._debounce = debounce
        self._factory = pin_factory
        self._schedule = schedule
        self._lock = threading.RLock()
        self._listeners: Listeners[ShutterState] = Listeners()
        self._opening: Cancellable | None = None
        self._attempt = 0
        self._device: Any = None
        self._closed = False
        self._state = ShutterState.UNKNOWN
        self.problem: str | None = None
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
        try:
            # Drawn to the closed level; "active" is then the open one, for both levels.
            self._device = DigitalInputDevice(
                self._pin, pull_up=self._closed_high, pin_factory=self._factory
            )
            self._device.when_deactivated = self._edge_closed
            self._device.when_activated = self._edge_open
        except (GPIOZeroError, OSError, ValueError) as error:
            self._lost(f"pin {self._pin} cannot be used ({error}); check shutter.pin")
            return
        # The first look is no edge: there is nothing to debounce it against.
        self._state = ShutterState.OPEN if self._is_open() else ShutterState.CLOSED
        self.problem = None

    def _disconnect(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def _is_open(self) -> bool:
        return bool(self._device.is_active)

    def _read(self) -> None:
        if self._device is None:
            before = self._state
            self._connect()
            if self._state is not before:
                self._listeners.tell(self._state)
            return
        try:
            is_open = self._is_open()
        except Exception as error:  # noqa: BLE001 - whatever it is, the pin was not read
            self._lost(f"pin {self._pin} cannot be read ({error}); check the wiring")
            return
        if not is_open:
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
            self._cancel_opening()
            self._become(ShutterState.CLOSED)

    def _edge_open(self) -> None:
        with self._lock:
            self._cancel_opening()
            attempt = self._attempt
            self._opening = self._schedule(self._debounce, lambda: self._opened(attempt))

    def _opened(self, attempt: int) -> None:
        with self._lock:
            # A timer may fire while an edge that cancels it holds the lock.
            if attempt != self._attempt or self._closed or self._device is None:
                return
            self._opening = None
            try:
                is_open = self._is_open()
            except Exception as error:  # noqa: BLE001 - whatever it is, the pin was not read
                self._lost(f"pin {self._pin} cannot be read ({error}); check the wiring")
                return
            if is_open:
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
