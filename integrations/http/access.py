"""Who may see the page: one-time links, signed links, sessions, and patience with neither.

Pure bookkeeping over clocks that are given; no sockets, no cookies, no HTTP.
Tokens are 256 random bits; only their SHA-256 is kept, only in memory, and
they are compared in constant time. A signed link carries its own end and
needs no memory, so that a notification's button works after a restart. None
of them is ever logged.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from integrations.http.scopes import Pass, Scope

LINK_SECONDS = 600.0
"""A link is opened within minutes of being printed, or a new one is asked for."""

OWNER = Pass("the page's link", Scope.ADMIN)
"""Whoever stands at the device and opens the link that it prints."""

MOST_LINKS = 8
MOST_SESSIONS = 32
MOST_OF_ONE = 4
"""Sessions that one token has at a time: whoever may only look throws nobody else out."""
MOST_BY_TICKETS = 8
"""Sessions that notifications' buttons have at a time, on all phones of a home."""

FAILURES = 10
FAILURE_SECONDS = 60.0
"""More wrong tokens than this from one address within this time: it is told to wait."""

MOST_ADDRESSES = 256

MOST_TICKET_SECONDS = 86_400.0
"""A clock that was set back must not give an old ticket new life for longer than this."""

_BYTES = 32


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _holds(known: Iterable[bytes], digest: bytes) -> bytes | None:
    # Every entry is compared, so that the time taken says nothing about a match.
    found = None
    for entry in known:
        if hmac.compare_digest(entry, digest):
            found = entry
    return found


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Session:
    holder: Pass
    until: float = math.inf
    holds: Callable[[], bool] = _always


@dataclass(slots=True)
class Access:
    """`now` is a monotonic clock in seconds, `wall` counts them since 1970; `key` signs links."""

    now: Callable[[], float]
    wall: Callable[[], float] = time.time
    key: bytes = field(default_factory=lambda: secrets.token_bytes(_BYTES), repr=False)
    _links: dict[bytes, float] = field(default_factory=dict, repr=False)
    _sessions: dict[bytes, _Session] = field(default_factory=dict, repr=False)
    _programs: dict[bytes, Pass] = field(default_factory=dict, repr=False)
    _failures: OrderedDict[str, list[float]] = field(default_factory=OrderedDict, repr=False)

    def new_link(self) -> str:
        """A token that opens one session within `LINK_SECONDS`; the oldest of too many lapses."""
        token = secrets.token_urlsafe(_BYTES)
        self._forget_old_links()
        while len(self._links) >= MOST_LINKS:
            del self._links[next(iter(self._links))]
        self._links[_digest(token)] = self.now() + LINK_SECONDS
        return token

    def open(self, token: str) -> str | None:
        """The session's own token for a link's token, which is used up; None for a wrong one."""
        self._forget_old_links()
        link = _holds(self._links, _digest(token))
        if link is None:
            return None
        del self._links[link]
        return self._session(_Session(OWNER))

    def new_token(self, holder: Pass) -> str:
        """A token for a program of the owner's, good for this run."""
        token = secrets.token_urlsafe(_BYTES)
        self._programs[_digest(token)] = holder
        return token

    def program(self, token: str) -> Pass | None:
        """Whose token of this run this is; None for a wrong one."""
        found = _holds(self._programs, _digest(token))
        return None if found is None else self._programs[found]

    def sign(self, seconds: float) -> str:
        """A ticket for a notification's button, good for so long, however often it is used."""
        text = f"{self.wall() + seconds:.0f}.{secrets.token_urlsafe(9)}"
        return f"{text}.{self._signature(text)}"

    def enter(self, ticket: str, holder: Pass) -> str | None:
        """A session of `holder` until the ticket ends; None for one that is wrong or over."""
        text, _, signature = ticket.rpartition(".")
        if not hmac.compare_digest(
            self._signature(text).encode(), signature.encode("utf-8", "replace")
        ):
            return None
        try:
            left = float(text.partition(".")[0]) - self.wall()
        except ValueError:
            return None
        if not 0.0 < left <= MOST_TICKET_SECONDS:
            return None
        self._make_room(holder, MOST_BY_TICKETS)
        return self._session(_Session(holder, self.now() + left))

    def admit(self, holder: Pass, holds: Callable[[], bool]) -> str:
        """A session of `holder` for as long as what it was opened with `holds`."""
        self._make_room(holder, MOST_OF_ONE)
        return self._session(_Session(holder, holds=holds))

    def leave(self, session: str | None) -> None:
        """Its owner ends it."""
        if session is not None:
            self._sessions.pop(_digest(session), None)

    def _signature(self, text: str) -> str:
        return hmac.new(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def _make_room(self, holder: Pass, most: int) -> None:
        """For one more session of `holder`, who has `most` at a time: his oldest end."""
        self._forget_old_sessions()
        own = [key for key, session in self._sessions.items() if session.holder == holder]
        for key in own[: max(0, len(own) + 1 - most)]:
            del self._sessions[key]

    def _session(self, session: _Session) -> str:
        self._forget_old_sessions()
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        token = secrets.token_urlsafe(_BYTES)
        self._sessions[_digest(token)] = session
        return token

    def holder(self, session: str | None) -> Pass | None:
        """Whose session of this run this is the token of; None for none, or one that is over."""
        if session is None:
            return None
        entry = _holds(self._sessions, _digest(session))
        if entry is None:
            return None
        found = self._sessions[entry]
        if found.until <= self.now() or not found.holds():
            del self._sessions[entry]
            return None
        return found.holder

    def allows(self, session: str | None) -> bool:
        """Whether this is the token of a session that is open."""
        return self.holder(session) is not None

    def failed(self, address: str) -> None:
        """A wrong token came from `address`."""
        times = self._failures.setdefault(address, [])
        times.append(self.now())
        del times[:-FAILURES]
        self._failures.move_to_end(address)
        while len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def locked_for(self, address: str) -> float:
        """Seconds until tokens from `address` are looked at again; 0 where they are now."""
        times = self._failures.get(address, [])
        if len(times) < FAILURES:
            return 0.0
        return max(0.0, times[0] + FAILURE_SECONDS - self.now())

    def _forget_old_sessions(self) -> None:
        # Only those whose time is over: whether a token still holds is asked when it is used.
        now = self.now()
        for key in [key for key, session in self._sessions.items() if session.until <= now]:
            del self._sessions[key]

    def _forget_old_links(self) -> None:
        now = self.now()
        for link in [link for link, expires in self._links.items() if expires <= now]:
            del self._links[link]
