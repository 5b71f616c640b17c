"""The one retained message that tells Home Assistant of a device and its entities.

Made from the table of entities; published by `mqtt.device`. Format: Home
Assistant's MQTT discovery, "Device discovery payload".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine import __version__
from engine.ports import Message
from integrations.homeassistant.entities import ENTITIES, Entity, Platform
from integrations.mqtt.topics import OFFLINE, ONLINE, Topics
from integrations.snapshot_json import to_json


def status_topic(prefix: str) -> str:
    """Where Home Assistant says `online` when it has started."""
    return f"{prefix}/status"


def announcement(
    topics: Topics,
    prefix: str,
    device_name: str,
    heading_range: tuple[float, float],
    entities: Sequence[Entity] = ENTITIES,
) -> Message:
    """The device message, retained; `heading_range` bounds the heading's slider in degrees."""
    payload = {
        "device": {
            "identifiers": [topics.device_id],
            "name": device_name,
            "manufacturer": "Heliotrope",
            "model": "Heliotrope",
            "sw_version": __version__,
        },
        "origin": {"name": "Heliotrope", "sw_version": __version__},
        "availability_topic": topics.availability,
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
        "qos": 1,
        "components": {
            entity.key: _component(entity, topics, heading_range) for entity in entities
        },
    }
    topic = f"{prefix}/device/{topics.device_id}/config"
    return Message(topic, to_json(payload).encode("ascii"), retain=True)


def _component(
    entity: Entity, topics: Topics, heading_range: tuple[float, float]
) -> Mapping[str, object]:
    component: dict[str, object] = {
        "platform": entity.platform.value,
        "unique_id": f"{topics.device_id}_{entity.key}",
        "name": entity.name,
        **entity.options,
    }
    if entity.value is not None:
        component["state_topic"] = topics.state(entity.key)
    if entity.command is not None:
        component["command_topic"] = topics.set(entity.key)
    if entity.platform is Platform.NUMBER:
        component["min"], component["max"] = heading_range
    return component
