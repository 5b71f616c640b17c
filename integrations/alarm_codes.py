"""The alarm's code: who may disarm, whatever way the command came.

A code is kept as a slow hash (scrypt) with a salt of its own, never as itself;
it is taken off every command before the engine or a log can see it. Too many
wrong ones close the way for a while, longer each time. Without a code, which
is how a device starts, everybody whose command gets here may disarm.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.core.types import Command, Reply
from engine.files import write_atomically

log = logging.getLogger(__name__)

FILE = "alarm.code"
CODE = re.compile(r"[0-9]{4,16}")
"""The keypad of Home Assistant's alarm panel has digits and no more."""
COST, BLOCK, PARALLEL = 2**14, 8, 1
"""scrypt's parameters: some 50 ms and 16 MiB a try (RFC 7914's for interactive use)."""
WRONG_ALLOWED = 5
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0
"""Seconds that the way is closed after so many wrong codes; doubling."""
GUARDED = frozenset({"disarm"})
"""Commands that need the code where there is one."""


def hashed(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)


@dataclass(frozen=True, slots=True)
class _Hashed:
    """A code that nobody can read again."""

    salt: bytes
    hash: bytes

    @classmethod
    def of(cls, code: str) -> _Hashed:
        salt = secrets.token_bytes(16)
        return cls(salt, hashed(code, salt))

    def fits(self, code: str) -> bool:
        return hmac.compare_digest(hashed(code, self.salt), self.hash)


def store(state_dir: Path, code: str) -> None:
    """Keep a hash of `code`; an empty one takes the code away. Raises OSError."""
    path = state_dir / FILE
    if not code:
        path.unlink(missing_ok=True)
        return
    kept = _Hashed.of(code)
    body = {"salt": kept.salt.hex(), "hash": kept.hash.hex()}
    write_atomically(path, json.dumps(body).encode() + b"\n")


def is_set(state_dir: Path) -> bool:
    """Whether a code is kept there."""
    return (state_dir / FILE).exists()


class AlarmCode:
    """Judges commands; `admit` before a command goes to the engine. One event loop.

    `code`, where it is not empty, stands above the one that is kept in `state_dir`.
    """

    def __init__(
        self, state_dir: Path, now: Callable[[], float] = time.monotonic, code: str = ""
    ) -> None:
        self._path = state_dir / FILE
        self._now = now
        self._given = _Hashed.of(code) if code else None
        self._wrong = 0
        self._wait = FIRST_WAIT
        self._closed_until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    @property
    def wanted(self) -> bool:
        """Whether disarming takes a code now."""
        return self._given is not None or self._path.exists()

    async def admit(self, command: Command) -> Command | Reply:
        """The command without its code, or the refusal. Takes the time of a hash if guarded."""
        code = str(command.arguments.get("code") or "")
        bare = replace(
            command, arguments={k: v for k, v in command.arguments.items() if k != "code"}
        )
        if command.name not in GUARDED or not self.wanted:
            return bare
        async with self._one_at_a_time:
            left = self._closed_until - self._now()
            if left > 0.0:
                return _refused(command, f"too many wrong codes; try again in {left:.0f} s")
            if not code:
                return _refused(command, "disarming needs the code")
            if await asyncio.to_thread(self._right, code):
                self._wrong, self._wait = 0, FIRST_WAIT
                return bare
            self._count_wrong(command.source)
            return _refused(command, "the code is wrong")

    def _right(self, code: str) -> bool:
        if self._given is not None:
            return self._given.fits(code)
        try:
            body = json.loads(self._path.read_bytes())
            kept = _Hashed(bytes.fromhex(body["salt"]), bytes.fromhex(body["hash"]))
        except FileNotFoundError:
            return True  # taken away meanwhile
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("%s is not readable: no code is right; set a new one", FILE)
            return False
        return kept.fits(code)

    def _count_wrong(self, source: str) -> None:
        self._wrong += 1
        log.warning("a wrong code for the alarm, by %s", source)
        if self._wrong >= WRONG_ALLOWED:
            self._closed_until = self._now() + self._wait
            self._wrong, self._wait = 0, min(2.0 * self._wait, LONGEST_WAIT)


def _refused(command: Command, message: str) -> Reply:
    return Reply(command.source, command.id, ok=False, message=message)
