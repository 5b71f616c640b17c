"""What the device knows: rows of the entity table that are only read."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.types import Json, PersonView, ShutterState, Snapshot
from integrations.homeassistant.entity import (
    DIAGNOSTIC,
    MOST_TEXT,
    SLOW,
    UNKNOWN,
    URGENT,
    Entity,
    Platform,
    Value,
    on,
    primary,
)
from integrations.mqtt.rates import Pace


def _of_primary(read: Callable[[PersonView], str]) -> Value:
    def value(snapshot: Snapshot) -> str:
        person = primary(snapshot)
        return read(person) if person else UNKNOWN

    return value


def _distance(person: PersonView) -> str:
    return UNKNOWN if person.distance is None else f"{person.distance:.1f}"


def _engagement(person: PersonView) -> str:
    return UNKNOWN if person.engagement is None else f"{100.0 * person.engagement:.0f}"


def _measure(name: str, digits: int) -> Value:
    def value(snapshot: Snapshot) -> str:
        figure = snapshot.measures.get(name)
        return UNKNOWN if figure is None else f"{figure:.{digits}f}"

    return value


def _diagnostic(key: str, name: str, value: Value, unit: str, step: float, **more: Json) -> Entity:
    """A figure that few people want: off until they turn it on."""
    return Entity(
        key,
        Platform.SENSOR,
        name,
        value=value,
        options={
            "unit_of_measurement": unit,
            "state_class": "measurement",
            "enabled_by_default": False,
            **DIAGNOSTIC,
            **more,
        },
        pace=Pace(every=30.0, step=step),
    )


SENSORS: tuple[Entity, ...] = (
    Entity(
        "person_in_view",
        Platform.BINARY_SENSOR,
        "Person in view",
        value=lambda s: on(any(person.seen for person in s.people)),
        options={"device_class": "occupancy"},
        pace=Pace(every=0.5),
    ),
    Entity(
        "person_present",
        Platform.BINARY_SENSOR,
        "Person present",
        # Seen or heard lately, in the picture or beside it.
        value=lambda s: on(bool(s.people)),
        options={"device_class": "presence"},
        pace=Pace(every=0.5),
    ),
    Entity(
        "pet_present",
        Platform.BINARY_SENSOR,
        "Pet",
        value=lambda s: on(bool(s.pets)),
        options={"icon": "mdi:paw"},
        pace=SLOW,
    ),
    Entity(
        "moving",
        Platform.BINARY_SENSOR,
        "Moving",
        value=lambda s: on(s.moving),
        options={"device_class": "moving"},
        pace=Pace(every=0.2),
    ),
    Entity(
        "shutter_closed",
        Platform.BINARY_SENSOR,
        "Shutter closed",
        value=lambda s: on(s.shutter is not ShutterState.OPEN),
        options={"icon": "mdi:camera-off"},
        pace=URGENT,
    ),
    Entity(
        "camera_in_use",
        Platform.BINARY_SENSOR,
        "Camera in use",
        value=lambda s: on("frame_rate_hz" in s.measures),
        options={"device_class": "running", "icon": "mdi:camera"},
        pace=URGENT,
    ),
    Entity(
        "microphone_muted",
        Platform.BINARY_SENSOR,
        "Microphone muted",
        value=lambda s: on(s.muted),
        options={"icon": "mdi:microphone-off"},
        pace=URGENT,
    ),
    Entity(
        "problem",
        Platform.BINARY_SENSOR,
        "Problem",
        value=lambda s: on(bool(s.problems)),
        options={"device_class": "problem", **DIAGNOSTIC},
        pace=SLOW,
    ),
    Entity(
        "reason",
        Platform.SENSOR,
        "Reason",
        # The code, not the sentence: the sentence counts tenths of seconds.
        value=lambda s: s.reason.code[:MOST_TEXT],
        options={"icon": "mdi:head-question-outline"},
        pace=SLOW,
    ),
    Entity(
        "people",
        Platform.SENSOR,
        "People",
        value=lambda s: str(len(s.people)),
        options={"state_class": "measurement", "icon": "mdi:account-group"},
        pace=SLOW,
    ),
    Entity(
        "primary_bearing",
        Platform.SENSOR,
        "Primary bearing",
        value=_of_primary(lambda person: f"{person.bearing:.0f}"),
        options={
            "unit_of_measurement": "°",
            "state_class": "measurement",
            "icon": "mdi:angle-acute",
        },
        pace=Pace(every=1.0, step=3.0),
    ),
    Entity(
        "primary_distance",
        Platform.SENSOR,
        "Primary distance",
        value=_of_primary(_distance),
        options={
            "unit_of_measurement": "m",
            "device_class": "distance",
            "state_class": "measurement",
        },
        pace=Pace(every=2.0, step=0.3),
    ),
    Entity(
        "primary_engagement",
        Platform.SENSOR,
        "Primary engagement",
        value=_of_primary(_engagement),
        options={
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "icon": "mdi:account-check",
        },
        pace=Pace(every=2.0, step=15.0),
    ),
    _diagnostic("frame_rate", "Detector rate", _measure("frame_rate_hz", 1), "Hz", 1.0),
    Entity(
        "frame_rate_reason",
        Platform.SENSOR,
        "Detector rate reason",
        value=lambda s: s.notes.get("frame_rate_hz", UNKNOWN),
        options={"enabled_by_default": False, "icon": "mdi:speedometer", **DIAGNOSTIC},
        pace=SLOW,
    ),
    _diagnostic("loop_lag", "Loop lag", _measure("loop_lag_ms", 0), "ms", 5.0),
    _diagnostic(
        "microphone_drift",
        "Microphone clock drift",
        _measure("microphone_drift_ppm", 1),
        "ppm",
        1.0,
    ),
    _diagnostic(
        "temperature",
        "Temperature",
        _measure("temperature_c", 0),
        "°C",
        1.0,
        device_class="temperature",
    ),
)
