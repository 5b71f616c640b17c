"""Who uses PortAudio, which the microphones and the loudspeaker share in one process.

PortAudio lists its devices when it starts and never again, so what is plugged
in later is found only by starting it anew, and that ends every stream that is
open (https://github.com/spatialaudio/python-sounddevice/issues/125). Here is
counted whether one is. Opens no stream itself.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any


class OpenStreams:
    """`enter` before a stream is opened, `leave` once it is closed or could not be opened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: set[object] = set()

    def enter(self, user: object, library: Any = None) -> None:
        """Until `user` leaves, the devices stay listed as they are.

        With `library` (`sounddevice`) they are listed anew first, unless
        somebody else is using them. Raises its error where it does not start again.
        """
        with self._lock:
            if library is not None and not self._users - {user}:
                with contextlib.suppress(Exception):  # where it did not start again last time
                    library._terminate()
                library._initialize()
            self._users.add(user)

    def leave(self, user: object) -> None:
        """Safe to call twice."""
        with self._lock:
            self._users.discard(user)


STREAMS = OpenStreams()
