"""What the room is shown: somebody looks in, and whether the shutter is open."""

from __future__ import annotations

import pytest

from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.types import (
    NOBODY_LOOKS,
    OPENED,
    SHUT,
    VIEWER,
    Event,
    Indicate,
    ShutterChanged,
    ShutterState,
    ViewerChanged,
)


@pytest.mark.parametrize(
    ("event", "pattern"),
    [
        (ShutterChanged(1.0, ShutterState.OPEN), OPENED),
        (ShutterChanged(1.0, ShutterState.CLOSED), SHUT),
        (ShutterChanged(1.0, ShutterState.UNKNOWN), SHUT),
        (ViewerChanged(1.0, 2), VIEWER),
        (ViewerChanged(1.0, 0), NOBODY_LOOKS),
    ],
)
def test_every_change_is_shown_at_once(event: Event, pattern: str) -> None:
    _, actions, _ = brain.step(brain.start(CoreSettings(), 0.0, 0.0), event)
    assert [a.pattern for a in actions if isinstance(a, Indicate)] == [pattern]
