"""Stills of now: only where wanted, only so often, and whoever gets them counts as a viewer."""

from __future__ import annotations

import asyncio

from integrations.homeassistant.stills import WHO, Stills


class Receiver:
    def __init__(self, every: float = 5.0) -> None:
        self.t = 100.0
        self.there = True
        self.got: list[bytes] = []
        self.told: list[tuple[str, bool]] = []
        self.stills = Stills(
            every, self.send, lambda who, came: self.told.append((who, came)), lambda: self.t
        )

    def send(self, data: bytes) -> bool:
        if self.there:
            self.got.append(data)
        return self.there


async def test_none_where_none_is_wanted() -> None:
    receiver = Receiver(every=0.0)
    assert not receiver.stills.wants(None)
    receiver.stills.offer(0.0, b"of another's wish", None)
    assert receiver.got == []
    assert receiver.told == []


async def test_one_every_so_often_whatever_others_want() -> None:
    receiver = Receiver(every=5.0)
    for index in range(120):
        receiver.t = 100.0 + index / 10.0
        receiver.stills.offer(receiver.t, str(index).encode(), None)
    assert receiver.got == [b"0", b"50", b"100"]
    assert receiver.told == [(WHO, True)]


async def test_the_shutters_edge_ends_it_from_any_thread_and_it_begins_anew() -> None:
    receiver = Receiver()
    receiver.stills.offer(0.0, b"1", None)
    await asyncio.to_thread(receiver.stills.drop)
    await asyncio.sleep(0)
    assert not receiver.stills.looking
    receiver.t += 5.0
    receiver.stills.offer(0.0, b"2", None)
    assert receiver.told == [(WHO, True), (WHO, False), (WHO, True)]


async def test_without_a_broker_nobody_looks() -> None:
    receiver = Receiver()
    receiver.stills.offer(0.0, b"1", None)
    receiver.there = False
    receiver.t += 5.0
    receiver.stills.offer(0.0, b"2", None)
    assert receiver.got == [b"1"]
    assert receiver.told == [(WHO, True), (WHO, False)]
