"""What happened, for the owner to read back: a bounded log in SQLite, and its export.

Kept apart from the outbox, so that its size never stands in an alert's way;
for the same reason it is flushed in batches, and a power cut may cost its
last seconds. Words and numbers only. Blocking: called from one worker's
thread.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "history.db"
MOST_EVENTS = 100_000
"""About 20 MB."""

DAY = 86_400.0

COLUMNS = ("at", "key", "kind", "bearing", "detail")

_TABLE = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY, at REAL NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
  bearing REAL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_at ON events (at);
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Something that happened at `at`, seconds since 1970: of what (`key`) and what (`kind`)."""

    at: float
    key: str
    kind: str
    bearing: float | None = None
    detail: str = ""


class History:
    """`open`, then the rest, then `close`. Raises sqlite3.Error where the file cannot serve."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """A file that is no database is replaced: history is worth less than a start."""
        try:
            self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    self._file.with_name(self._file.name + end).unlink()
            self._connect()

    def _connect(self) -> None:
        new = not self._file.exists()
        db = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            if new:
                self._file.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.executescript(_TABLE)
        except sqlite3.Error:
            db.close()
            raise
        self._db = db

    def close(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def add(self, events: Iterable[Past]) -> None:
        rows = [(e.at, e.key, e.kind, e.bearing, e.detail[:300]) for e in events]
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)", rows)
        finally:
            self._connection.execute("COMMIT")

    def forget(self, before: float) -> None:
        """Drop what is older than `before`, and the oldest of what is too much."""
        self._connection.execute("DELETE FROM events WHERE at < ?", (before,))
        self._connection.execute(
            "DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?",
            (MOST_EVENTS,),
        )

    def since(self, start: float, end: float = 1e12, most: int = MOST_EVENTS) -> list[Past]:
        """What happened in [start, end), oldest first; of too much the newest."""
        rows = self._connection.execute(
            "SELECT at, key, kind, bearing, detail FROM events WHERE at >= ? AND at < ?"
            " ORDER BY number DESC LIMIT ?",
            (start, end, most),
        ).fetchall()
        return [Past(*row) for row in reversed(rows)]

    def standing(self, start: float) -> list[Past]:
        """What a picture that begins at `start` must know of before, oldest first.

        Since the engine last started or stopped: the newest of what lasts, and who came and
        left in the day before; and the very last event, whatever it was.
        """
        row = self._connection.execute(
            "SELECT max(number) FROM events WHERE at < ? AND key = 'engine'", (start,)
        ).fetchone()
        (begun,) = row if row[0] is not None else (0,)
        rows = self._connection.execute(
            "SELECT at, key, kind, bearing, detail FROM events WHERE number IN ("
            " SELECT max(number) FROM events WHERE at < :start AND number >= :begun"
            "  AND key IN ('engine', 'alarm', 'shutter', 'motion') GROUP BY key"
            " UNION SELECT max(number) FROM events WHERE at < :start"
            " UNION SELECT number FROM events WHERE at < :start AND at >= :start - :day"
            "  AND number >= :begun AND key IN ('person', 'viewer')"
            ") ORDER BY number",
            {"start": start, "begun": begun, "day": DAY},
        ).fetchall()
        return [Past(*row) for row in rows]

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the history is closed")
        return self._db


def as_json(events: Iterable[Past]) -> str:
    return json.dumps([asdict(event) for event in events], separators=(",", ":"))


def as_csv(events: Iterable[Past]) -> str:
    """With a header; a text that a spreadsheet would calculate is made harmless."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for event in events:
        values = asdict(event)
        writer.writerow([_harmless(values[name]) for name in COLUMNS])
    return text.getvalue()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
