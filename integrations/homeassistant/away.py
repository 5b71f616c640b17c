"""What away mode will bring to life: declared, so that keys and names are settled; unavailable."""

from __future__ import annotations

from engine.core.types import Json
from integrations.homeassistant.entity import UNKNOWN, Entity, Platform, not_yet, press
from integrations.mqtt.rates import Pace

_TIME: dict[str, Json] = {"device_class": "timestamp"}

AWAY: tuple[Entity, ...] = (
    Entity(
        "alarm",
        Platform.ALARM,
        "Alarm",
        value=lambda s: "armed_away" if s.armed else "disarmed",
        command=lambda payload: (payload.lower(), {}),
        options={
            "supported_features": ("arm_away", "arm_night"),
            "code": "REMOTE_CODE",
            "code_arm_required": False,
            "command_template": '{"action":"{{ action }}","code":"{{ code }}"}',
        },
        pace=Pace(urgent=True),
        available=not_yet,
    ),
    Entity(
        "alert",
        Platform.EVENT,
        "Alert",
        options={"icon": "mdi:alert"},
        kinds=("person", "voice", "smoke_alarm", "co_alarm", "crash", "covered", "test"),
    ),
    Entity(
        "test_alert",
        Platform.BUTTON,
        "Test alert",
        command=press("test_alert"),
        options={"icon": "mdi:bell-ring", "entity_category": "config"},
        available=not_yet,
    ),
    Entity(
        "next_pan",
        Platform.SENSOR,
        "Next pan",
        value=lambda _: UNKNOWN,
        options=_TIME,
        available=not_yet,
    ),
    Entity(
        "last_alert",
        Platform.SENSOR,
        "Last alert",
        value=lambda _: UNKNOWN,
        options=_TIME,
        available=not_yet,
    ),
    Entity("last_alert_image", Platform.IMAGE, "Last alert picture", available=not_yet),
    Entity("camera", Platform.CAMERA, "Camera", available=not_yet),
)
