"""The one retained message that tells Home Assistant of a device and its entities.

Made from the table of entities; published by `mqtt.device`. Format: Home
Assistant's MQTT discovery, "Device discovery payload".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine import __version__
from engine.core.types import Snapshot
from engine.ports import Message
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity, Platform
from integrations.homeassistant.events import triggers
from integrations.mqtt.topics import OFFLINE, ONLINE, Topics
from integrations.snapshot_json import to_json


def status_topic(prefix: str) -> str:
    """Where Home Assistant says `online` when it has started."""
    return f"{prefix}/status"


def announcement(
    topics: Topics,
    prefix: str,
    device_name: str,
    snapshot: Snapshot,
    entities: Sequence[Entity] = ENTITIES,
) -> Message:
    """The device message, retained; `snapshot` gives what the entities read off the device."""
    payload = {
        "device": {
            "identifiers": [topics.device_id],
            "name": device_name,
            "manufacturer": "Heliotrope",
            "model": "Heliotrope",
            "sw_version": __version__,
        },
        "origin": {"name": "Heliotrope", "sw_version": __version__},
        "availability": [_availability(topics.availability)],
        "availability_mode": "all",
        "qos": 1,
        "components": {
            **{entity.key: _component(entity, topics, snapshot) for entity in entities},
            **triggers(entities, topics.event),
        },
    }
    topic = f"{prefix}/device/{topics.device_id}/config"
    return Message(topic, to_json(payload).encode("ascii"), retain=True)


def live(snapshot: Snapshot, entities: Sequence[Entity] = ENTITIES) -> Mapping[str, object]:
    """What of the device message is read off the device: a change of it wants a new one."""
    return {entity.key: entity.live(snapshot) for entity in entities if entity.live}


def _availability(topic: str) -> Mapping[str, str]:
    return {
        "topic": topic,
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
    }


# What each platform calls the topic that it reads; the others read none.
_READS = {
    Platform.CAMERA: "topic",
    Platform.IMAGE: "image_topic",
    Platform.EVENT: "state_topic",
}


def _component(entity: Entity, topics: Topics, snapshot: Snapshot) -> Mapping[str, object]:
    component: dict[str, object] = {
        "platform": entity.platform.value,
        "unique_id": f"{topics.device_id}_{entity.key}",
        "name": entity.name,
        **entity.options,
    }
    if entity.value is not None:
        component["state_topic"] = topics.state(entity.key)
    if entity.platform in _READS:
        pictures = entity.platform is not Platform.EVENT
        topic = topics.picture(entity.key) if pictures else topics.event(entity.key)
        component[_READS[entity.platform]] = topic
    if entity.kinds:
        component["event_types"] = entity.kinds
    if entity.available is not None:
        own = topics.available(entity.key)
        component["availability"] = [_availability(t) for t in (topics.availability, own)]
    if entity.command is not None:
        component["command_topic"] = topics.set(entity.key)
    if entity.live is not None:
        component.update(entity.live(snapshot))
    return component
