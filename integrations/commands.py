"""The commands of the motion API: one table, and the way from bytes to a `Command`.

Everything that reaches the engine from outside passes `parse` or `build`; what
they let through is typed, bounded and complete. They change nothing and raise
only `CommandError`, whatever the bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from engine.core.places import BOTH, NARROWEST, WIDEST, Sense
from engine.core.types import Command, FollowPolicy, Json, Mode, Pace, WakeWordResponse

MOST_BYTES = 4096
"""A command is a line of JSON; anything larger is none."""

MOST_TEXT = 200
"""What fits on the screen and is read at a glance."""

MOST_NAME = 40
"""What fits beside a mark on the page."""

MOST_CODE = 64
"""A longer code is no code, and slow to hash."""

_ID = re.compile(r"[!-~]{1,64}\Z")

_TAG = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")

_WORD = re.compile(r"[A-Za-z0-9_-]{0,40}\Z")


class CommandError(ValueError):
    """Not a command. `id` is the sender's where it could be read, else empty."""

    def __init__(self, message: str, id: str = "") -> None:  # noqa: A002
        super().__init__(message)
        self.id = id


Check = Callable[[object], Json]
"""Returns the argument, typed and bounded, or raises ValueError with what was expected."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument must be; `says` is that in words, for people.

    One that is not `required` is left out where the sender left it out.
    """

    check: Check
    says: str
    required: bool = True

    def optional(self) -> Argument:
        return replace(self, required=False)


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of the API: what it is for, and what it takes."""

    about: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)


def _one_of(*allowed: str) -> Argument:
    says = f"one of {', '.join(allowed)}"

    def check(value: object) -> Json:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be {says}")
        return value

    return Argument(check, says)


def _enum(kind: type[StrEnum], *without: StrEnum) -> Argument:
    return _one_of(*(member.value for member in kind if member not in without))


def _number(low: float, high: float, unit: str) -> Argument:
    says = f"between {low:g} and {high:g} {unit}"

    def check(value: object) -> Json:
        # bool is an int to Python, never to a person; huge integers do not fit a float.
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number of {unit}")  # noqa: TRY004
        if not low <= value <= high:
            raise ValueError(f"must be {says}")
        return float(value)

    return Argument(check, says)


def _matching(holds: Callable[[str], object], says: str) -> Argument:
    def check(value: object) -> Json:
        if not isinstance(value, str) or not holds(value):
            raise ValueError(f"must be {says}")
        return value

    return Argument(check, says)


WORD = _matching(_WORD.match, "a word of up to 40 letters, digits, - and _")
TEXT = _matching(
    lambda value: len(value) <= MOST_TEXT and value.isprintable(),
    f"one line of up to {MOST_TEXT} printable characters",
)
NAME = _matching(
    lambda value: 0 < len(value) <= MOST_NAME and value.isprintable() and value == value.strip(),
    f"a name of 1 to {MOST_NAME} printable characters",
)
TAG = _matching(_TAG.match, "an alert's tag")
CODE = _matching(
    lambda value: len(value) <= MOST_CODE and value.isprintable(),
    f"up to {MOST_CODE} printable characters",
)
HEADING = _number(-360.0, 360.0, "degrees")
PACE = _enum(Pace).optional()
WIDTH = _number(NARROWEST, WIDEST, "degrees")

VERBS: Mapping[str, Verb] = {
    "follow": Verb("when follow mode may turn the head", {"policy": _enum(FollowPolicy)}),
    "mode": Verb(
        "what the device does; `away` is reached by `arm`",
        {"mode": _enum(Mode, Mode.AWAY)},
    ),
    "turn": Verb(
        "turn to a heading, unwrapped, inside the range of motion",
        {"heading": HEADING, "pace": PACE},
    ),
    "centre": Verb("turn to the mechanical centre"),
    "stop": Verb("brake now and stay"),
    "release": Verb("torque off: the head can be turned by hand"),
    "face_me": Verb("turn to whoever asks, once"),
    "pan": Verb("look around, once"),
    "arm": Verb(
        "arm the alarm, after an exit delay; `night` watches without moving",
        {
            "mode": _one_of("away", "night").optional(),
            "code": CODE.optional(),
            "delay": _number(0, 3600, "seconds").optional(),
        },
    ),
    "disarm": Verb(
        "disarm the alarm, back to the mode before; with a code where one is set",
        {"code": CODE.optional()},
    ),
    "presence": Verb("whether somebody who lives here is at home", {"home": _one_of("on", "off")}),
    "test_alert": Verb("send an alert through every channel, to try them out"),
    "pause": Verb("no motion until `resume`"),
    "resume": Verb("back to what it did before `pause`"),
    "activity": Verb(
        "what the screen is used for, for the policy `chosen`; empty ends it",
        {"name": WORD},
    ),
    "pace": Verb("how briskly it follows", {"pace": _enum(Pace)}),
    "wake_word": Verb(
        "what the wake word does",
        {"response": _enum(WakeWordResponse)},
    ),
    "show": Verb(
        "show a text on the screen for a while; an empty one clears it",
        {"text": TEXT, "seconds": _number(1.0, 3600.0, "seconds").optional()},
    ),
    "range_setup": Verb(
        "set up the range of motion: turn the head by hand to both ends; `done` or a rest ends it",
        {"step": _one_of("start", "done", "cancel", "reset").optional()},
    ),
    "look_at": Verb("turn to a place by its name", {"place": NAME, "pace": PACE}),
    "name_place": Verb(
        "give a bearing a name, such as sofa or door; the same name again moves it",
        {"name": NAME, "bearing": HEADING.optional(), "width": WIDTH.optional()},
    ),
    "mask_place": Verb(
        "what is seen or heard there alone is nobody: a window, a mirror, a radio",
        {
            "bearing": HEADING.optional(),
            "width": WIDTH.optional(),
            "sense": _one_of(*(s.value for s in Sense), BOTH).optional(),
            "name": NAME.optional(),
        },
    ),
    "clear_places": Verb(
        "forget places: all, learned, masks, names, or one by its number or name",
        {"which": NAME},
    ),
    "snooze": Verb(
        "no alerts of people for a while",
        {"minutes": _number(1.0, 1440.0, "minutes").optional()},
    ),
    "dismiss": Verb(
        "it's fine: no more alerts of this visit, or of the newest",
        {"tag": TAG.optional()},
    ),
    "siren": Verb(
        "sound the device's own siren, where it has a loudspeaker, and the home's",
        {
            "state": _one_of("on", "off").optional(),
            "seconds": _number(1.0, 600.0, "seconds").optional(),
            "volume": _number(1.0, 100.0, "percent").optional(),
        },
    ),
    "shutter": Verb(
        "close or open the shutter of the simulated room",
        {"state": _one_of("open", "closed")},
    ),
    "mute": Verb(
        "mute the microphones of the simulated room, or end it",
        {"muted": _one_of("on", "off")},
    ),
}

FOR_THE_DESK = frozenset({"snooze", "dismiss", "siren"})
"""What the alerts' desk answers, and the core never hears of."""

SIMULATED_ONLY = frozenset({"shutter", "mute"})
"""A real shutter and a real mute are moved by hand, and by nothing else."""


def build(
    name: str,
    arguments: Mapping[str, object],
    *,
    t: float,
    source: str,
    id: str = "",  # noqa: A002
) -> Command:
    """A `Command` out of a name and raw arguments. Raises CommandError."""
    verb = VERBS.get(name)
    if verb is None:
        raise CommandError(f"there is no command of that name; choose from {', '.join(VERBS)}", id)
    unknown = [key for key in arguments if key not in verb.arguments]
    if unknown:
        takes = ", ".join(verb.arguments) or "no arguments"
        raise CommandError(f"{name} has an argument it does not know; it takes {takes}", id)
    checked: dict[str, Json] = {}
    for key, argument in verb.arguments.items():
        if key not in arguments:
            if argument.required:
                raise CommandError(f"{name} needs {key}", id)
            continue
        try:
            checked[key] = argument.check(arguments[key])
        except ValueError as problem:
            raise CommandError(f"{name}: {key} {problem}", id) from None
    return Command(t, name, checked, source=source, id=id)


def parse(payload: bytes, *, t: float, source: str) -> Command:
    """A `Command` out of the JSON `{"id"?, "name", "arguments"?}`. Raises CommandError only."""
    body = parse_object(payload)
    sender_id = _sender_id(body.pop("id", ""))
    name, arguments = body.pop("name", None), body.pop("arguments", {})
    if body:
        raise CommandError("a command has id, name and arguments, nothing else", sender_id)
    if not isinstance(name, str):
        raise CommandError("name must be a string", sender_id)
    if not isinstance(arguments, dict):
        raise CommandError("arguments must be an object", sender_id)
    return build(name, arguments, t=t, source=source, id=sender_id)


def parse_object(payload: bytes) -> dict[str, Any]:
    """The JSON object in `payload`: strict UTF-8, finite numbers, no key twice."""
    if len(payload) > MOST_BYTES:
        raise CommandError(f"a command has at most {MOST_BYTES} bytes")
    try:
        body = json.loads(
            payload.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_small_integer,
        )
    except (ValueError, RecursionError):
        # The reason is left out on purpose: it would quote what the sender sent.
        raise CommandError("not valid JSON") from None
    if not isinstance(body, dict):
        raise CommandError("a command is a JSON object")
    return body


def _sender_id(value: object) -> str:
    if value == "" or (isinstance(value, str) and _ID.match(value)):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise CommandError("id must be up to 64 printable characters without spaces")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key stands twice")
    return body


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _small_integer(text: str) -> int:
    # Longer ones are no degrees and no ids, and slow to convert.
    if len(text) > 20:
        raise ValueError(text)
    return int(text)
