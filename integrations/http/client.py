"""Asks a running engine over HTTP, for the command line: its state, and commands.

The standard library's client: it follows no redirect and knows no proxy, so
that a token goes where it was meant to and nowhere else. What goes wrong
becomes one line with a remedy; it decides nothing.
"""

from __future__ import annotations

import http.client
import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.errors import RunError, UserError
from integrations.http.guard import is_loopback
from integrations.http.way_in import WayIn

SECONDS = 10.0
"""An engine answers a command within two; a network may take its time."""
MOST_BYTES = 4_000_000
NEW_TOKEN = "make one with `heliotrope token create NAME --scope admin`"  # noqa: S105


def read_token(file: Path) -> str:
    """The token in `file`, which nobody but its owner may read. Raises UserError."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise UserError(f"{file}: others than its owner may read it", f"chmod 600 {file}")
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "no text"
        raise UserError(f"{file}: cannot be read ({reason})", NEW_TOKEN) from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UserError(f"{file}: holds no token", NEW_TOKEN)
    return token


class Engine:
    """One engine, reached by `way`. Its calls raise RunError or UserError."""

    def __init__(self, way: WayIn) -> None:
        """Raises UserError for an address that is none."""
        try:
            parts = urlsplit(way.url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            self._host = ""
        if not self._host or parts.scheme not in {"http", "https"}:
            raise UserError(f"{way.url} is no address", "give one such as http://127.0.0.1:8765")
        self._way, self._safe = way, parts.scheme == "https"
        self._base = parts.path.rstrip("/")

    @property
    def open_to_others(self) -> bool:
        """Whether token and code cross a network without encryption."""
        return not self._safe and not is_loopback(self._host)

    def about(self) -> dict[str, Any]:
        """Name, scope, commands, and whether disarming takes a code."""
        return self._told("/about", "scope")

    def state(self) -> dict[str, Any]:
        """The snapshot, and `now` on its clock."""
        return self._told("/state", "alarm")

    def _told(self, path: str, key: str) -> dict[str, Any]:
        """What is at `path`. Raises RunError where it is not an engine's: without `key`."""
        status, answer = self._asked("GET", path)
        if key not in answer:
            raise _refused(status, self._way.url)
        return answer

    def tell(self, name: str, arguments: dict[str, object]) -> str:
        """Give a command; what the engine says to it. Raises RunError where it refuses.

        UserError where it is none that the engine understands.
        """
        body = json.dumps({"name": name, "arguments": arguments}).encode()
        status, answer = self._asked("POST", "/command", body)
        message = str(answer.get("message", ""))
        if status == 400:
            raise UserError(message)
        if status != 200 or not answer.get("ok"):
            raise RunError(message or f"{name} was refused")
        return message

    def _asked(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._way.token}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        kind = http.client.HTTPSConnection if self._safe else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=SECONDS)
        try:
            connection.request(method, self._base + path, body or None, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as problem:
            raise RunError(
                f"no engine answers at {self._way.url} ({_reason(problem)})",
                "is it running? `heliotrope run`",
            ) from None
        finally:
            connection.close()
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return status, found
        raise _refused(status, self._way.url)


def _reason(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return f"not within {SECONDS:g} s"
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__


def _refused(status: int, url: str) -> RunError | UserError:
    """What the door says, as it says it with a page for people."""
    if status == 401:
        return UserError(f"{url}: this token opens nothing", NEW_TOKEN)
    if status == 403:
        return UserError(f"{url}: this token may not do that", NEW_TOKEN)
    if status == 429:
        return RunError(f"{url}: too many wrong tokens from here", "wait a minute")
    if status == 503:
        return RunError(f"{url}: the engine is starting", "ask again in a moment")
    return RunError(f"{url}: answered with {status}", "is this Heliotrope's page?")
