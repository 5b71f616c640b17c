"""The alerts' desk: what the core decided to tell becomes a notice, and buttons become deeds.

Words, tags, the still that the owner opted in to, snoozing and calling off.
Whether somebody is worth an alert is decided before, how a notice travels
after it. Lives in the engine's event loop.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from alerts.evidence import EvidenceStore
from alerts.notice import Notice, Urgency
from engine.core.types import Alert, AlertKind, Command, Reply

_LOG = logging.getLogger(__name__)

SNOOZE_MINUTES = 60.0
CONTINUES_SECONDS = 60.0
"""A visit goes on over a restart when the last word of it is no older than this."""


class Kept:
    """What the desk needs of the newest notice of an earlier run: its tag, kind and time."""

    def __init__(self, tag: str, kind: str, at: float) -> None:
        self.tag, self.kind, self.at = tag, kind, at


Still = Callable[[], bytes | None]
"""The JPEG of the best frame of the last seconds, None where nothing is kept."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the owner wants to be told."""

    device: str
    name: str = "Heliotrope"
    urgency: Urgency = Urgency.TIME_SENSITIVE


@dataclass
class Desk:
    """`raise_alert` carries out the core's `Alert`; the other calls answer commands.

    `post` takes a notice on; `siren` sounds whatever the home has; `show` puts
    a still where the owner looks for the newest one, and returns at once.
    """

    manner: Manner
    post: Callable[[Notice], None]
    still: Still = lambda: None
    evidence: EvidenceStore | None = None
    siren: Callable[[bool], Awaitable[None]] | None = None
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    raised: Callable[[Notice], None] = lambda _: None
    show: Callable[[bytes], None] = lambda _: None
    _tags: dict[int, str] = field(default_factory=dict)
    _called_off: set[str] = field(default_factory=set)
    _snoozed_until: float = float("-inf")
    _before: Kept | None = None
    _newest: str = ""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def continues(self, before: Kept | None) -> None:
        """The newest notice of an earlier run: a visit under way keeps its tag."""
        self._before = before

    def mine(self, tag: str) -> bool:
        """Whether a notification of this tag is one of this device's."""
        return tag.startswith(f"heliotrope-{self.manner.device}-")

    def raise_alert(self, alert: Alert) -> None:
        """Make a notice of it and send it on its way, unless the owner wants quiet."""
        at = self.wall() - max(0.0, self.now() - alert.t)
        kind, visit = alert.kind.value, alert.visit
        tag = self._tags.get(visit) or self._new_tag(visit, kind, at)
        if tag in self._called_off or (self.now() < self._snoozed_until and kind in SNOOZABLE):
            _LOG.info("an alert is held back: the owner asked for quiet")
            return
        notice = Notice(
            tag=tag,
            kind=kind,
            title=_first_upper(alert.what),
            message=f"{self.manner.name}: {_where(alert)}{_clock(at)}{_sure(alert)}",
            at=at,
            bearing=alert.bearing,
            place=alert.place or "",
            confidence=alert.confidence,
            urgency=self.manner.urgency,
        )
        self._send(notice)

    def _send(self, notice: Notice) -> None:
        self._newest = notice.tag
        self.raised(notice)
        picture = self.still() if self.evidence is not None else None
        if picture is None or self.evidence is None:
            self.post(notice)
            return
        task = asyncio.get_running_loop().create_task(self._with_picture(notice, picture))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_picture(self, notice: Notice, picture: bytes) -> None:
        assert self.evidence is not None
        kept = await self.evidence.attach(notice, picture)
        # Before the notice that speaks of it, so that nobody shows an older one with it.
        self.show(picture)
        self.post(kept)

    def _new_tag(self, visit: int, kind: str, at: float) -> str:
        before, self._before = self._before, None
        if before and before.kind == kind and 0.0 <= at - before.at <= CONTINUES_SECONDS:
            tag = before.tag
        else:
            tag = f"heliotrope-{self.manner.device}-{int(at * 1000):x}-{visit}"
        self._tags[visit] = tag
        return tag

    # ------------------------------------------------------------------- commands

    def snooze(self, command: Command) -> Reply:
        """No alert of people for a while; smoke is not snoozed."""
        minutes = float(command.arguments.get("minutes") or SNOOZE_MINUTES)
        self._snoozed_until = self.now() + 60.0 * minutes
        return _done(command, f"no alerts for {minutes:g} min")

    def dismiss(self, command: Command) -> Reply:
        """It's fine: the visit of this tag (or the newest) is told no more."""
        tag = str(command.arguments.get("tag") or self._newest)
        if not tag:
            return Reply(command.source, command.id, ok=False, message="there is no alert")
        self._called_off.add(tag)
        return _done(command, "no more of this visit")

    def sound_siren(self, command: Command) -> Reply:
        if self.siren is None:
            refused = "no siren is set; name one in alerts.home_assistant.siren"
            return Reply(command.source, command.id, ok=False, message=refused)
        on = command.arguments.get("state") != "off"
        task = asyncio.get_running_loop().create_task(self._siren(self.siren, on=on))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _done(command, "the siren is asked for" if on else "the siren is asked to be silent")

    async def _siren(self, siren: Callable[[bool], Awaitable[None]], *, on: bool) -> None:
        try:
            await siren(on)
        except Exception as problem:  # noqa: BLE001 - whatever a channel raises: people are told
            _LOG.error("the siren did not %s: %s", "sound" if on else "fall silent", problem)


SNOOZABLE = frozenset({"person", "voice", "crash"})
"""Fire and gas are told whatever the owner wants quiet of."""


def _done(command: Command, message: str) -> Reply:
    return Reply(command.source, command.id, ok=True, message=message)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _where(alert: Alert) -> str:
    """`at the sofa, 35° to the left, 3.1 m away, `; nothing where nobody knows."""
    parts = []
    if alert.place:
        parts.append(f"near {alert.place}")
    if alert.bearing is not None:
        size = round(abs(alert.bearing))
        side = "left" if alert.bearing > 0 else "right"
        parts.append(f"{size}° to the {side}" if size > 2 else "straight ahead")
    if alert.distance is not None:
        parts.append(f"{alert.distance:.1f} m away")
    return "".join(f"{part}, " for part in parts)


def _clock(at: float) -> str:
    """The device's local time of day."""
    return "at " + datetime.datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def _sure(alert: Alert) -> str:
    """How sure, where that is a judgement: a test and a covered camera are facts."""
    if alert.kind in (AlertKind.TEST, AlertKind.COVERED):
        return ""
    return f", {round(100 * alert.confidence)} % sure"
