"""What a person may do with an alert from the phone: one table, for every channel.

The buttons' names go out with a notice and come back when one is pressed;
what a press does is the desk's. Changes nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "HELIOTROPE_"


@dataclass(frozen=True, slots=True)
class Button:
    """`command` of the motion API is given when it is pressed; without one it opens a link."""

    title: str
    command: str = ""


BUTTONS: dict[str, Button] = {
    "LOOK": Button("Look now"),
    "SNOOZE": Button("Snooze", "snooze"),
    "SIREN": Button("Siren", "siren"),
    "FINE": Button("It's fine", "dismiss"),
}


def action(name: str, tag: str) -> str:
    """What a button of a notification comes back as: not every phone sends its tag along."""
    return f"{PREFIX}{name}_{tag}"


def pressed(came_back: str) -> tuple[str, str]:
    """The command and the tag of a button that came back; both empty for any other."""
    name, _, tag = came_back.removeprefix(PREFIX).partition("_")
    button = BUTTONS.get(name) if came_back.startswith(PREFIX) else None
    return (button.command, tag) if button and button.command else ("", "")
