"""What Home Assistant sees of a device: one table, a row an entity.

A row says how a value is read off a `Snapshot` and what command a change in
Home Assistant becomes. Topics, rates and the discovery message are made from
it elsewhere. Keys never change; state is what the engine says, never what was
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.angles import clamp
from engine.core.types import FollowPolicy, Json, Mode, ShutterState, Snapshot
from integrations.mqtt.rates import Pace

Value = Callable[[Snapshot], str]
Request = tuple[str, Mapping[str, object]]
"""A command's name and raw arguments; `integrations.commands.build` judges them."""

UNKNOWN = "None"
"""What Home Assistant reads as `unknown`."""

MOST_TEXT = 255
"""A state in Home Assistant is at most this long."""


class Platform(StrEnum):
    BINARY_SENSOR = "binary_sensor"
    BUTTON = "button"
    NUMBER = "number"
    SELECT = "select"
    SENSOR = "sensor"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Entity:
    """`options` are further keys of the discovery message, as Home Assistant names them."""

    key: str
    platform: Platform
    name: str
    value: Value | None = None
    command: Callable[[str], Request] | None = None
    options: Mapping[str, Json | tuple[str, ...]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)


def _on(condition: bool) -> str:
    return "ON" if condition else "OFF"


def _follow(payload: str) -> Request:
    policies = {"ON": FollowPolicy.ALL.value, "OFF": FollowPolicy.OFF.value}
    return "follow", {"policy": policies.get(payload, payload)}


def _mode(payload: str) -> Request:
    # Away belongs to the alarm: choosing it arms, as the alarm panel does.
    return ("arm", {}) if payload == Mode.AWAY else ("mode", {"mode": payload})


def _turn(payload: str) -> Request:
    try:
        return "turn", {"heading": float(payload)}
    except ValueError:
        return "turn", {"heading": None}


def _press(name: str) -> Callable[[str], Request]:
    def command(payload: str) -> Request:
        # Anything but a press is an argument that the command does not take.
        return name, {} if payload == "PRESS" else {"payload": None}

    return command


def _heading(snapshot: Snapshot) -> str:
    low, high = snapshot.range
    # Adding zero turns -0.0 into 0.0.
    return f"{round(clamp(snapshot.heading, low, high), 1) + 0.0:.1f}"


def _primary_bearing(snapshot: Snapshot) -> str:
    bearings = [person.bearing for person in snapshot.people if person.primary]
    return f"{bearings[0]:.0f}" if bearings else UNKNOWN


_DIAGNOSTIC = {"entity_category": "diagnostic"}
_SLOW = Pace(every=1.0)

ENTITIES: tuple[Entity, ...] = (
    Entity(
        "follow",
        Platform.SWITCH,
        "Follow",
        value=lambda s: _on(s.follow is not FollowPolicy.OFF),
        command=_follow,
        options={"icon": "mdi:account-eye"},
        pace=Pace(urgent=True),
    ),
    Entity(
        "mode",
        Platform.SELECT,
        "Mode",
        value=lambda s: s.mode.value,
        command=_mode,
        options={"options": tuple(mode.value for mode in Mode), "icon": "mdi:state-machine"},
        pace=Pace(urgent=True),
    ),
    Entity(
        "heading",
        Platform.NUMBER,
        "Heading",
        value=_heading,
        command=_turn,
        options={
            "unit_of_measurement": "°",
            "step": 0.1,
            "mode": "slider",
            "icon": "mdi:compass-outline",
        },
        # At most five a second while moving; the noise of a resting axis is no news.
        pace=Pace(every=0.2, step=0.15),
    ),
    Entity(
        "centre",
        Platform.BUTTON,
        "Centre",
        command=_press("centre"),
        options={"icon": "mdi:arrow-collapse-horizontal"},
    ),
    Entity("stop", Platform.BUTTON, "Stop", command=_press("stop"), options={"icon": "mdi:stop"}),
    Entity(
        "person_in_view",
        Platform.BINARY_SENSOR,
        "Person in view",
        value=lambda s: _on(any(person.seen for person in s.people)),
        options={"device_class": "occupancy"},
        pace=Pace(every=0.5),
    ),
    Entity(
        "moving",
        Platform.BINARY_SENSOR,
        "Moving",
        value=lambda s: _on(s.moving),
        options={"device_class": "moving"},
        pace=Pace(every=0.2),
    ),
    Entity(
        "shutter_closed",
        Platform.BINARY_SENSOR,
        "Shutter closed",
        value=lambda s: _on(s.shutter is not ShutterState.OPEN),
        options={"icon": "mdi:camera-off"},
        pace=Pace(urgent=True),
    ),
    Entity(
        "microphone_muted",
        Platform.BINARY_SENSOR,
        "Microphone muted",
        value=lambda s: _on(s.muted),
        options={"icon": "mdi:microphone-off"},
        pace=Pace(urgent=True),
    ),
    Entity(
        "problem",
        Platform.BINARY_SENSOR,
        "Problem",
        value=lambda s: _on(bool(s.problems)),
        options={"device_class": "problem", **_DIAGNOSTIC},
        pace=_SLOW,
    ),
    Entity(
        "reason",
        Platform.SENSOR,
        "Reason",
        # The code, not the sentence: the sentence counts tenths of seconds.
        value=lambda s: s.reason.code[:MOST_TEXT],
        options={"icon": "mdi:head-question-outline"},
        pace=_SLOW,
    ),
    Entity(
        "people",
        Platform.SENSOR,
        "People",
        value=lambda s: str(len(s.people)),
        options={"state_class": "measurement", "icon": "mdi:account-group"},
        pace=_SLOW,
    ),
    Entity(
        "primary_bearing",
        Platform.SENSOR,
        "Primary bearing",
        value=_primary_bearing,
        options={
            "unit_of_measurement": "°",
            "state_class": "measurement",
            "icon": "mdi:angle-acute",
        },
        pace=Pace(every=1.0, step=3.0),
    ),
)
