"""Away mode: the alarm, its pans, its alerts, as rows of the entity table."""

from __future__ import annotations

import datetime
import json

from engine.core.types import AlertKind, Json, ShutterState, Snapshot
from integrations.homeassistant.entity import (
    CONFIG,
    UNKNOWN,
    URGENT,
    Entity,
    Platform,
    Request,
    Value,
    on,
    press,
)
from integrations.mqtt.rates import Pace

_TIME: dict[str, Json] = {"device_class": "timestamp"}

ACTIONS: dict[str, Request] = {
    "ARM_AWAY": ("arm", {"mode": "away"}),
    "ARM_NIGHT": ("arm", {"mode": "night"}),
    "DISARM": ("disarm", {}),
}
"""What Home Assistant's alarm panel can ask for."""

NO_CODE = "None"
"""How Home Assistant's template writes a code that was not given."""


def _alarm(payload: str) -> Request:
    nothing: Request = ("disarm", {"payload": None})
    try:
        body = json.loads(payload)
        name, arguments = ACTIONS[body["action"]]
        code = body.get("code", NO_CODE)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return nothing
    return (name, arguments) if code in (NO_CODE, "") else (name, {**arguments, "code": code})


def _moment(name: str) -> Value:
    """A measure in seconds since 1970 as Home Assistant writes times."""

    def value(snapshot: Snapshot) -> str:
        at = snapshot.measures.get(name)
        if at is None:
            return UNKNOWN
        return datetime.datetime.fromtimestamp(round(at), datetime.UTC).isoformat()

    return value


def _presence(payload: str) -> Request:
    return "presence", {"home": {"ON": "on", "OFF": "off"}.get(payload)}


def _stills_of_alerts(snapshot: Snapshot) -> bool:
    """Whether the owner opted in to them."""
    return "alert_pictures" in snapshot.measures


def _stills_of_now(snapshot: Snapshot) -> bool:
    """Whether the owner opted in to them, and the shutter lets anybody look."""
    return "camera_stills" in snapshot.measures and snapshot.shutter is ShutterState.OPEN


def _siren(payload: str) -> Request:
    """Home Assistant's siren sends JSON: the state, and what it was asked for beside it."""
    try:
        body = json.loads(payload)
        arguments = {"state": {"ON": "on", "OFF": "off"}.get(body.get("state"))}
        seconds, volume = body.get("duration"), body.get("volume_level")
        arguments |= {} if seconds is None else {"seconds": seconds}
        return "siren", arguments | ({} if volume is None else {"volume": max(1.0, 100.0 * volume)})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return "siren", {"state": None}


AWAY: tuple[Entity, ...] = (
    Entity(
        "alarm",
        Platform.ALARM,
        "Alarm",
        value=lambda s: s.alarm.value,
        command=_alarm,
        options={
            "supported_features": ("arm_away", "arm_night"),
            "code": "REMOTE_CODE",
            # The device judges the code; whether there is one, it alone knows.
            "code_arm_required": False,
            "code_disarm_required": False,
            "command_template": '{"action":"{{ action }}","code":"{{ code }}"}',
        },
        pace=URGENT,
        most_bytes=512,
    ),
    Entity(
        "someone_home",
        Platform.SWITCH,
        "Somebody at home",
        value=lambda s: on(s.someone_home),
        command=_presence,
        options={"icon": "mdi:home-account", **CONFIG},
        pace=URGENT,
    ),
    Entity(
        "alert",
        Platform.EVENT,
        "Alert",
        options={"icon": "mdi:alert"},
        kinds=tuple(kind.value for kind in AlertKind),
    ),
    Entity(
        "test_alert",
        Platform.BUTTON,
        "Test alert",
        command=press("test_alert"),
        options={"icon": "mdi:bell-ring", **CONFIG},
    ),
    Entity(
        "siren",
        Platform.SIREN,
        "Siren",
        value=lambda s: on(s.measures.get("siren", 0.0) > 0.0),
        command=_siren,
        options={"support_duration": True, "support_volume_set": True},
        pace=URGENT,
        available=lambda s: "siren" in s.measures,
        only="with a loudspeaker (`speaker.device`)",
        most_bytes=256,
    ),
    Entity(
        "next_pan",
        Platform.SENSOR,
        "Next pan",
        value=_moment("next_pan"),
        options=_TIME,
        pace=Pace(every=1.0),
    ),
    Entity(
        "last_alert",
        Platform.SENSOR,
        "Last alert",
        value=_moment("last_alert"),
        options=_TIME,
        pace=URGENT,
    ),
    Entity(
        "last_alert_image",
        Platform.IMAGE,
        "Last alert picture",
        available=_stills_of_alerts,
        only="with `alerts.pictures` on",
    ),
    Entity(
        "camera",
        Platform.CAMERA,
        "Camera",
        available=_stills_of_now,
        only="with `mqtt.still_every` set, and the shutter open",
    ),
)
