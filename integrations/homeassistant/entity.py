"""What a row of the entity table is: a key, how its value is read, what a change becomes.

Types and the small helpers that the rows share; the rows are in `controls`,
`sensors`, `events` and `away`, and `entities` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.types import Json, PersonView, Snapshot
from integrations.mqtt.rates import Pace

Value = Callable[[Snapshot], str]
Request = tuple[str, Mapping[str, object]]
"""A command's name and raw arguments; `integrations.commands.build` judges them."""

UNKNOWN = "None"
"""What Home Assistant reads as `unknown`."""

MOST_TEXT = 255
"""A state in Home Assistant is at most this long."""

SLOW = Pace(every=1.0)
URGENT = Pace(urgent=True)
DIAGNOSTIC: Mapping[str, Json] = {"entity_category": "diagnostic"}
CONFIG: Mapping[str, Json] = {"entity_category": "config"}


class Platform(StrEnum):
    ALARM = "alarm_control_panel"
    BINARY_SENSOR = "binary_sensor"
    BUTTON = "button"
    CAMERA = "camera"
    EVENT = "event"
    IMAGE = "image"
    NOTIFY = "notify"
    NUMBER = "number"
    SELECT = "select"
    SENSOR = "sensor"
    SIREN = "siren"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Entity:
    """`options` are further keys of the discovery message, as Home Assistant names them.

    `available` None: whenever the device is; else `only` says in words when. An
    entity that is not available takes no commands. `live` gives options that the
    device itself decides (the ends of a slider); where they change it is announced
    again. `kinds` are an event's types; `most_bytes` bounds what may be written to it.
    """

    key: str
    platform: Platform
    name: str
    value: Value | None = None
    command: Callable[[str], Request] | None = None
    options: Mapping[str, Json | tuple[str, ...]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    available: Callable[[Snapshot], bool] | None = None
    only: str = ""
    live: Callable[[Snapshot], Mapping[str, object]] | None = None
    kinds: tuple[str, ...] = ()
    most_bytes: int = 64


def on(condition: bool) -> str:
    return "ON" if condition else "OFF"


def press(name: str) -> Callable[[str], Request]:
    """A button's command: a press and nothing else."""

    def command(payload: str) -> Request:
        # Anything but a press is an argument that the command does not take.
        return name, {} if payload == "PRESS" else {"payload": None}

    return command


def choose(name: str, argument: str) -> Callable[[str], Request]:
    """A select's command: the option is the argument."""
    return lambda payload: (name, {argument: payload})


def primary(snapshot: Snapshot) -> PersonView | None:
    """The person being faced, if anybody."""
    return next((person for person in snapshot.people if person.primary), None)
