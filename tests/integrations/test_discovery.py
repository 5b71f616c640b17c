"""The device message and the table it is made from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import FollowPolicy, Mode, ShutterState
from integrations import sample
from integrations.commands import CommandError, build
from integrations.homeassistant.discovery import announcement
from integrations.homeassistant.entities import ENTITIES, Platform
from integrations.mqtt.topics import Topics

TOPICS = Topics("heliotrope", "abc")
BY_KEY = {entity.key: entity for entity in ENTITIES}

# Published once, kept for ever: homes have these in their automations.
KEYS = [
    "follow",
    "mode",
    "heading",
    "centre",
    "stop",
    "person_in_view",
    "moving",
    "shutter_closed",
    "microphone_muted",
    "problem",
    "reason",
    "people",
    "primary_bearing",
]


def message() -> dict[str, object]:
    sent = announcement(TOPICS, "homeassistant", "Kitchen", (-170.0, 160.0))
    assert sent.topic == "homeassistant/device/abc/config"
    assert sent.retain
    body: dict[str, object] = json.loads(sent.payload)
    return body


def test_keys_and_unique_ids_never_change() -> None:
    assert list(BY_KEY) == KEYS
    components = message()["components"]
    assert isinstance(components, dict)
    assert [part["unique_id"] for part in components.values()] == [f"abc_{key}" for key in KEYS]


def test_what_home_assistant_requires_is_there() -> None:
    body = message()
    assert body["device"]["identifiers"] == ["abc"]  # type: ignore[index]
    assert body["origin"]["name"]  # type: ignore[index]
    assert body["availability_topic"] == "heliotrope/abc/availability"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.key)
def test_a_component_has_the_topics_its_platform_needs(entity: object) -> None:
    component = message()["components"][entity.key]  # type: ignore[index, attr-defined]
    settable = {Platform.BUTTON, Platform.NUMBER, Platform.SELECT, Platform.SWITCH}
    platform = component["platform"]
    assert ("command_topic" in component) == (platform in settable)
    assert ("state_topic" in component) == (platform != Platform.BUTTON)


def test_the_slider_ends_where_the_axis_does() -> None:
    heading = message()["components"]["heading"]  # type: ignore[index]
    assert (heading["min"], heading["max"]) == (-170.0, 160.0)


VALUES = [
    ("follow", {"follow": FollowPolicy.CHOSEN}, "ON"),
    ("follow", {"follow": FollowPolicy.OFF}, "OFF"),
    ("mode", {"mode": Mode.AWAY}, "away"),
    ("heading", {"heading": -0.04}, "0.0"),
    ("heading", {"heading": 175.2}, "175.0"),
    ("person_in_view", {"people": ()}, "OFF"),
    ("moving", {"moving": True}, "ON"),
    ("shutter_closed", {"shutter": ShutterState.UNKNOWN}, "ON"),
    ("shutter_closed", {"shutter": ShutterState.OPEN}, "OFF"),
    ("microphone_muted", {"muted": True}, "ON"),
    ("problem", {"problems": ("camera: gone",)}, "ON"),
    ("people", {}, "2"),
    ("primary_bearing", {"people": ()}, "None"),
]


@pytest.mark.parametrize(("key", "changes", "expected"), VALUES)
def test_values(key: str, changes: dict[str, object], expected: str) -> None:
    value = BY_KEY[key].value
    assert value is not None
    assert value(replace(sample.at(3.5), **changes)) == expected  # type: ignore[arg-type]


REQUESTS = [
    ("follow", "OFF", ("follow", {"policy": "off"})),
    ("follow", "ON", ("follow", {"policy": "all"})),
    ("mode", "manual", ("mode", {"mode": "manual"})),
    ("mode", "away", ("arm", {})),
    ("heading", "-12.5", ("turn", {"heading": -12.5})),
    ("centre", "PRESS", ("centre", {})),
    ("stop", "PRESS", ("stop", {})),
]


@pytest.mark.parametrize(("key", "payload", "expected"), REQUESTS)
def test_requests(key: str, payload: str, expected: tuple[str, dict[str, object]]) -> None:
    request = BY_KEY[key].command
    assert request is not None
    name, arguments = request(payload)
    command = build(name, arguments, t=0.0, source="mqtt")
    assert (command.name, command.arguments) == expected


@given(st.sampled_from([e for e in ENTITIES if e.command]), st.text(max_size=20))
def test_any_other_payload_is_refused_by_the_command_table(entity: object, payload: str) -> None:
    name, arguments = entity.command(payload)  # type: ignore[attr-defined]
    try:
        build(name, arguments, t=0.0, source="mqtt")
    except CommandError:
        return
    accepted = {"ON", "OFF", "PRESS", *Mode, *FollowPolicy}
    assert payload in accepted or -360.0 <= float(payload) <= 360.0
