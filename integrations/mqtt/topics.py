"""The names of a device's topics. They never change: others script against them."""

from __future__ import annotations

from dataclasses import dataclass

ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """`<base>/<device id>/...`."""

    base: str
    device_id: str

    @property
    def root(self) -> str:
        return f"{self.base}/{self.device_id}"

    @property
    def availability(self) -> str:
        return f"{self.root}/availability"

    @property
    def instance(self) -> str:
        """Where instances of one device find out that there are two of them."""
        return f"{self.root}/instance"

    @property
    def command(self) -> str:
        return f"{self.root}/command"

    @property
    def reply(self) -> str:
        return f"{self.root}/reply"

    @property
    def error(self) -> str:
        return f"{self.root}/error"

    @property
    def every_set(self) -> str:
        return f"{self.root}/set/+"

    def available(self, key: str) -> str:
        """Where it is said whether one entity can be used, beside the whole device."""
        return f"{self.root}/available/{key}"

    def event(self, key: str) -> str:
        """Moments, never retained: JSON with `event_type`, and `bearing` where it is known."""
        return f"{self.root}/event/{key}"

    def picture(self, key: str) -> str:
        return f"{self.root}/picture/{key}"

    def state(self, key: str) -> str:
        return f"{self.root}/state/{key}"

    def set(self, key: str) -> str:
        return f"{self.root}/set/{key}"

    def key_of_set(self, topic: str) -> str | None:
        """The key of a `/set/<key>` topic of this device, None for any other topic."""
        prefix = f"{self.root}/set/"
        return topic.removeprefix(prefix) if topic.startswith(prefix) else None
