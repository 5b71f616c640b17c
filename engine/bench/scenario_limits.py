"""What nobody can do in a scenario: walk at no speed, stay for less than no time.

Types and bounds of single numbers are checked with the file; this is for
numbers that seeds draw, and for commands, which are what the motion API takes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from engine.config_check import suggestion
from engine.sim.scenario import (
    Actor,
    Happening,
    Leg,
    Occurrence,
    Place,
    Scenario,
    Spread,
    Utterance,
)
from integrations.commands import FOR_THE_DESK, SIMULATED_ONLY, VERBS, CommandError
from integrations.commands import build as build_command

NOT_NEGATIVE = {
    Leg: ("stay", "every"),
    Utterance: ("seconds",),
    Occurrence: ("seconds", "every"),
    Place: ("distance",),
}
COMMANDS = tuple(name for name in VERBS if name not in FOR_THE_DESK | SIMULATED_ONLY)


def impossible(scenario: Scenario) -> Iterator[str]:
    """Mistakes as `key path: what; remedy`."""
    for path, value in walk(scenario):
        for key in NOT_NEGATIVE.get(type(value), ()):
            number = getattr(value, key)
            if isinstance(number, Spread) and number.low < 0.0:
                yield f"{path}.{key}: {number.low:g} is below 0; write 0 or more"
        if isinstance(value, Leg) and value.speed.low <= 0.0:
            slow = f"nobody gets anywhere at {value.speed.low:g} m/s"
            yield f"{path}.speed: {slow}; write more than 0"
        if isinstance(value, Actor):
            yield from _inside_the_device(value, path)
        if isinstance(value, Occurrence) and value.kind is Happening.COMMAND:
            yield from _no_command(value, path)


def _inside_the_device(actor: Actor, path: str) -> Iterator[str]:
    for below, value in walk(actor, path):
        if isinstance(value, Place) and value.distance is not None and value.distance.low == 0.0:
            yield f"{below}.distance: nobody stands in the device itself; write more than 0"


def _no_command(event: Occurrence, path: str) -> Iterator[str]:
    if event.name not in COMMANDS:
        close = suggestion(event.name, COMMANDS)
        hint = f"did you mean {close}?" if close else f"choose one of {', '.join(COMMANDS)}"
        yield f"{path}.name: there is no command {event.name or 'without a name'}; {hint}"
        return
    given = {a.name: a.value for a in event.arguments}
    try:
        build_command(event.name, given, t=0.0, source="scenario")
    except CommandError as error:
        takes = VERBS[event.name].arguments.items()
        listed = ", ".join(f"{name} ({argument.says})" for name, argument in takes)
        quotes = ", and on and off in quotes" if bool in map(type, given.values()) else ""
        yield f"{path}.arguments: {error}; write {listed or 'none'}{quotes}"


def walk(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every dataclass in `value`, itself included, with its key path."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}.{index + 1}")
    elif dataclasses.is_dataclass(value):
        yield path.lstrip("."), value
        for f in dataclasses.fields(value):
            yield from walk(getattr(value, f.name), f"{path}.{f.name}")
