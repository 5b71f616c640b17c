"""The axis loop in real time: a thread that nothing else of the engine holds up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from engine.core.types import AxisFault, Event, Health
from engine.loops.axis import AxisControl
from engine.ports import Clock
from engine.urgent import hurry

log = logging.getLogger(__name__)

_PATIENCE = 1.0  # s that the end waits for a driver that hangs
_LOST = "the axis does not answer; it may still hold its torque"


class AxisRunner:
    """`AxisControl` in real time, on a thread of its own at `rate_hz`.

    `tell` is called on that thread with the events of a step, never with
    none. `stop` returns when the torque is off and the driver closed. `first` is
    called on that thread too, before anything else.
    """

    def __init__(
        self,
        control: AxisControl,
        clock: Clock,
        rate_hz: float,
        tell: Callable[[Sequence[Event]], None],
        first: Callable[[], object] = hurry,
    ) -> None:
        self._control = control
        self._first = first
        self._clock = clock
        self._period = 1.0 / rate_hz
        self._tell = tell
        self._ended = self._shut = False
        self._urgent = threading.Event()
        control.urgent = self._urgent.set
        self._thread = threading.Thread(target=self._run, name="axis", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def let_go(self) -> None:
        """Have the torque off within a sample or two, and do not wait for it.

        Takes no lock: the handler of a signal may call it in the middle of anything.
        """
        self._ended = True

    def stop(self) -> None:
        """Safe to call twice, and before `start`."""
        self.let_go()
        if self._thread.ident is None:
            self._shut_down()
            return
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            log.critical(_LOST)

    def _run(self) -> None:
        self._first()
        due = self._clock.now()
        try:
            while not self._ended:
                wait = due - self._clock.now()
                early = wait > 0.0 and self._urgent.wait(wait)
                self._urgent.clear()
                if wait > 0.0 and not early:
                    continue
                now = self._clock.now()
                events = self._control.step(now)
                if events:
                    _log(events)
                    self._tell(events)
                if early:
                    continue  # an extra sample; the usual ones keep their time
                # A late step is not made up for by a burst of early ones.
                due = max(due + self._period, now + self._period / 2.0)
        except Exception as error:
            # A loop that ended unnoticed would leave a head that obeys nobody.
            log.exception("the axis loop failed")
            self._tell([AxisFault(self._clock.now(), f"the axis loop failed: {error}")])
        finally:
            self._shut_down()

    def _shut_down(self) -> None:
        if self._shut:
            return
        self._shut = True
        try:
            self._control.shut_down()
        except OSError as error:
            # Nobody is left to ask again: the engine ends, and the other parts end with it.
            log.critical("%s (%s)", _LOST, error)
        else:
            log.info("the axis is released")


def _log(events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, AxisFault):
            log.warning("the axis is lost: %s", event.reason)
        elif isinstance(event, Health):
            log.warning("%s: %s", event.part, "well again" if event.ok else event.detail)
