"""Rules between settings, where each alone would be allowed.

One table: the keys concerned, what must hold, and the sentence to say when it
does not. The loader adds the origin; nothing here reads or changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.config import (
    AlertChannel,
    AlertsConfig,
    AxisDriver,
    Config,
    LampsDriver,
    ShutterDriver,
)

# What a servo's line carries for one set-point: a question, a command and both answers, of 62 bytes
# with 10 bits each.
SET_POINT_BITS = 620.0
# Set-points that take so many times their time always come late (`engine.loops.tempo`). Up to there
# a servo as it comes from its maker works with the rate that is the default, less smoothly.
LATE = 1.5


@dataclass(frozen=True, slots=True)
class Rule:
    """`keys[0]` is the setting named in the error; the others explain it."""

    keys: tuple[str, ...]
    holds: Callable[[Config], bool]
    wrong: Callable[[Config], str]
    remedy: str


def _below(low: str, high: str) -> Rule:
    return Rule(
        (low, high),
        lambda c: _get(c, low) < _get(c, high),
        lambda c: f"{_get(c, low):g} must be below {high}, which is {_get(c, high):g}",
        f"lower {low} or raise {high}",
    )


def _ascending(low: str, high: str) -> Rule:
    return Rule(
        (low, high),
        lambda c: _get(c, low) <= _get(c, high),
        lambda c: f"{_get(c, low):g} must not exceed {high}, which is {_get(c, high):g}",
        f"lower {low} or raise {high}",
    )


def _get(config: Config, key: str) -> float:
    value: object = config
    for name in key.split("."):
        value = getattr(value, name)
    assert isinstance(value, int | float)
    return value


def _uses(config: Config, channel: AlertChannel) -> bool:
    return channel in (*config.alerts.channels, *config.alerts.fallback)


def _pins(config: Config) -> dict[str, int]:
    """Keys and numbers of all GPIO pins that are used."""
    found: dict[str, int] = {}
    for name, section in (("shutter", config.shutter), ("mute", config.mute)):
        if section.driver is ShutterDriver.GPIO:
            found |= {f"{name}.pin": section.pin, f"{name}.second_pin": section.second_pin}
    if config.lamps.driver is LampsDriver.GPIO:
        found["lamps.viewer_pin"] = config.lamps.viewer_pin
        found["lamps.shutter_pin"] = config.lamps.shutter_pin
    return {key: pin for key, pin in found.items() if pin >= 0}


def _shared(key: str) -> Rule:
    """A pin of one key is no other's."""

    def others(config: Config) -> list[str]:
        pins = _pins(config)
        before = list(pins)[: list(pins).index(key)] if key in pins else []
        return [other for other in before if pins[other] == pins[key]]

    return Rule(
        (key,),
        lambda c: not others(c),
        lambda c: f"{_get(c, key):g} is the pin of {others(c)[0]} too",
        "give each a GPIO pin of its own",
    )


RULES = (
    *(
        _shared(key)
        for key in (
            "shutter.second_pin",
            "mute.pin",
            "mute.second_pin",
            "lamps.viewer_pin",
            "lamps.shutter_pin",
        )
    ),
    Rule(
        ("axis.range",),
        lambda c: c.axis.range[0] < c.axis.range[1],
        lambda c: f"{list(c.axis.range)}: the low end must be below the high end",
        "write [low, high], for instance [-175, 175]",
    ),
    Rule(
        ("axis.range",),
        lambda c: c.axis.range[1] - c.axis.range[0] <= 360.0,
        lambda c: f"{list(c.axis.range)} is wider than a whole turn",
        "choose ends at most 360 degrees apart",
    ),
    Rule(
        ("axis.range", "axis.zero_deg"),
        lambda c: (
            c.axis.driver is not AxisDriver.DYNAMIXEL
            or (
                c.axis.range[0] + c.axis.zero_deg >= -180.0
                and c.axis.range[1] + c.axis.zero_deg < 180.0
            )
        ),
        lambda c: (
            f"{list(c.axis.range)} with zero_deg {c.axis.zero_deg:g} leaves the servo's own turn"
        ),
        "mount the servo's centre mark nearer to straight ahead, or narrow the range",
    ),
    Rule(
        ("axis.rate_hz", "axis.dynamixel.baud"),
        lambda c: (
            c.axis.driver is not AxisDriver.DYNAMIXEL
            or c.axis.rate_hz * SET_POINT_BITS <= LATE * c.axis.dynamixel.baud
        ),
        lambda c: (
            f"{c.axis.rate_hz:g} Hz is more than a line of {c.axis.dynamixel.baud} baud carries, "
            f"which is about {c.axis.dynamixel.baud / SET_POINT_BITS:.0f}"
        ),
        "raise axis.dynamixel.baud, in the servo too, or lower axis.rate_hz",
    ),
    Rule(
        ("axis.range",),
        lambda c: c.axis.range[0] >= c.axis.range[1] or c.axis.range[0] <= 0.0 <= c.axis.range[1],
        lambda c: (
            f"{list(c.axis.range)} leaves out 0, the mechanical centre, where the head starts"
        ),
        "mount the base so that 0 is inside, or widen it",
    ),
    Rule(
        ("camera.max_fps", "tracking.confirm_sightings", "tracking.confirm_within"),
        lambda c: (
            (c.tracking.confirm_sightings - 1) <= c.tracking.confirm_within * c.camera.max_fps
        ),
        lambda c: (
            f"{c.camera.max_fps:g} frames/s never give {c.tracking.confirm_sightings} sightings "
            f"within {c.tracking.confirm_within:g} s, so nobody would be believed in"
        ),
        "raise it or tracking.confirm_within, or lower tracking.confirm_sightings",
    ),
    _ascending("axis.motion.gentle", "axis.motion.normal"),
    _ascending("axis.motion.normal", "axis.motion.brisk"),
    _ascending("axis.contact.push_torque", "axis.contact.stall_torque"),
    _below("zones.near", "zones.far"),
    _below("zones.dead_near", "zones.holding_near"),
    _below("zones.dead_far", "zones.holding_far"),
    _ascending("tracking.forget_seen", "tracking.forget_unseen"),
    Rule(
        ("mqtt.password", "mqtt.username"),
        lambda c: bool(c.mqtt.username) or not c.mqtt.password,
        lambda _: "is of no use without mqtt.username",
        "set mqtt.username too",
    ),
    *(
        Rule(
            (f"mqtt.{key}", "mqtt.tls"),
            lambda c, key=key: c.mqtt.tls or not getattr(c.mqtt, key),  # type: ignore[misc]
            lambda _: "is of no use without mqtt.tls",
            "set mqtt.tls: true",
        )
        for key in ("ca_file", "cert_file", "key_file")
    ),
    Rule(
        ("mqtt.key_file", "mqtt.cert_file"),
        lambda c: bool(c.mqtt.cert_file) or not c.mqtt.key_file,
        lambda _: "is of no use without mqtt.cert_file",
        "set mqtt.cert_file too",
    ),
    Rule(
        ("alerts.apprise",),
        lambda c: bool(c.alerts.apprise) or not _uses(c, AlertChannel.APPRISE),
        lambda _: "is empty, and alerts.channels or alerts.fallback wants it",
        "write an address such as ntfy://host/topic",
    ),
    Rule(
        ("alerts.apprise",),
        lambda c: not c.alerts.apprise or _uses(c, AlertChannel.APPRISE),
        lambda _: "is used by no channel",
        "add apprise to alerts.channels or alerts.fallback",
    ),
    Rule(
        ("alerts.home_assistant.phones",),
        lambda c: bool(c.alerts.home_assistant.phones) or not _uses(c, AlertChannel.HOME_ASSISTANT),
        lambda _: "is empty, and alerts.channels or alerts.fallback wants it",
        "name a notify service such as mobile_app_pixel, or notify for all",
    ),
    Rule(
        ("alerts.fallback", "alerts.channels"),
        lambda c: bool(c.alerts.channels) or not c.alerts.fallback,
        lambda _: "stands in for alerts.channels, of which there is none",
        "put what should be tried first into alerts.channels",
    ),
    Rule(
        ("alerts.channels", "mqtt.enabled"),
        lambda c: c.mqtt.enabled or not _uses(c, AlertChannel.MQTT) or c.alerts == AlertsConfig(),
        lambda _: "mqtt needs mqtt.enabled",
        "set mqtt.enabled: true, or choose other channels",
    ),
    Rule(
        ("alerts.home_assistant.token", "alerts.home_assistant.url"),
        lambda c: bool(c.alerts.home_assistant.url) == bool(c.alerts.home_assistant.token),
        lambda _: "and alerts.home_assistant.url go together",
        "set both, or neither inside an add-on",
    ),
    Rule(
        ("mqtt.tls", "mqtt.host"),
        lambda c: bool(c.mqtt.host) or not c.mqtt.tls,
        lambda _: "needs a broker of yours; our own listens on loopback only",
        "set mqtt.host, or leave mqtt.tls false",
    ),
)
