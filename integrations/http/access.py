"""Who may see the page: one-time links, sessions, and patience with neither.

Pure bookkeeping over a clock that is given; no sockets, no cookies, no HTTP.
Tokens are 256 random bits; only their SHA-256 is kept, only in memory, and
they are compared in constant time. A token is never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

LINK_SECONDS = 600.0
"""A link is opened within minutes of being printed, or a new one is asked for."""

MOST_LINKS = 8
MOST_SESSIONS = 32

FAILURES = 10
FAILURE_SECONDS = 60.0
"""More wrong tokens than this from one address within this time: it is told to wait."""

MOST_ADDRESSES = 256

_BYTES = 32


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _holds(known: dict[bytes, float], digest: bytes) -> bytes | None:
    # Every entry is compared, so that the time taken says nothing about a match.
    found = None
    for entry in known:
        if hmac.compare_digest(entry, digest):
            found = entry
    return found


@dataclass(slots=True)
class Access:
    """`now` is a monotonic clock in seconds."""

    now: Callable[[], float]
    _links: dict[bytes, float] = field(default_factory=dict, repr=False)
    _sessions: dict[bytes, float] = field(default_factory=dict, repr=False)
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
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(_BYTES)
        self._sessions[_digest(session)] = self.now()
        return session

    def allows(self, session: str | None) -> bool:
        """Whether this is the token of a session that was opened in this run."""
        return session is not None and _holds(self._sessions, _digest(session)) is not None

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

    def _forget_old_links(self) -> None:
        now = self.now()
        for link in [link for link, expires in self._links.items() if expires <= now]:
            del self._links[link]
