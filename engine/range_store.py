"""The range of motion that the owner set up by hand, kept over restarts.

It wins over the configuration until it is reset, and never goes beyond it: a
configuration that was narrowed since counts. A file that cannot be read or
written costs the set-up, and nothing else.
"""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

from engine.files import DAMAGED, write_atomically

log = logging.getLogger(__name__)

FILE = "range.json"

Range = tuple[float, float]


class KeptRange:
    """`configured` is `axis.range`, `current` the range to keep to (low, high), in degrees.

    Where nothing is `turned_by_hand`, what a hand set for another head does not count.
    """

    def __init__(self, state_dir: Path, configured: Range, turned_by_hand: bool = True) -> None:
        self._path = state_dir / FILE
        self.configured = configured
        self.current = (self._read() if turned_by_hand else None) or configured

    def keep(self, wanted: Range) -> str:
        """Remember `wanted`; the configured range forgets the set-up.

        Returns what is wrong where that cannot be written: it is in force, and ends
        with the program. Empty if all is well.
        """
        self.current = wanted
        try:
            if wanted == self.configured:
                self._path.unlink(missing_ok=True)
            else:
                write_atomically(self._path, json.dumps({"range": wanted}).encode() + b"\n")
        except OSError as error:
            problem = f"{self._path} cannot be written ({error.strerror})"
            log.warning("%s: the range ends here", problem)
            return problem
        return ""

    def _read(self) -> Range | None:
        try:
            low, high = (float(end) for end in json.loads(self._path.read_bytes())["range"])
        except FileNotFoundError:
            return None
        except DAMAGED as error:
            log.warning("%s is not readable (%s): axis.range counts", self._path, error)
            return None
        low, high = max(low, self.configured[0]), min(high, self.configured[1])
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            log.warning("%s: nothing of it is inside axis.range, which counts", self._path)
            return None
        return low, high
