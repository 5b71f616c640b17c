"""What somebody who was let in may do: view, control, admin; each includes the one before.

Tables only. A command that is in none of them wants `admin`, so that a new
one is nobody's by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """`view`: see the page and the camera; `control`: turn it; `admin`: arm, delete, all."""

    VIEW = "view"
    CONTROL = "control"
    ADMIN = "admin"

    def covers(self, wanted: Scope) -> bool:
        return _RANK[self] >= _RANK[wanted]


_RANK = {Scope.VIEW: 1, Scope.CONTROL: 2, Scope.ADMIN: 3}


@dataclass(frozen=True, slots=True)
class Pass:
    """Who was let in, for people to read, and what they may do."""

    who: str
    scope: Scope


CONTROL_COMMANDS = frozenset(
    {
        "activity",
        "centre",
        "dismiss",
        "face_me",
        "follow",
        "look_at",
        "mode",
        "mute",
        "pace",
        "pan",
        "pause",
        "release",
        "resume",
        "show",
        "shutter",
        "siren",
        "snooze",
        "stop",
        "test_alert",
        "turn",
        "wake_word",
    }
)


def scope_of_command(name: str) -> Scope:
    """What it takes to give this command."""
    return Scope.CONTROL if name in CONTROL_COMMANDS else Scope.ADMIN
