"""Alerts on the broker: an event of the device that needs no token, for any automation.

Delivered means that the broker has acknowledged it, and, where the broker speaks
MQTT 5 and says so, that somebody listens. Numbers and words only; a picture never
goes to a broker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from alerts.channel import Undelivered
from alerts.notice import Parcel
from integrations.mqtt.bus import BusLost, Refused

KEY = "alert"

Tell = Callable[[str, Mapping[str, object]], Awaitable[None]]
"""Publishes an event under a key and returns once the broker has it; raises BusLost, Refused."""


def body(parcel: Parcel, link: str = "") -> dict[str, object]:
    """The event's JSON: `event_type` is the alert's kind, `tag` the same for all of one visit."""
    notice = parcel.notice
    found: dict[str, object] = {
        "event_type": notice.kind,
        "tag": notice.tag,
        "revision": parcel.revision,
        "update": parcel.revision > 1,
        "title": parcel.title,
        "message": parcel.message,
        "at": round(notice.at, 3),
        "late": parcel.late,
        "bearing": None if notice.bearing is None else round(notice.bearing, 1),
        "place": notice.place,
        "confidence": round(notice.confidence, 2),
        "urgency": str(notice.urgency),
        "link": link,
    }
    return found


class MqttEvent:
    """A `Channel` over the device's own connection."""

    name = "mqtt"
    replaces = True

    def __init__(self, tell: Tell, link: Callable[[], str] = lambda: "") -> None:
        self._tell, self._link = tell, link

    async def open(self) -> None:
        return

    async def send(self, parcel: Parcel) -> str:
        try:
            await self._tell(KEY, body(parcel, self._link()))
        except (BusLost, Refused) as problem:
            raise Undelivered(str(problem)) from None
        return "acknowledged by the broker"

    async def close(self) -> None:
        return
