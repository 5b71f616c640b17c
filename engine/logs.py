"""The log: one line of key=value pairs per record, on stderr, without secrets.

Only the edge logs; the core never does. Whatever is passed as `extra` becomes
a pair of its own. Passwords, tokens and credentials in URLs are hidden here,
at the last moment, so that no caller can forget it.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from engine.errors import one_line

HIDDEN = "***"

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@\"']+(?:@[^/\s@\"']+)*@")
_NAMED = re.compile(
    r"""(?<![\w./-])(?P<name>["']?(?:[\w.-]*(?:password|passwd|secret|token|api[_-]?key|cookie|link)|authorization)["']?
        \s*[=:]\s*(?:(?:bearer|basic)\s+)?)
        (?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s&,;"'}]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """`text` without the values of passwords, tokens and cookies, and credentials in URLs."""
    text = _CREDENTIALS.sub(f"{HIDDEN}@", text)
    text = _NAMED.sub(lambda match: match["name"] + HIDDEN, text)
    return _BEARER.sub(lambda match: f"{match[1]} {HIDDEN}", text)


class KeyValueFormatter(logging.Formatter):
    """`time=... level=info from=engine.app event="camera lost" source=/dev/video0`"""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        pairs: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": record.getMessage(),
        }
        pairs |= {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        if record.exc_info:
            pairs["trace"] = self.formatException(record.exc_info)
        return " ".join(
            f"{key}={_quoted(redact(_pair(key, value)))}" for key, value in pairs.items()
        )


def _pair(key: str, value: object) -> str:
    """The value as text; a key that names a secret hides all of it."""
    return HIDDEN if _NAMED.fullmatch(f"{key}=x") else str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    clean = one_line(escaped) if not escaped.isprintable() else escaped
    return f'"{clean}"' if not clean or any(c in clean for c in ' ="\\') else clean


def start_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Send all records at or above `level` to `stream` (stderr); replaces an earlier start."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, KeyValueFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
