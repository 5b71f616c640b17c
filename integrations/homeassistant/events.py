"""What happens at a moment: rows of the entity table that are events, and device triggers.

Both are made from the core's table of what can happen, so that nothing that
is told has no entity, and no entity waits for what is never told.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.happenings import KINDS
from engine.core.types import Json
from integrations.homeassistant.entity import Entity, Platform

NAMES: Mapping[str, tuple[str, str]] = {
    "person": ("Person", "mdi:walk"),
    "pet": ("Pet seen", "mdi:paw"),
    "sound": ("Sound", "mdi:ear-hearing"),
    "wake_word": ("Wake word", "mdi:account-voice"),
    "contact": ("Contact", "mdi:hand-back-right"),
    "viewer": ("Viewer", "mdi:eye"),
}

EVENTS: tuple[Entity, ...] = tuple(
    Entity(key, Platform.EVENT, NAMES[key][0], options={"icon": NAMES[key][1]}, kinds=kinds)
    for key, kinds in KINDS.items()
)


def triggers(topic_of: Mapping[str, str]) -> Mapping[str, Mapping[str, Json]]:
    """A device trigger for every kind of event; `topic_of` gives each key's topic."""
    return {
        f"{key}_{kind}": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "topic": topic_of[key],
            "type": kind,
            "subtype": key,
            "payload": kind,
            "value_template": "{{ value_json.event_type }}",
        }
        for key, kinds in KINDS.items()
        for kind in kinds
    }
