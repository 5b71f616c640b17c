"""Writing a file so that it is either the old or the new one, and asking about paths of people's.

Whatever the power does: the text goes to a neighbour, is flushed to the disk,
and takes the name in one step. It decides no names and no contents.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `data`. Raises OSError, and then `path` is what it was."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the new name too must survive a power cut
    finally:
        os.close(folder)


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


def is_folder(path: Path) -> bool:
    """False where it cannot be told."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """False where it cannot be told."""
    try:
        return path.is_file()
    except OSError:
        return False
