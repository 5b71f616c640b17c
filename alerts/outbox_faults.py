"""What can go wrong with the outbox's file, in words; and how a change gets past damage.

Says what a fault of SQLite means and when to begin anew; it touches no file.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""The primary codes of SQLite for a file that holds what no database would."""


class OutboxFailed(Exception):
    """The outbox could not keep this: the disk is full, or worse."""


class OutboxDamaged(OutboxFailed):
    """The file holds what no database would."""


class Mendable(Protocol):
    """A box that may have `begin_anew` set its file aside, where that is its `own`."""

    @property
    def own(self) -> bool: ...

    def begin_anew(self) -> None: ...


_B = TypeVar("_B", bound=Mendable)
_P = ParamSpec("_P")
_T = TypeVar("_T")


def mending(
    change: Callable[Concatenate[_B, _P], _T],
) -> Callable[Concatenate[_B, _P], _T]:
    """A change that comes upon damage is made in a new file: an alert must be kept."""

    @functools.wraps(change)
    def whole(box: _B, /, *args: _P.args, **named: _P.kwargs) -> _T:
        try:
            return change(box, *args, **named)
        except OutboxDamaged:
            if not box.own:
                raise
            box.begin_anew()
            return change(box, *args, **named)

    return whole


def fault(problem: sqlite3.Error) -> OutboxFailed:
    """What to raise for it."""
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    text = str(problem)
    if code in DAMAGED:
        return OutboxDamaged(text)
    full = "full" in text or "disk I/O" in text
    return OutboxFailed("the disk is full; free some space" if full else text)
