"""The gate between the core's alerts and the desk: `rules.judge`, with the time of day.

Holds the rules' memory and says in the log what was held back and why. It
decides nothing itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from alerts.rules import Memory, Rules, Situation, judge
from engine.core.types import Alert

_LOG = logging.getLogger(__name__)


def minute_of_day(seconds: float) -> int:
    """The minute of the local day at `seconds` since 1970."""
    local = time.localtime(seconds)
    return 60 * local.tm_hour + local.tm_min


class AlertGate:
    """`put` carries out the core's `Alert`. `around` gives (somebody at home, night)."""

    def __init__(
        self,
        rules: Rules,
        send: Callable[[Alert], None],
        around: Callable[[], tuple[bool, bool]],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._rules, self._send, self._around, self._wall = rules, send, around, wall
        self._memory = Memory()

    def put(self, alert: Alert) -> None:
        home, night = self._around()
        situation = Situation(minute_of_day(self._wall()), home, night)
        self._memory, verdict = judge(self._rules, self._memory, alert, situation)
        if verdict.alert is None:
            _LOG.info("visit %d (%s) is not told: %s", alert.visit, alert.kind, verdict.why)
            return
        if not verdict.alert.update:
            _LOG.warning("alert %d: %s", alert.visit, alert.what)
        self._send(verdict.alert)
