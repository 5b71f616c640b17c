"""Who this device is: its state directory, its id, and that it is there only once.

The id is made once and kept in two files, so that a torn one is healed by the
other: every entity's unique id hangs on it. What else lies in the directory
is its owners' affair.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
from pathlib import Path
from types import TracebackType

from engine.errors import UserError
from engine.files import write_atomically

ID_FILE = "device.id"
_COPY_FILE = "device.id.copy"
_LOCK_FILE = "lock"
_ID = re.compile(r"[a-z][a-z0-9_-]{3,31}")


def prepare_state_dir(configured: Path) -> Path:
    """The directory, expanded, made with mode 0700 and proven writable. Raises UserError."""
    remedy = "choose another with state_dir or HELIOTROPE_STATE_DIR"
    try:
        path = configured.expanduser().absolute()
    except RuntimeError:
        raise UserError(f"state_dir: {configured}: there is no such home", remedy) from None
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Tried out, not asked for: root is told that everything is allowed.
        probe = path / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"state_dir: {path} is not a directory", remedy) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UserError(f"state_dir: {path} is not writable ({reason})", remedy) from None
    return path


def device_id(state_dir: Path) -> str:
    """The id of this device: read, healed from its copy, or made. Hold a `Claim` meanwhile.

    Lower-case, starts with a letter, so that YAML and topics take it for text.
    Raises UserError where it cannot be written.
    """
    files = (state_dir / ID_FILE, state_dir / _COPY_FILE)
    found = [_read(file) for file in files]
    identity = next((i for i in found if i), None) or f"h{secrets.token_hex(4)}"
    try:
        for file, known in zip(files, found, strict=True):
            if known != identity:
                write_atomically(file, f"{identity}\n".encode())
    except OSError as error:
        raise UserError(
            f"state_dir: {error.filename or files[0]} cannot be written ({error.strerror})",
            "make room or allow it",
        ) from None
    return identity


def _read(file: Path) -> str | None:
    try:
        text = file.read_bytes()[:64].decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _ID.fullmatch(text) else None


class Claim:
    """One process per state directory, until closed or ended. Use it with `with`.

    A lock of the kernel, not a file that could be left behind: it ends with
    the process, however that ends.
    """

    def __init__(self, state_dir: Path) -> None:
        """Raises UserError where another process holds it."""
        path = state_dir / _LOCK_FILE
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(
                f"state_dir: {path} cannot be written ({error.strerror})", "allow it"
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise UserError(
                    f"state_dir: {path} cannot be locked ({error.strerror})",
                    "choose a local disk with state_dir",
                ) from None
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise UserError(
                f"state_dir: {state_dir} is in use by {who}",
                "stop it, or give this one its own with HELIOTROPE_STATE_DIR",
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let the next one in; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
