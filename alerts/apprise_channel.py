"""Everything else through Apprise: ntfy, Pushover, Telegram, mail, and a hundred more.

Apprise is imported by whoever uses it, in a thread, because it is large and
its services block. An address holds its own secrets: neither it nor
what a service answers is ever logged; a number stands for it.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts import ntfy
from alerts.channel import Undelivered
from alerts.notice import Parcel, Urgency
from engine.loops.worker import Worker

MISSING = "apprise is not installed; pip install 'heliotrope[alerts]'"

# ntfy's own numbers and emoji names; services that know no priority ignore it.
NTFY_PRIORITY = {Urgency.NORMAL: "3", Urgency.TIME_SENSITIVE: "4", Urgency.CRITICAL: "5"}


MOST_UNDER_WAY = 100
"""Visits whose topics are remembered; what is older has arrived or expired."""


class AppriseChannel:
    """A `Channel`: one Apprise address.

    What it sends cannot be replaced on every phone, so only a visit's first notice is
    sent; to ntfy with a name, so that a repeated delivery of it is shown once.
    `picture` gives the file of a kept still by its name, which is attached.
    """

    replaces = False

    def __init__(
        self,
        address: str,
        number: int,
        link: Callable[[], str] = lambda: "",
        picture: Callable[[str], Path | None] = lambda _: None,
    ) -> None:
        self.name = f"apprise:{number}"
        self._address, self._link, self._picture = address, link, picture
        self._worker = Worker("apprise")
        self._took: dict[str, set[str]] = {}

    async def open(self) -> None:
        """Its import, and of the address's service, take seconds that no alert is to wait for."""
        await self._worker.run(known, self._address)

    async def send(self, parcel: Parcel) -> str:
        arrived = await self._worker.run(self._send, parcel, self._link())
        if not arrived:
            raise Undelivered("the service did not take it; check alerts.apprise")
        return "accepted"

    async def close(self) -> None:
        worker, self._worker = self._worker, Worker("apprise")
        await worker.stop(patience=0.1)

    def _send(self, parcel: Parcel, link: str) -> bool:
        """In the worker's thread. Raises Undelivered."""
        apprise = _library()
        described = self._described(parcel, link, apprise)
        service = apprise.Apprise.instantiate(described)
        if service is None:
            raise Undelivered("Apprise does not know this kind of address; check alerts.apprise")
        urgent = parcel.notice.urgency is not Urgency.NORMAL
        kind = apprise.NotifyType.WARNING if urgent else apprise.NotifyType.INFO
        # Apprise sends nothing without a text.
        words = parcel.message or parcel.title
        text = f"{words}\n{link}" if link else words
        still = self._picture(parcel.notice.picture) if parcel.notice.picture else None
        if isinstance(described, dict) and ntfy.is_plain(described):
            return self._publish(service, parcel, text, link, still)
        # One service, called itself: the collection above it would start an event loop of its own.
        words_only = {"body": text, "title": parcel.title, "notify_type": kind}
        if still:
            attached = apprise.AppriseAttachment(str(still))
            if service.notify(attach=attached, **words_only):
                return True
        # Also where the picture was what it did not take: better the words twice than never.
        return bool(service.notify(**words_only))

    def _publish(
        self, service: Any, parcel: Parcel, text: str, link: str, still: Path | None
    ) -> bool:
        """To ntfy's topics, each of them once: another that refuses must not repeat it there."""
        tag = parcel.notice.tag
        took = self._took.setdefault(tag, set())
        if len(self._took) > MOST_UNDER_WAY:
            del self._took[next(iter(self._took))]
        arrived = ntfy.publish(service, parcel, text, link, still, took)
        if arrived:
            self._took.pop(tag, None)
        return arrived

    def _described(self, parcel: Parcel, link: str, library: Any) -> dict[str, Any] | str:
        """ntfy's address in parts, with what it can take besides a text: tag, priority, link.

        Any other address as it is.
        """
        found = library.Apprise.instantiate(self._address, suppress_exceptions=True)
        if found is None or not found.schemas() & {"ntfy", "ntfys"}:
            return self._address
        described = type(found).parse_url(self._address)
        described["xtags"] = [parcel.notice.tag]
        described.setdefault("priority", NTFY_PRIORITY[parcel.notice.urgency])
        # Or the phone would fetch a picture of a bell from Apprise's own site.
        described["include_image"] = False
        if link:
            described["click"] = link
        return dict(described)


def _library() -> Any:
    """The module. Raises Undelivered where it is not installed."""
    try:
        import apprise
    except ImportError:
        raise Undelivered(MISSING) from None
    # Its debug lines hold addresses and texts.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    return apprise


def installed() -> bool:
    """Whether Apprise is there."""
    return importlib.util.find_spec("apprise") is not None


def known(address: str) -> bool:
    """Whether Apprise is there and takes this address."""
    try:
        return _library().Apprise.instantiate(address, suppress_exceptions=True) is not None
    except Undelivered:
        return False
