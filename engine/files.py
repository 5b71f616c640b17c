"""Writing a file so that it is either the old or the new one, never half of it.

Whatever the power does: the text goes to a neighbour, is flushed to the disk,
and takes the name in one step. It decides no names and no contents.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

DAMAGED = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading a small JSON file raises that somebody, or a failing disk, has changed."""


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `data`. Raises OSError, and then `path` is what it was.

    What root writes belongs to whoever the folder belongs to.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode)
            if os.geteuid() == 0:
                # `sudo heliotrope token create` must leave a file that the service can read.
                folder_of = path.parent.stat()
                os.fchown(stream.fileno(), folder_of.st_uid, folder_of.st_gid)
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
