"""A `Snapshot` as JSON, field by field from one table, for the page and the broker.

What is not in the table does not leave the process. Numbers are rounded to
what a person can use (0.1 deg, 1 cm), which also keeps messages from changing
when nothing did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.places import Place
from engine.core.types import PersonView, PetView, Snapshot, SoundView

Encoder = Callable[[Any], object]


def _rounded(digits: int) -> Encoder:
    def encode(value: float | None) -> float | None:
        return None if value is None else round(value, digits) + 0.0

    return encode


def _same(value: object) -> object:
    return value


DEGREES = _rounded(1)
METRES = _rounded(2)
SHARE = _rounded(2)
SECONDS = _rounded(3)

PERSON: Mapping[str, Encoder] = {
    "id": _same,
    "bearing": DEGREES,
    "bearing_std": DEGREES,
    "distance": METRES,
    "engagement": SHARE,
    "confidence": SHARE,
    "seen": _same,
    "speaking": _same,
    "primary": _same,
}
PET: Mapping[str, Encoder] = {"label": str, "bearing": DEGREES, "distance": METRES}
SOUND: Mapping[str, Encoder] = {
    "t": SECONDS,
    "bearing": DEGREES,
    "confidence": SHARE,
    "kind": str,
    "wake_word": _same,
}


PLACE: Mapping[str, Encoder] = {
    "id": _same,
    "name": _same,
    "bearing": DEGREES,
    "width": DEGREES,
    "distance": METRES,
    "sense": lambda sense: None if sense is None else str(sense),
    "origin": str,
}


def record(
    table: Mapping[str, Encoder], value: PersonView | PetView | SoundView | Place
) -> dict[str, object]:
    """The fields of `value` that `table` names."""
    return {name: encoder(getattr(value, name)) for name, encoder in table.items()}


def _record(table: Mapping[str, Encoder]) -> Encoder:
    return lambda value: record(table, value)


def _each(encoder: Encoder) -> Encoder:
    return lambda values: [encoder(value) for value in values]


SNAPSHOT: Mapping[str, Encoder] = {
    "t": SECONDS,
    "mode": str,
    "follow": str,
    "heading": DEGREES,
    "velocity": DEGREES,
    "moving": _same,
    "target": DEGREES,
    "range": _each(DEGREES),
    "dead": DEGREES,
    "holding": DEGREES,
    "zone": lambda zone: None if zone is None else str(zone),
    "reason": lambda reason: {"code": reason.code, "text": reason.text},
    "people": _each(_record(PERSON)),
    "pets": _each(_record(PET)),
    "sounds": _each(_record(SOUND)),
    "primary": _same,
    "shutter": str,
    "muted": _same,
    "viewers": _same,
    "armed": _same,
    "problems": _each(_same),
    "pace": str,
    "wake_word_response": str,
    "message": _same,
    "measures": lambda measures: {name: round(value, 2) for name, value in measures.items()},
    "notes": dict,
    "turned_by_hand": _same,
    "places": _each(_record(PLACE)),
    "alarm": str,
    "alarm_until": SECONDS,
    "someone_home": _same,
}


def encode(snapshot: Snapshot) -> dict[str, object]:
    """The JSON object of `snapshot`, keys as in `core.types.Snapshot`."""
    return {name: encoder(getattr(snapshot, name)) for name, encoder in SNAPSHOT.items()}


def to_json(value: object) -> str:
    """Compact JSON that is valid everywhere: ASCII, no NaN."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
