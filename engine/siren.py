"""The siren: the device's own loudspeaker, and whatever else the home has.

Answers the command `siren`, ends it after its time, the home's own as well, and
says whether it sounds. It never sounds by itself: somebody must ask.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from engine.core.types import Command, Reply
from engine.ports import Speaker

_LOG = logging.getLogger(__name__)

LASTS = 60.0
"""Seconds where nobody says otherwise: neighbours have ears, too."""

Handler = Callable[[Command], Reply]


class Siren:
    """`speaker` None: the device has none. `others` asks the rest of the home; `tell` hears of it.

    To be used in one event loop.
    """

    def __init__(
        self, speaker: Speaker | None, others: Handler, tell: Callable[[bool], None]
    ) -> None:
        self._speaker, self._others, self._tell = speaker, others, tell
        self._ending: asyncio.TimerHandle | None = None
        if speaker is not None:
            tell(False)

    def obey(self, command: Command) -> Reply:
        """Sound, or fall silent."""
        if command.arguments.get("state") == "off":
            self.silence()
        elsewhere = self._others(command)
        if command.arguments.get("state") == "off":
            if self._speaker is None:
                return elsewhere
            return Reply(command.source, command.id, ok=True, message="the siren is silent")
        seconds = float(command.arguments.get("seconds") or LASTS)
        if elsewhere.ok:
            self._end_after(seconds, command)
        if self._speaker is None:
            return elsewhere
        try:
            self._speaker.play("siren", float(command.arguments.get("volume") or 100.0) / 100.0)
        except OSError as problem:
            _LOG.error("%s", problem)
            if elsewhere.ok:
                return elsewhere
            return Reply(command.source, command.id, ok=False, message=str(problem))
        self._end_after(seconds, command if elsewhere.ok else None)
        self._tell(True)
        message = f"the siren sounds for {seconds:g} s"
        return Reply(command.source, command.id, ok=True, message=message)

    def silence(self) -> None:
        """The device's own; safe to call at any time."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._speaker is not None:
            self._speaker.stop()
            self._tell(False)

    def _end_after(self, seconds: float, asked: Command | None) -> None:
        """Silence after `seconds`, in place of what was planned; `asked` sounds elsewhere, too."""
        if self._ending is not None:
            self._ending.cancel()
        self._ending = asyncio.get_running_loop().call_later(seconds, self._end, asked)

    def _end(self, asked: Command | None) -> None:
        self.silence()
        if asked is not None:
            self._others(replace(asked, arguments={"state": "off"}))
