"""Paths as people write them: a home that nobody has, a name too long, a folder that is closed."""

from __future__ import annotations

import errno
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """With ~ as the home that it means; one that nobody has is a name like any other."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_there(path: Path) -> bool:
    """Whether something is there, or may not be told: whoever opens it says why."""
    try:
        return path.exists()
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
