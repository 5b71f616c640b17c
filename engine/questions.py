"""The questions of `heliotrope setup`, and what becomes of the answers.

A table of settings with their wording; an answer is typed and bounded by the
same loader that reads the file, so that nothing can be written which cannot
be read. How answers are got (terminal, file) is the command's affair.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from engine.config import Config
from engine.config_check import build
from engine.config_file import parse_config, read_text
from engine.config_yaml import Kind, Scalar, Section
from engine.errors import ManyErrors, UserError
from engine.files import write_atomically

Answers = dict[str, Any]
"""Typed values by dotted key."""


@dataclass(frozen=True, slots=True)
class Question:
    """`asked` looks at the answers so far; `secret` is neither echoed nor shown."""

    key: str
    wording: str
    asked: Callable[[Mapping[str, Any]], bool] = lambda _: True
    secret: bool = False


def _real(key: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda answers: answers[key] not in ("", "simulated", "none")


def _on_a_pin(answers: Mapping[str, Any]) -> bool:
    return bool(answers["shutter.driver"] == "gpio")


QUESTIONS = (
    Question("device.name", "Name of this device"),
    Question("mqtt.host", "Broker: name or address (- for one of our own, to try out)"),
    Question("mqtt.port", "Broker: port (0 for 1883)", _real("mqtt.host")),
    Question("mqtt.username", "Broker: user (- for none)", _real("mqtt.host")),
    Question(
        "mqtt.password",
        "Broker: password (- for none)",
        lambda answers: bool(answers.get("mqtt.username")),
        secret=True,
    ),
    Question("camera.source", "Camera: /dev/video0, picamera, URL, file, simulated or none"),
    Question("camera.field_of_view", "Camera: horizontal angle in degrees", _real("camera.source")),
    Question(
        "camera.mounted_on", "Camera: on the turning head or the base", _real("camera.source")
    ),
    Question("microphones.source", "Microphones: device (default), wav file, simulated or none"),
    Question(
        "microphones.array",
        "Microphones: name of the array, or its YAML file",
        _real("microphones.source"),
    ),
    Question("shutter.driver", "Shutter: gpio, none, or simulated"),
    Question("shutter.pin", "Shutter: GPIO number of its switch", _on_a_pin),
    Question("shutter.closed_when", "Shutter: level of the pin when closed", _on_a_pin),
)
NOTHING = "-"  # the answer that means an empty text; an empty answer keeps what is


def value_of(config: Config, key: str) -> Any:
    """The plain value (text, number) of a dotted key."""
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return str(value) if isinstance(value, StrEnum | Path) else value


def understand(key: str, text: str) -> Any:
    """The typed value of an answer. Raises UserError with the key, the mistake and a remedy."""
    *parents, last = key.split(".")
    origin = "your answer"
    tree = Section(origin, {last: Scalar(origin, text, Kind.RAW)}, {last: origin})
    for name in reversed(parents):
        tree = Section(origin, {name: tree}, {name: origin})
    problems: list[UserError] = []
    config = build(Config, tree, problems)
    if problems:
        raise problems[0]
    return value_of(config, key)


def existing(file: Path) -> dict[str, Any]:
    """The settings in `file`, as plain data; none where it is missing. Raises UserError."""
    if not file.exists():
        return {}
    text = read_text(file)
    parse_config(text, str(file))
    # Valid settings are plain scalars and lists: nothing that could be built.
    return yaml.safe_load(text) or {}


def merged(before: Mapping[str, Any], answers: Mapping[str, Any]) -> str:
    """YAML text: `before` with the answers in place. Raises UserError where they disagree."""
    data = {k: dict(v) if isinstance(v, Mapping) else v for k, v in before.items()}
    for key, value in answers.items():
        *parents, last = key.split(".")
        level: dict[str, Any] = data
        for name in parents:
            level[name] = dict(level.get(name) or {})
            level = level[name]
        level[last] = value
    head = "# Written by `heliotrope setup`; what is not here has its default.\n"
    text = head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    parse_config(text, "the answers")
    return text


def save(file: Path, text: str) -> Path | None:
    """Write `file` in one step; returns the backup of what was there. Raises UserError.

    New files are for their owner alone (a password may be in them); an
    existing one keeps owner and group, so that the service can still read it,
    and loses what it granted to others.
    """
    backup = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600
        before = file.stat() if file.exists() else None
        if before is not None:
            mode = stat.S_IMODE(before.st_mode) & 0o660
            moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            backup = file.with_name(f"{file.name}.{moment}.bak")
            write_atomically(backup, file.read_bytes())
        write_atomically(file, text.encode(), mode)
        if before is not None and os.geteuid() == 0:
            os.chown(file, before.st_uid, before.st_gid)
    except OSError as error:
        raise UserError(
            f"{error.filename or file}: cannot be written ({error.strerror})",
            "name another file with --config, or run it as its owner",
        ) from None
    return backup


def first_line(error: UserError) -> str:
    """What to say before a question is asked again."""
    return error.lines[0] if isinstance(error, ManyErrors) else str(error)
