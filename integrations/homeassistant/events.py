"""What happens at a moment: rows of the entity table that are events, and device triggers.

The events are made from the core's table of what can happen, so that nothing that
is told has no entity, and no entity waits for what is never told; the triggers
from every event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

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


def triggers(
    entities: Iterable[Entity], topic_of: Callable[[str], str]
) -> Mapping[str, Mapping[str, Json]]:
    """A device trigger for every kind of every event; `topic_of` gives an event's topic by key."""
    return {
        f"{entity.key}_{kind}": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "topic": topic_of(entity.key),
            "type": kind,
            "subtype": entity.key,
            "payload": kind,
            "value_template": "{{ value_json.event_type }}",
        }
        for entity in entities
        for kind in entity.kinds
    }
