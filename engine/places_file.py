"""The places of a home on disk: read with a clear error, written whole or not at all.

It keeps what `engine.core.places` holds in `state_dir`, and decides nothing
about places. A file that cannot be understood is never overwritten: whoever
edits it is told where it is wrong, and a running engine sets it aside.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.core.places import MOST, WIDEST, Origin, Place, Places, Sense
from engine.errors import UserError
from engine.files import write_atomically

log = logging.getLogger(__name__)

FILE = "places.json"
VERSION = 1


class PlacesFile:
    """`load` reads, `keep` writes when something lasting has changed."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._written: tuple[Place, ...] | None = None

    def load(self) -> Places:
        """Raises UserError naming file, place and key; no file means no places."""
        try:
            body = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            self._written = ()
            return Places()
        except OSError as error:
            raise self._bad(f"cannot be read ({error.strerror})") from None
        except (ValueError, RecursionError):
            raise self._bad("is not JSON") from None
        places = self._places(body)
        self._written = places.items
        return places

    def load_or_set_aside(self) -> tuple[Places, str]:
        """For a device that must start: a bad file is renamed, not lost, and told (else empty)."""
        try:
            return self.load(), ""
        except UserError as error:
            aside = self._aside()
            try:
                self.path.rename(aside)
            except OSError:
                # Not even that: then nothing is written over it.
                self._written = None
                return Places(), str(error)
            self._written = ()
            return Places(), f"{error}; set aside as {aside.name}"

    def keep(self, items: Sequence[Place]) -> None:
        """Write what lasts, if it is not what the file says. A full disk costs only this."""
        lasting = Places(tuple(items)).lasting()
        if self._written is None or lasting == self._written:
            return
        self._written = lasting
        try:
            self.write(lasting)
        except OSError as error:
            log.warning("%s cannot be written (%s): places end here", self.path, error.strerror)

    def write(self, items: Sequence[Place]) -> None:
        """Raises OSError, and then the file is what it was."""
        body = {"version": VERSION, "places": [_as_dictionary(place) for place in items]}
        write_atomically(self.path, json.dumps(body, indent=1).encode() + b"\n")

    def _aside(self) -> Path:
        number = 1
        while (aside := self.path.with_name(f"{FILE}.unreadable-{number}")).exists():
            number += 1
        return aside

    def _bad(self, problem: str) -> UserError:
        return UserError(f"{self.path}: {problem}", "mend it, or move it away to start afresh")

    def _places(self, body: object) -> Places:
        if not isinstance(body, dict) or body.get("version") != VERSION:
            raise self._bad(f"version: must be {VERSION}")
        entries = body.get("places")
        if not isinstance(entries, list) or len(entries) > MOST:
            raise self._bad(f"places: must be a list of at most {MOST}")
        found: list[Place] = []
        for index, entry in enumerate(entries):
            try:
                found.append(_place(entry))
            except ValueError as problem:
                raise self._bad(f"places[{index}].{problem}") from None
        numbers = [place.id for place in found]
        if len(set(numbers)) < len(numbers):
            raise self._bad("places: two have the same id")
        return Places(tuple(found))


def _as_dictionary(place: Place) -> dict[str, object]:
    return {
        "id": place.id,
        "bearing": place.bearing,
        "width": place.width,
        "sense": None if place.sense is None else place.sense.value,
        "origin": place.origin.value,
        "name": place.name,
        "distance": place.distance,
    }


def _number(low: float, high: float) -> Callable[[object], float]:
    def check(value: object) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not low <= value <= high:  # type: ignore[operator,arg-type]
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)  # type: ignore[arg-type]

    return check


def _id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**9:
        raise ValueError("must be a whole number above 0")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise ValueError("must be a printable text")
    return value


def _sense(value: object) -> Sense | None:
    return None if value is None else Sense(str(value))


def _distance(value: object) -> float | None:
    return None if value is None else _number(0.0, 100.0)(value)


FIELDS: Mapping[str, Callable[[object], Any]] = {
    "id": _id,
    "bearing": _number(-180.0, 180.0),
    "width": _number(0.1, max(WIDEST, 360.0)),
    "sense": _sense,
    "origin": lambda value: Origin(str(value)),
    "name": _name,
    "distance": _distance,
}


def _place(entry: object) -> Place:
    """Raises ValueError that begins with the key."""
    if not isinstance(entry, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - worded for the file's owner
    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise ValueError(f"{unknown[0]}: there is no such key")
    values: dict[str, Any] = {}
    for key, check in FIELDS.items():
        if key not in entry:
            raise ValueError(f"{key}: is missing")
        try:
            values[key] = check(entry[key])
        except (ValueError, TypeError, OverflowError) as problem:
            raise ValueError(f"{key}: {problem}") from None
    return Place(**values)
