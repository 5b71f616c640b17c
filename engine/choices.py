"""What the owner chose by a switch rather than in the configuration, kept over restarts.

The follow policy, the pace, what the wake word does and whether motion is
paused: a device that forgets them after a power cut is a nuisance, and one that
was told not to move until `resume` must not. A choice belongs to the policy that the
configuration named at the time: whoever edits `follow.policy` means it, and
it counts again. A file that cannot be read or written costs the choices, and
nothing else.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from engine.core.state import Preferences
from engine.core.types import FollowPolicy, Mode, Pace, Snapshot, WakeWordResponse
from engine.files import DAMAGED, write_atomically

log = logging.getLogger(__name__)

FILE = "choices.json"


@dataclass(frozen=True, slots=True)
class Chosen:
    policy: FollowPolicy
    preferences: Preferences = field(default_factory=Preferences)
    paused: bool = False


def choices_of(snapshot: Snapshot, before: Chosen) -> Chosen:
    """What is in force now; while armed, a pause from `before` waits for the disarming."""
    preferences = Preferences(snapshot.pace, snapshot.wake_word_response)
    away = snapshot.mode is Mode.AWAY
    paused = before.paused if away else snapshot.mode is Mode.PAUSED
    return Chosen(snapshot.follow, preferences, paused)


class Choices:
    """`current` is what was in force at the last stop; `keep` writes when it changes.

    `configured` is `follow.policy` of the configuration.
    """

    def __init__(self, state_dir: Path, configured: FollowPolicy) -> None:
        self._path = state_dir / FILE
        self._configured = configured
        self.current = self._read() or Chosen(configured)

    def keep(self, chosen: Chosen) -> None:
        if chosen == self.current:
            return
        self.current = chosen
        body = {
            "configured": self._configured.value,
            "follow": chosen.policy.value,
            "pace": chosen.preferences.pace.value,
            "wake_word": chosen.preferences.wake_word_response.value,
            "paused": chosen.paused,
        }
        try:
            write_atomically(self._path, json.dumps(body, indent=1).encode() + b"\n")
        except OSError as error:
            log.warning("%s cannot be written (%s): choices end here", self._path, error.strerror)

    def _read(self) -> Chosen | None:
        try:
            body = json.loads(self._path.read_bytes())
            edited = body["configured"] != self._configured.value
            policy = self._configured if edited else FollowPolicy(body["follow"])
            preferences = Preferences(Pace(body["pace"]), WakeWordResponse(body["wake_word"]))
            paused = body.get("paused") is True
        except FileNotFoundError:
            return None
        except DAMAGED as error:
            log.warning("%s is not readable (%s): starting from config", self._path, error)
            return None
        return Chosen(policy, preferences, paused)
