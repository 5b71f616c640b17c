"""The alarm's state on disk: an armed device comes back armed, whatever the power does.

Written and flushed before anybody is told of a change. A file that cannot be
read counts as armed for an absence: somebody who breaks it must not disarm the
home. One that cannot be written is a problem that people are told of.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

from engine.core.types import AlarmState, Keep
from engine.files import DAMAGED, write_atomically

log = logging.getLogger(__name__)

FILE = "alarm.json"


class AlarmFile:
    """`load` once at the start; `keep` carries out the core's `Keep`.

    `told` hears whether the last writing went well, and what to say if not.
    """

    def __init__(self, state_dir: Path, told: Callable[[bool, str], None]) -> None:
        self._path = state_dir / FILE
        self._told = told
        self._well = True

    def load(self) -> tuple[Keep | None, str]:
        """What was kept (None on a device that was never armed), and what is wrong with it."""
        try:
            body = json.loads(self._path.read_bytes())
            visits = max(0, int(body["visits"]))
            return Keep(AlarmState(body["alarm"]), AlarmState(body["armed_for"]), visits), ""
        except FileNotFoundError:
            return None, ""
        except DAMAGED as error:
            log.warning("%s is not readable (%s): taken for armed", self._path, error)
            self._well = False
            armed = Keep(AlarmState.ARMED_AWAY, AlarmState.ARMED_AWAY, 0)
            return armed, f"{FILE} is not readable: taken for armed; disarm to mend it"

    def keep(self, kept: Keep) -> None:
        """Write it; at the return it is on the disk."""
        body = {
            "alarm": kept.alarm.value,
            "armed_for": kept.armed_for.value,
            "visits": kept.visits,
        }
        try:
            write_atomically(self._path, json.dumps(body).encode() + b"\n")
        except OSError as error:
            log.warning("%s cannot be written (%s)", self._path, error.strerror)
            self._say(False, f"{FILE} cannot be written: a restart will not know of the alarm")
        else:
            self._say(True, "")

    def _say(self, well: bool, detail: str) -> None:
        if well is not self._well:
            self._well = well
            self._told(well, detail)
