"""What people set and press: rows of the entity table that are commands."""

from __future__ import annotations

from engine.core.angles import clamp, wrap
from engine.core.places import Places
from engine.core.types import FollowPolicy, Mode, Pace, Snapshot, WakeWordResponse
from integrations.commands import MOST_NAME, MOST_TEXT
from integrations.homeassistant.entity import (
    CONFIG,
    UNKNOWN,
    URGENT,
    Entity,
    Platform,
    Request,
    choose,
    on,
    press,
)
from integrations.mqtt.rates import Pace as Rate


def _follow(payload: str) -> Request:
    policies = {"ON": FollowPolicy.ALL.value, "OFF": FollowPolicy.OFF.value}
    # An option of the select is not a state of the switch.
    return "follow", {"policy": policies.get(payload)}


def _mode(payload: str) -> Request:
    # Away belongs to the alarm: choosing it arms, as the alarm panel does.
    return ("arm", {}) if payload == Mode.AWAY else ("mode", {"mode": payload})


def _turn(payload: str) -> Request:
    try:
        return "turn", {"heading": float(payload)}
    except ValueError:
        return "turn", {"heading": None}


def _heading(snapshot: Snapshot) -> str:
    low, high = snapshot.range
    # Adding zero turns -0.0 into 0.0.
    return f"{round(clamp(snapshot.heading, low, high), 1) + 0.0:.1f}"


def _names(snapshot: Snapshot) -> tuple[str, ...]:
    """The places that the owner gave a name to, each once."""
    return tuple(dict.fromkeys(p.name for p in snapshot.places if p.name))


def _place(snapshot: Snapshot) -> str:
    """Where it looks, in the owner's words."""
    return Places(snapshot.places).named(wrap(snapshot.heading)) or UNKNOWN


def _button(key: str, name: str, command: str, icon: str) -> Entity:
    return Entity(
        key, Platform.BUTTON, name, command=press(command), options={"icon": f"mdi:{icon}"}
    )


CONTROLS: tuple[Entity, ...] = (
    Entity(
        "follow",
        Platform.SWITCH,
        "Follow",
        value=lambda s: on(s.follow is not FollowPolicy.OFF),
        command=_follow,
        options={"icon": "mdi:account-eye"},
        pace=URGENT,
    ),
    Entity(
        "mode",
        Platform.SELECT,
        "Mode",
        value=lambda s: s.mode.value,
        command=_mode,
        options={"options": tuple(mode.value for mode in Mode), "icon": "mdi:state-machine"},
        pace=URGENT,
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
        live=lambda s: {"min": s.range[0], "max": s.range[1]},
        # At most five a second while moving; the noise of a resting axis is no news.
        pace=Rate(every=0.2, step=0.15),
    ),
    _button("centre", "Centre", "centre", "arrow-collapse-horizontal"),
    _button("stop", "Stop", "stop", "stop"),
    _button("look_around", "Look around", "pan", "eye-arrow-left"),
    _button("face_me", "Turn to me", "face_me", "account-arrow-left"),
    Entity(
        "look_at",
        Platform.SELECT,
        "Look at",
        value=_place,
        command=choose("look_at", "place"),
        options={"icon": "mdi:map-marker-radius"},
        pace=Rate(every=0.5),
        available=lambda s: bool(_names(s)),
        only="once a place has a name",
        live=lambda s: {"options": _names(s)},
        # A character takes up to four bytes.
        most_bytes=4 * MOST_NAME,
    ),
    Entity(
        "motion",
        Platform.SELECT,
        "Motion",
        value=lambda s: s.follow.value,
        command=choose("follow", "policy"),
        options={
            "options": tuple(policy.value for policy in FollowPolicy),
            "icon": "mdi:rotate-orbit",
            **CONFIG,
        },
        pace=URGENT,
    ),
    Entity(
        "pace",
        Platform.SELECT,
        "Pace",
        value=lambda s: s.pace.value,
        command=choose("pace", "pace"),
        options={
            "options": tuple(pace.value for pace in Pace),
            "icon": "mdi:speedometer",
            **CONFIG,
        },
        pace=URGENT,
    ),
    Entity(
        "wake_word_response",
        Platform.SELECT,
        "Wake word response",
        value=lambda s: s.wake_word_response.value,
        command=choose("wake_word", "response"),
        options={
            "options": tuple(response.value for response in WakeWordResponse),
            "icon": "mdi:account-voice",
            **CONFIG,
        },
        pace=URGENT,
    ),
    Entity(
        "range_setup",
        Platform.BUTTON,
        "Start range set-up",
        command=press("range_setup"),
        options={"icon": "mdi:arrow-left-right", **CONFIG},
        available=lambda s: s.turned_by_hand,
        only="where hands can turn the head",
    ),
    Entity(
        "message",
        Platform.NOTIFY,
        "Message",
        command=lambda payload: ("show", {"text": " ".join(payload.split())}),
        options={"icon": "mdi:message-text"},
        # A character takes up to four bytes.
        most_bytes=4 * MOST_TEXT,
    ),
)
