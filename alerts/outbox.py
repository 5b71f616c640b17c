"""The outbox: every notice is on the disk before anybody tries to send it.

SQLite in WAL mode, every commit flushed, so that a kill or a power cut loses
nothing that was committed. Room for 100 notices is taken beforehand. It keeps
and answers; what is sent when is the post office's. Blocking: called from one
worker's thread. It never asks the clock: a clock may jump, and an alert that
is waiting must not grow old by that.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alerts.notice import Notice, decode, encode
from alerts.outbox_faults import OutboxFailed, fault, mending

FILE = "outbox.db"

RESERVED = 100
"""Notices that fit whatever else fills the disk."""
PER_NOTICE = 8192
"""Bytes set aside for each: the notice, its deliveries, and their log, in whole pages."""

CHECKPOINT_PAGES = 64
"""Pages after which the write-ahead log starts again from its beginning, inside its room."""

MOST_ATTEMPTS = 2000
"""Lines of the delivery log that are kept."""

BUSY_SECONDS = 5.0

TABLES = """
CREATE TABLE IF NOT EXISTS notices (
  tag TEXT PRIMARY KEY, revision INTEGER NOT NULL, at REAL NOT NULL, lived REAL NOT NULL,
  body TEXT NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  tag TEXT NOT NULL, channel TEXT NOT NULL, state TEXT NOT NULL, delivered INTEGER NOT NULL,
  attempts INTEGER NOT NULL, PRIMARY KEY (tag, channel)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
  number INTEGER PRIMARY KEY, at REAL NOT NULL, tag TEXT NOT NULL, channel TEXT NOT NULL,
  revision INTEGER NOT NULL, ok INTEGER NOT NULL, seconds REAL NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS room (filler BLOB NOT NULL);
"""

WAITING, STANDBY, DELIVERED, EXPIRED = "waiting", "standby", "delivered", "expired"
OPEN = f"SELECT tag FROM deliveries WHERE state IN ('{WAITING}', '{STANDBY}')"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one notice fares on one channel; `delivered` is the newest revision that arrived."""

    channel: str
    state: str
    delivered: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice with its deliveries; `lived` is seconds of running time since it was put."""

    notice: Notice
    revision: int
    lived: float
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A line of the delivery log."""

    at: float
    tag: str
    channel: str
    revision: int
    ok: bool
    seconds: float
    detail: str


class Outbox:
    """`open`, then the rest, then `close`; each call is one transaction or none.

    `reserve` takes the room beforehand; a tool that only reads leaves it, and
    does not look for damage: the file is the engine's.
    """

    def __init__(self, folder: Path, *, reserve: bool = True) -> None:
        self._file = folder / FILE
        self._room = folder / "outbox.room"
        self.own = reserve
        self._db: sqlite3.Connection | None = None
        self.complaint = ""
        """Why there is no room, or that the old file was set aside; empty when all is well."""

    def open(self) -> None:
        """Raises OutboxFailed. A file that is no database is set aside, never deleted."""
        self.complaint = ""
        if self.own:
            with contextlib.suppress(OSError):
                self._room.unlink(missing_ok=True)
        try:
            self._connect()
        except sqlite3.DatabaseError as problem:
            if isinstance(problem, sqlite3.OperationalError):
                raise fault(problem) from None
            self.begin_anew()
        else:
            self._take_room()

    def begin_anew(self) -> None:
        """Set the file aside and begin another. Raises OutboxFailed."""
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(sqlite3.Error):
                db.close()
        try:
            self._set_aside()
            self._connect()
        except sqlite3.Error as problem:
            raise fault(problem) from None
        except OSError as problem:
            raise OutboxFailed(str(problem.strerror or problem)) from None
        self._take_room()

    def _connect(self) -> None:
        new = not self._file.exists()
        db = sqlite3.connect(
            self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            if new:
                self._file.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            for statement in TABLES.split(";"):
                db.execute(statement)
            if self.own and db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("damaged past its first page")
        except sqlite3.Error:
            db.close()
            raise
        self._db = db

    def _set_aside(self) -> None:
        self.complaint = f"{self._file.name} was damaged and set aside; a new one was begun"
        for end in ("", "-wal", "-shm"):
            old = self._file.with_name(self._file.name + end)
            with contextlib.suppress(FileNotFoundError):
                old.replace(old.with_name(f"broken-{old.name}"))

    def _take_room(self) -> None:
        """Grow the file and its log once by what `RESERVED` notices need, and free that inside.

        Free pages stay the file's own, and the log is written from its
        beginning again: neither asks the disk for more until they are used up.
        """
        if not self.own:
            return
        try:
            with self._change() as db:
                for _ in range(RESERVED):
                    db.execute("INSERT INTO room VALUES (zeroblob(?))", (PER_NOTICE - 500,))
            self._connection.execute("PRAGMA wal_checkpoint(FULL)")
            with self._change() as db:
                db.execute("DELETE FROM room")
            self._connection.execute("PRAGMA wal_checkpoint(FULL)")
        except (OutboxFailed, sqlite3.Error) as problem:
            self.complaint = f"no room can be kept for alerts: {problem}"

    def close(self) -> None:
        """Orderly; the log's file goes, so its room is held by another until the next start."""
        db, self._db = self._db, None
        if db is None:
            return
        with contextlib.suppress(sqlite3.Error):
            db.execute("DELETE FROM room")
        with contextlib.suppress(sqlite3.Error):
            db.close()
        if self.own:
            with contextlib.suppress(OSError), self._room.open("wb") as room:
                os.posix_fallocate(room.fileno(), 0, RESERVED * PER_NOTICE * 2)

    @property
    def is_open(self) -> bool:
        return self._db is not None

    # ------------------------------------------------------------------ writing

    @mending
    def put(
        self,
        notice: Notice,
        now: Sequence[str],
        later: Sequence[str] = (),
        once: Sequence[str] = (),
    ) -> int:
        """Keep `notice` for the channels `now`, and `later` where none of those delivers.

        `once` are those of both that want no update of what they have had.
        Returns its revision: 1, or one more than the notice of the same tag
        that it replaces.
        """
        with self._change() as db:
            (revision, number) = db.execute(
                "SELECT coalesce(max(CASE WHEN tag = ? THEN revision END), 0) + 1,"
                " coalesce(max(number), 0) + 1 FROM notices",
                (notice.tag,),
            ).fetchone()
            db.execute(
                "INSERT INTO notices VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT (tag) DO UPDATE"
                " SET revision = excluded.revision, body = excluded.body, lived = 0",
                (notice.tag, revision, notice.at, encode(notice), number),
            )
            db.executemany(
                "INSERT INTO deliveries VALUES (?1, ?2, ?3, 0, 0) ON CONFLICT (tag, channel)"
                " DO UPDATE SET state = excluded.state WHERE NOT ?4",
                [(notice.tag, name, WAITING, name in once) for name in now]
                + [(notice.tag, name, STANDBY, name in once) for name in later],
            )
        return int(revision)

    @mending
    def note(self, attempt: Attempt, standing: bool = False) -> None:
        """One attempt: the log, and where it arrived the delivery's state.

        `standing`: the channel takes no updates of a visit, so all of them are delivered.
        """
        with self._change() as db:
            db.execute(
                "INSERT INTO attempts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
                (
                    attempt.at,
                    attempt.tag,
                    attempt.channel,
                    attempt.revision,
                    attempt.ok,
                    round(attempt.seconds, 4),
                    attempt.detail[:200],
                ),
            )
            db.execute(
                "DELETE FROM attempts WHERE number <= (SELECT max(number) FROM attempts) - ?",
                (MOST_ATTEMPTS,),
            )
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1,"
                " delivered = CASE WHEN ?1 THEN max(delivered, ?2) ELSE delivered END,"
                " state = CASE WHEN ?1 AND (?3 OR ?2 >="
                " (SELECT revision FROM notices WHERE tag = ?4)) THEN ?6 ELSE state END"
                " WHERE tag = ?4 AND channel = ?5",
                (attempt.ok, attempt.revision, standing, attempt.tag, attempt.channel, DELIVERED),
            )

    @mending
    def promote(self, tag: str) -> None:
        """The channels in reserve take over for this notice."""
        self._execute(
            f"UPDATE deliveries SET state = '{WAITING}' WHERE tag = ? AND state = '{STANDBY}'",  # noqa: S608
            (tag,),
        )

    @mending
    def relieve(self, tag: str) -> None:
        """The channels in reserve are not needed for this notice."""
        self._execute(
            f"DELETE FROM deliveries WHERE tag = ? AND state = '{STANDBY}'",  # noqa: S608
            (tag,),
        )

    @mending
    def live(self, seconds: float, expire: float) -> list[str]:
        """What waits has lived so much longer; the tags that are too old for anybody now."""
        with self._change() as db:
            db.execute(
                f"UPDATE notices SET lived = lived + ? WHERE tag IN ({OPEN})",  # noqa: S608
                (seconds,),
            )
            old = db.execute(
                f"SELECT tag FROM notices WHERE lived > ? AND tag IN ({OPEN})",  # noqa: S608
                (expire,),
            ).fetchall()
            db.executemany(
                f"UPDATE deliveries SET state = '{EXPIRED}' WHERE tag = ?"  # noqa: S608
                f" AND state IN ('{WAITING}', '{STANDBY}')",
                old,
            )
        return [str(tag) for (tag,) in old]

    @mending
    def retry(self, tag: str | None = None) -> int:
        """What expired waits again, as new; how many deliveries that is."""
        with self._change() as db:
            where = f"state = '{EXPIRED}' AND (?1 IS NULL OR tag = ?1)"
            tags = f"SELECT tag FROM deliveries WHERE {where}"  # noqa: S608
            db.execute(f"UPDATE notices SET lived = 0 WHERE tag IN ({tags})", (tag,))  # noqa: S608
            done = db.execute(f"UPDATE deliveries SET state = '{WAITING}' WHERE {where}", (tag,))  # noqa: S608
        return done.rowcount

    @mending
    def forget(self, before: float, most: int) -> None:
        """Drop what is settled and older than `before` (seconds since 1970) or beyond `most`."""
        with self._change() as db:
            db.execute(
                f"DELETE FROM notices WHERE tag NOT IN ({OPEN}) AND"  # noqa: S608
                " (at < ? OR number <= (SELECT max(number) FROM notices) - ?)",
                (before, most),
            )
            db.execute("DELETE FROM deliveries WHERE tag NOT IN (SELECT tag FROM notices)")

    # ------------------------------------------------------------------ reading

    def waiting(self) -> list[Entry]:
        """What somebody still has to be told, oldest first."""
        return self._entries(f"WHERE tag IN ({OPEN})")

    def entries(self, most: int = 100_000) -> list[Entry]:
        """Notices with their deliveries, oldest first, of the newest `most`."""
        return self._entries("", most)

    def had(self, tag: str) -> frozenset[str]:
        """The channels that have delivered something of this tag, be it an older revision."""
        found = self._read("SELECT channel FROM deliveries WHERE tag = ? AND delivered > 0", (tag,))
        return frozenset(str(name) for (name,) in found)

    def _entries(self, which: str, most: int = 100_000) -> list[Entry]:
        rows = self._read(
            f"SELECT tag, revision, lived, body FROM notices {which} ORDER BY number DESC LIMIT ?",  # noqa: S608
            (most,),
        )
        if not rows:
            return []
        deliveries: dict[str, list[Delivery]] = {}
        for tag, *rest in self._read(
            "SELECT tag, channel, state, delivered, attempts FROM deliveries ORDER BY channel"
        ):
            deliveries.setdefault(tag, []).append(Delivery(*rest))
        found = []
        for tag, revision, lived, body in reversed(rows):
            with contextlib.suppress(ValueError):
                notice = decode(body)
                found.append(Entry(notice, revision, lived, tuple(deliveries.get(tag, ()))))
        return found

    def log(self, most: int = MOST_ATTEMPTS) -> list[Attempt]:
        """The newest attempts, oldest first."""
        rows = self._read(
            "SELECT at, tag, channel, revision, ok, seconds, detail FROM attempts"
            " ORDER BY number DESC LIMIT ?",
            (most,),
        )
        return [Attempt(a, t, c, r, bool(ok), s, d) for a, t, c, r, ok, s, d in reversed(rows)]

    # -------------------------------------------------------------------- inside

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise OutboxFailed("the outbox is closed")
        return self._db

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        db = self._connection
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as problem:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise fault(problem) from None

    def _execute(self, statement: str, values: Iterable[object]) -> None:
        with self._change() as db:
            db.execute(statement, tuple(values))

    def _read(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            raise fault(problem) from None
