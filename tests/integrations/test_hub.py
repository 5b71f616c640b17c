"""Snapshots out, newest first; commands in, each with its own reply."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.types import Command, Reply
from integrations import sample
from integrations.hub import MOST_PENDING, Feed, Hub, Latest


def command(name: str = "stop", source: str = "http", id: str = "1") -> Command:  # noqa: A002
    return Command(0.0, name, {}, source=source, id=id)


async def test_a_watcher_gets_the_newest_value_and_never_an_old_one() -> None:
    latest: Latest[int] = Latest()
    for value in (1, 2, 3):
        latest.put(value)
    version, value = await latest.newer()
    assert value == 3
    waiting = asyncio.ensure_future(latest.newer(version))
    await asyncio.sleep(0)
    assert not waiting.done()
    latest.put(4)
    latest.put(5)
    assert (await waiting)[1] == 5


async def test_watching_skips_what_came_while_the_watcher_was_busy() -> None:
    latest: Latest[int] = Latest()
    latest.put(1)
    seen = []
    async for value in latest.watch():
        seen.append(value)
        if value == 1:
            for more in (2, 3):
                latest.put(more)
        else:
            break
    assert seen == [1, 3]


async def test_every_watcher_is_woken() -> None:
    latest: Latest[str] = Latest()
    waiting = [asyncio.ensure_future(latest.newer()) for _ in range(5)]
    await asyncio.sleep(0)
    latest.put("now")
    assert [value for _, value in await asyncio.gather(*waiting)] == ["now"] * 5


async def test_a_reply_finds_the_one_who_asked() -> None:
    delivered: list[Command] = []
    hub = Hub(delivered.append)
    first = asyncio.ensure_future(hub.submit(command("stop", "http")))
    second = asyncio.ensure_future(hub.submit(command("centre", "mqtt")))
    await asyncio.sleep(0)
    # Both used the id 1; the engine sees two ids, and the answers come in the other order.
    assert delivered[0].id != delivered[1].id
    for asked in reversed(delivered):
        hub.answer(Reply(asked.source, asked.id, ok=True, message=asked.name))
    assert await first == Reply("http", "1", ok=True, message="stop")
    assert await second == Reply("mqtt", "1", ok=True, message="centre")


async def test_no_answer_is_an_answer_too() -> None:
    delivered: list[Command] = []
    hub = Hub(delivered.append, reply_seconds=0.01)
    reply = await hub.submit(command())
    assert not reply.ok
    assert "did not answer" in reply.message
    hub.answer(Reply("http", delivered[0].id, ok=True, message="late"))  # dropped


async def test_a_flood_is_refused_and_the_flood_before_it_still_answered() -> None:
    delivered: list[Command] = []
    hub = Hub(delivered.append)
    waiting = [asyncio.ensure_future(hub.submit(command())) for _ in range(MOST_PENDING)]
    await asyncio.sleep(0)
    assert "too many" in (await hub.submit(command())).message
    for asked in delivered:
        hub.answer(Reply(asked.source, asked.id, ok=True, message=""))
    assert all(reply.ok for reply in await asyncio.gather(*waiting))


async def test_local_commands_never_reach_the_engine() -> None:
    def shutter(asked: Command) -> Reply:
        return Reply(asked.source, asked.id, ok=True, message="closed")

    hub = Hub(lambda _: pytest.fail("delivered"), local={"shutter": shutter})
    assert (await hub.submit(command("shutter"))).message == "closed"


async def test_a_snapshot_is_there_for_those_who_come_late() -> None:
    hub = Hub(lambda _: None)
    hub.publish(sample.at(1.0))
    assert hub.states.value == sample.at(1.0)


async def test_what_happens_reaches_everybody_who_listens_and_nobody_later() -> None:
    feed: Feed[int] = Feed()
    feed.put(0)
    with feed.listening() as one, feed.listening() as two:
        feed.put(1)
        assert (one.get_nowait(), two.get_nowait()) == (1, 1)
    feed.put(2)
    assert one.empty()


async def test_a_slow_listener_loses_the_oldest_and_holds_up_nobody() -> None:
    feed: Feed[int] = Feed(most_waiting=3)
    with feed.listening() as queue:
        for number in range(10):
            feed.put(number)
        assert [queue.get_nowait() for _ in range(3)] == [7, 8, 9]
