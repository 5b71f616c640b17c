"""The switches' levels, read now and then: a lost edge is found, a cut wire is noticed.

Edges act by themselves, past this (`gate`). Reading makes a switch look again
and tell its listeners; what else it says is wrong with it goes to the brain.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from engine.core.types import Event, Health
from engine.ports import Clock, Indicator, Mute, Shutter, TouchScreen

EVERY = 1.0
"""Seconds between two readings of the shutter's level, in case an edge was lost."""


async def poll(
    shutter: Shutter,
    mute: Mute,
    lamps: Indicator,
    touch_screen: TouchScreen,
    post: Callable[[Event], None],
    clock: Clock,
) -> None:
    """Read the levels for as long as it is not cancelled; a problem is told when it changes."""
    told: dict[str, str] = {}
    watched = {"shutter": shutter, "mute": mute, "lamps": lamps, "touch_screen": touch_screen}
    while True:
        await clock.sleep(EVERY)
        for read in (lambda: shutter.state, lambda: mute.muted):
            with contextlib.suppress(OSError):
                read()
        for name, part in watched.items():
            problem = getattr(part, "problem", None) or ""
            if problem != told.get(name, ""):
                told[name] = problem
                post(Health(clock.now(), name, not problem, problem))
