"""Long-lived tokens: made and revoked by their owner, kept only as hashes.

One JSON file in the state directory, replaced as a whole. A running server
sees a change with the next request. A token is 256 random bits, shown once
when it is made and never again; it decides nothing but whose it is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import UserError
from engine.files import DAMAGED, write_atomically
from integrations.http.scopes import Pass, Scope

FILE = "tokens.json"
MOST_TOKENS = 64
PREFIX = "helio_"
"""So that a scanner of leaked secrets, and a person, sees what it is."""


@dataclass(frozen=True, slots=True)
class Token:
    """`made` in seconds since 1970; `digest` is the SHA-256 of the token, in hex."""

    name: str
    scope: Scope
    made: float
    digest: str


class TokenStore:
    """The tokens of one device."""

    def __init__(self, state_dir: Path, wall: Callable[[], float] = time.time) -> None:
        self._file = state_dir / FILE
        self._wall = wall
        self._stamp: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Read again where the file has changed; none where it cannot be read."""
        try:
            about = self._file.stat()
            stamp = (about.st_mtime_ns, about.st_ino)
            if stamp != self._stamp:
                self._tokens = _tokens(json.loads(self._file.read_text()))
                self._stamp = stamp
        except DAMAGED:
            # Looked at again with the next request: what failed may pass.
            self._stamp, self._tokens = None, ()
        return self._tokens

    def make(self, name: str, scope: Scope) -> str:
        """A new token of that name. Raises UserError for a name that is taken."""
        known = self._to_change()
        if any(token.name == name for token in known):
            raise UserError(f"there is a token {name} already", "revoke it, or choose another name")
        if len(known) >= MOST_TOKENS:
            raise UserError(f"there are {MOST_TOKENS} tokens already", "revoke one first")
        text = PREFIX + secrets.token_urlsafe(32)
        self._write((*known, Token(name, scope, self._wall(), digest(text))))
        return text

    def revoke(self, name: str) -> None:
        """The token of that name opens nothing any more. Raises UserError where there is none."""
        known = self._to_change()
        left = tuple(token for token in known if token.name != name)
        if len(left) == len(known):
            names = ", ".join(token.name for token in known) or "there are none"
            raise UserError(f"there is no token {name}", f"choose from: {names}")
        self._write(left)

    def pass_of(self, text: str) -> Pass | None:
        """Whose token this is; None for a wrong one."""
        wanted, found = digest(text), None
        for token in self.all():
            # All are compared, so that the time taken says nothing about a match.
            if hmac.compare_digest(token.digest, wanted):
                found = Pass(token.name, token.scope)
        return found

    def holds(self, wanted: str) -> bool:
        """Whether the token of this `digest` is still there."""
        return any(token.digest == wanted for token in self.all())

    def _to_change(self) -> tuple[Token, ...]:
        """All tokens. Raises UserError where there may be more of them than can be read."""
        known = self.all()
        if self._stamp is None and os.path.lexists(self._file):
            raise UserError(
                f"{self._file} is damaged or may not be read",
                "bring it back from a backup, or remove it and make the tokens anew",
            )
        return known

    def _write(self, tokens: tuple[Token, ...]) -> None:
        try:
            text = json.dumps([asdict(token) for token in tokens], indent=1)
            write_atomically(self._file, text.encode())
        except OSError as problem:
            raise UserError(
                f"{self._file} cannot be written ({problem.strerror})", "check state_dir"
            ) from None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _tokens(entries: object) -> tuple[Token, ...]:
    if not isinstance(entries, list):
        raise TypeError("tokens are a list")
    return tuple(_token(entry) for entry in entries)


def _token(entry: dict[str, object]) -> Token:
    made = entry["made"]
    if not isinstance(made, int | float):
        raise TypeError("made must be a number")
    hexadecimal = bytes.fromhex(str(entry["digest"])).hex()
    return Token(str(entry["name"]), Scope(str(entry["scope"])), float(made), hexadecimal)
