"""The device message and the table it is made from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.happenings import KINDS
from engine.core.places import Origin, Place, Sense
from engine.core.types import FollowPolicy, Mode, Pace, ShutterState, WakeWordResponse
from integrations import sample
from integrations.commands import CommandError, build
from integrations.homeassistant.discovery import announcement
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Platform
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
    "look_around",
    "face_me",
    "look_at",
    "motion",
    "pace",
    "wake_word_response",
    "range_setup",
    "message",
    "person_in_view",
    "person_present",
    "pet_present",
    "moving",
    "shutter_closed",
    "camera_in_use",
    "microphone_muted",
    "problem",
    "reason",
    "people",
    "primary_bearing",
    "primary_distance",
    "primary_engagement",
    "frame_rate",
    "frame_rate_reason",
    "loop_lag",
    "microphone_drift",
    "temperature",
    "person",
    "pet",
    "sound",
    "wake_word",
    "contact",
    "viewer",
    "alarm",
    "someone_home",
    "alert",
    "test_alert",
    "siren",
    "next_pan",
    "last_alert",
    "last_alert_image",
    "camera",
]


def message() -> dict[str, object]:
    sent = announcement(
        TOPICS, "homeassistant", "Kitchen", replace(sample.at(4.9), range=(-170.0, 160.0))
    )
    assert sent.topic == "homeassistant/device/abc/config"
    assert sent.retain
    body: dict[str, object] = json.loads(sent.payload)
    return body


def test_keys_and_unique_ids_never_change() -> None:
    assert list(BY_KEY) == KEYS
    components = message()["components"]
    assert isinstance(components, dict)
    found = [part["unique_id"] for part in components.values() if "unique_id" in part]
    assert found == [f"abc_{key}" for key in KEYS]


def test_what_home_assistant_requires_is_there() -> None:
    body = message()
    assert body["device"]["identifiers"] == ["abc"]  # type: ignore[index]
    assert body["origin"]["name"]  # type: ignore[index]
    (availability,) = body["availability"]  # type: ignore[misc, attr-defined]
    assert availability["topic"] == "heliotrope/abc/availability"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.key)
def test_a_component_has_the_topics_its_platform_needs(entity: object) -> None:
    component = message()["components"][entity.key]  # type: ignore[index, attr-defined]
    settable = {
        Platform.ALARM,
        Platform.BUTTON,
        Platform.NOTIFY,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SIREN,
        Platform.SWITCH,
    }
    stateless = {Platform.BUTTON, Platform.CAMERA, Platform.IMAGE, Platform.NOTIFY}
    platform = component["platform"]
    assert ("command_topic" in component) == (platform in settable)
    assert ("state_topic" in component) == (platform not in stateless)
    assert ("topic" in component) == (platform == Platform.CAMERA)
    assert ("image_topic" in component) == (platform == Platform.IMAGE)


def test_a_moment_is_written_as_home_assistant_reads_it() -> None:
    entity = BY_KEY["last_alert"]
    assert entity.value is not None
    assert entity.value(sample.at(4.9)) == "None"
    alerted = replace(sample.at(4.9), measures={"last_alert": 1_795_000_000.4})
    assert entity.value(alerted) == "2026-11-18T11:06:40+00:00"


def test_every_moment_that_can_happen_has_an_event_and_a_trigger() -> None:
    components: dict[str, dict[str, object]] = message()["components"]  # type: ignore[assignment]
    for key, kinds in KINDS.items():
        assert components[key]["event_types"] == list(kinds)
        for kind in kinds:
            trigger = components[f"{key}_{kind}"]
            assert trigger["topic"] == components[key]["state_topic"]
            assert (trigger["type"], trigger["subtype"]) == (kind, key)


def test_what_is_not_always_there_says_so_beside_the_device() -> None:
    components: dict[str, dict[str, list[dict[str, str]]]] = message()["components"]  # type: ignore[assignment]
    topics = [entry["topic"] for entry in components["look_at"]["availability"]]
    assert topics == ["heliotrope/abc/availability", "heliotrope/abc/available/look_at"]
    assert "availability" not in components["follow"]


def test_the_places_to_look_at_are_the_owners_and_it_says_where_it_looks() -> None:
    entity = BY_KEY["look_at"]
    nowhere = replace(sample.at(4.9), heading=-300.0)
    assert entity.available is not None
    assert entity.live is not None
    assert entity.value is not None
    assert not entity.available(nowhere)
    door = Place(60.0, None, Origin.NAME, "Door")
    wall = Place(-60.0, Sense.HEARD, Origin.LEARNED)
    there = replace(nowhere, places=(door, wall))
    assert entity.available(there)
    assert entity.live(there) == {"options": ("Door",)}
    assert entity.value(there) == "Door"
    assert entity.value(replace(there, heading=-60.0)) == "None"


def test_what_is_not_always_there_says_when_it_is() -> None:
    for entity in ENTITIES:
        assert (entity.available is None) == (entity.only == ""), entity.key


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
    ("person_present", {"people": ()}, "OFF"),
    ("pet_present", {"pets": ()}, "OFF"),
    ("camera_in_use", {}, "ON"),
    ("camera_in_use", {"measures": {}}, "OFF"),
    ("motion", {"follow": FollowPolicy.CHOSEN}, "chosen"),
    ("pace", {"pace": Pace.BRISK}, "brisk"),
    ("wake_word_response", {"wake_word_response": WakeWordResponse.LISTEN}, "listen"),
    ("primary_distance", {"people": ()}, "None"),
    ("primary_engagement", {}, "86"),
    ("loop_lag", {"measures": {"loop_lag_ms": 12.4}}, "12"),
    ("microphone_drift", {"measures": {"microphone_drift_ppm": -12.34}}, "-12.3"),
    ("microphone_drift", {"measures": {}}, "None"),
    ("temperature", {"measures": {}}, "None"),
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
    ("look_around", "PRESS", ("pan", {})),
    ("face_me", "PRESS", ("face_me", {})),
    ("motion", "on_request", ("follow", {"policy": "on_request"})),
    ("pace", "gentle", ("pace", {"pace": "gentle"})),
    ("wake_word_response", "off", ("wake_word", {"response": "off"})),
    ("alarm", '{"action":"ARM_NIGHT","code":"None"}', ("arm", {"mode": "night"})),
    ("alarm", '{"action":"ARM_AWAY","code":"12"}', ("arm", {"mode": "away", "code": "12"})),
    ("alarm", '{"action":"DISARM","code":"0042"}', ("disarm", {"code": "0042"})),
    ("siren", '{"state":"ON"}', ("siren", {"state": "on"})),
    (
        "siren",
        '{"state":"ON","duration":5,"volume_level":0.5}',
        ("siren", {"state": "on", "seconds": 5.0, "volume": 50.0}),
    ),
    ("siren", '{"state":"OFF"}', ("siren", {"state": "off"})),
    ("someone_home", "OFF", ("presence", {"home": "off"})),
    ("message", " two\nlines ", ("show", {"text": "two lines"})),
]


@pytest.mark.parametrize(("key", "payload", "expected"), REQUESTS)
def test_requests(key: str, payload: str, expected: tuple[str, dict[str, object]]) -> None:
    request = BY_KEY[key].command
    assert request is not None
    name, arguments = request(payload)
    command = build(name, arguments, t=0.0, source="mqtt")
    assert (command.name, command.arguments) == expected


# A text and a place's name may be anything.
OPEN = {"message", "look_at"}
CLOSED = [e for e in ENTITIES if e.command and e.key not in OPEN]


@given(st.sampled_from(CLOSED), st.text(max_size=20))
def test_any_other_payload_is_refused_by_the_command_table(entity: object, payload: str) -> None:
    name, arguments = entity.command(payload)  # type: ignore[attr-defined]
    try:
        build(name, arguments, t=0.0, source="mqtt")
    except CommandError:
        return
    accepted = {"ON", "OFF", "PRESS", *Mode, *FollowPolicy, *Pace, *WakeWordResponse}
    assert payload in accepted or -360.0 <= float(payload) <= 360.0
