"""What every way to a person offers, and the fake that ships with the product.

A channel sends one parcel and says whether it arrived; when to try again is
the post office's. It never logs an address, a token or a picture.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from alerts.notice import Parcel


class Undelivered(Exception):
    """The parcel did not arrive; the message names the channel's part and the remedy."""


@runtime_checkable
class Channel(Protocol):
    """`replaces`: a later parcel of the same tag takes the place of the earlier on the phone.

    Where it does not, updates of a visit are not sent that way: one visit, one
    notification.
    """

    name: str
    replaces: bool

    async def open(self) -> None:
        """What would otherwise hold up the first parcel; never raises."""

    async def send(self, parcel: Parcel) -> str:
        """Deliver; returns a word for the log. Raises Undelivered."""

    async def close(self) -> None: ...


@dataclass
class FakeChannel:
    """Keeps what it was given; fails while `down` says why, takes `seconds` for each."""

    name: str = "fake"
    replaces: bool = True
    down: str = ""
    seconds: float = 0.0
    parcels: list[Parcel] = field(default_factory=list)
    attempts: int = 0

    async def open(self) -> None:
        return

    async def send(self, parcel: Parcel) -> str:
        self.attempts += 1
        await asyncio.sleep(self.seconds)
        if self.down:
            raise Undelivered(self.down)
        self.parcels.append(parcel)
        return "kept"

    async def close(self) -> None:
        return
