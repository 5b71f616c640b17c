"""The owner's way in: where the running engine listens, and a token of this run only.

One file in the state directory, readable by its owner alone, made anew with
every start and gone at the end; whoever may read it could make tokens anyway.
A copy of it in a backup opens nothing once the engine has ended.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.files import write_atomically

_LOG = logging.getLogger(__name__)

FILE = "way_in.json"


@dataclass(frozen=True, slots=True)
class WayIn:
    """`url` without a slash at its end; `token` goes along as `Authorization: Bearer`."""

    url: str
    token: str = field(repr=False)

    def leave(self, state_dir: Path) -> None:
        """Put it where `find` looks; without it the page works all the same."""
        try:
            write_atomically(state_dir / FILE, json.dumps(asdict(self)).encode() + b"\n")
        except OSError as problem:
            _LOG.warning("%s cannot be written (%s): no `heliotrope arm`", FILE, problem.strerror)


def find(state_dir: Path) -> WayIn | None:
    """That of the engine that uses this directory; None without one. Raises OSError."""
    try:
        body = json.loads((state_dir / FILE).read_bytes())
        return WayIn(str(body["url"]), str(body["token"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def remove(state_dir: Path) -> None:
    """The engine ends."""
    try:
        (state_dir / FILE).unlink(missing_ok=True)
    except OSError as problem:
        _LOG.debug("%s stays: %s", FILE, problem.strerror)
