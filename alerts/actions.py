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


def command_of(pressed: str) -> str:
    """The command of a button that came back as `pressed`; empty for any other."""
    button = BUTTONS.get(pressed.removeprefix(PREFIX)) if pressed.startswith(PREFIX) else None
    return button.command if button else ""
