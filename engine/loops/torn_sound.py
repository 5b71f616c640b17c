"""Sound that was lost on its way: told at once, then rarely, and as bad health where it lasts.

A computer that is too slow loses some of every block for as long as it runs,
which must neither fill the log nor pass for a sound device. Opens and hears nothing.
"""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

TELL_EVERY = 60.0
"""Seconds between two lines in the log."""
CALM = 10.0
"""Seconds without a loss after which it is over."""
LASTS = 30.0
"""Seconds for which sound is lost again and again before the device counts as not well."""


class TornSound:
    """`note` every loss; `lasting` says what is wrong while it goes on."""

    def __init__(self) -> None:
        self.count = 0
        self._told = self._last = float("-inf")
        self._began = 0.0
        self._what = ""

    def note(self, now: float, error: Exception) -> None:
        self.count += 1
        if now - self._last > CALM:
            self._began, self._what = now, str(error)
        self._last = now
        if now - self._told >= TELL_EVERY:
            self._told = now
            log.warning("%s (%d so far)", error, self.count)

    def over(self) -> None:
        """There is no sound any more that could be lost."""
        self._last = float("-inf")

    def lasting(self, now: float) -> str:
        """For people; empty where no sound is lost, or only now and then."""
        if now - self._last > CALM or self._last - self._began < LASTS:
            return ""
        return f"again and again: {self._what}"
