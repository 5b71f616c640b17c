"""The outbox under kills: nothing that was committed may be lost, and every repeat is the same.

A process with the product's own post office raises alerts without pause and
is killed (SIGKILL) at random moments, while broker and push servers go down
for random spells, the disk fills up and the clock jumps (`outbox_world`).
Afterwards all is put right, and what was committed is compared with what
arrived.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts.outbox import Outbox
from engine.bench.outbox_latency import latency
from engine.bench.outbox_world import World, trouble, world

KILLS = 200
DURING_START = 0.2
"""Share of the kills that come while the process is still starting."""
DRAIN_SECONDS = 240.0
LATENCY_ALERTS = 200

Progress = Callable[[str], None]


async def kills(made: World, count: int, chance: random.Random, progress: Progress) -> None:
    """Start, let it live for a random while, kill; `count` times."""
    troubled = asyncio.create_task(trouble(made, chance))
    try:
        for run in range(count):
            progress(f"kill {run + 1} of {count}, {len(made.committed)} committed")
            child = made.start_child(run)
            if chance.random() < DURING_START:
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            else:
                while "up" not in made.diary(run) and child.is_alive():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0.0, 1.5))
            child.kill()
            await asyncio.to_thread(child.join)
            made.read_diary(run)
            await asyncio.to_thread(made.look_at_disk)
    finally:
        troubled.cancel()
        await asyncio.gather(troubled, return_exceptions=True)


async def drain(made: World, progress: Progress) -> None:
    """All well again: until nothing waits any more."""
    made.ntfy.down = False
    made.broker.start()
    if made.companion.runner is None:
        await made.companion.start()
    progress("delivering the rest")
    child = made.start_child(-1)
    give_up = time.monotonic() + DRAIN_SECONDS
    try:
        while time.monotonic() < give_up:
            await asyncio.sleep(1.0)
            box = Outbox(made.state, reserve=False)
            box.open()
            waiting = await asyncio.to_thread(box.waiting)
            box.close()
            if not waiting:
                return
    finally:
        child.kill()
        await asyncio.to_thread(child.join)


def judge(made: World) -> dict[str, Any]:
    """What was committed against what arrived, by channel."""
    phone = Counter(data["data"]["tag"] for _, data in made.companion.calls)
    posts = Counter(tag for message in made.ntfy.messages for tag in message["tags"])
    box = Outbox(made.state, reserve=False)
    box.open()
    acknowledged = {
        entry.notice.tag
        for entry in box.entries()
        for delivery in entry.deliveries
        if delivery.channel == "mqtt" and delivery.delivered == entry.revision
    }
    box.close()
    known = made.raised | made.committed
    return {
        "committed": len(made.committed),
        "raised": len(known),
        "lost": {
            "home_assistant": len(made.committed - set(phone)),
            "mqtt": len(made.committed - acknowledged),
            "ntfy": len(made.committed - set(posts)),
        },
        "repeats_with_the_same_tag": sum(
            count - 1
            for count in Counter(
                (data["data"]["tag"], data["message"]) for _, data in made.companion.calls
            ).values()
        ),
        "deliveries": {"home_assistant": phone.total(), "ntfy": posts.total()},
        "repeats_of_a_first_notice_on_ntfy": posts.total() - len(posts),
        "tags_nobody_raised": len((set(phone) | set(posts)) - known),
        "arrived_uncommitted": len((set(phone) | set(posts)) - made.committed),
        "spells": dict(made.spells),
        "times_told_that_the_disk_is_full": made.told["disk full"],
        "disk_of_its_own": made.own_disk,
    }


async def _measure(count: int, alerts: int, progress: Progress, seed: int = 1) -> dict[str, Any]:
    async with world() as made:
        figures: dict[str, Any] = {"kills": count}
        if alerts:
            figures["commit_to_server"] = await latency(made, alerts, progress)
        made.companion.calls.clear()
        made.companion.times.clear()
        made.ntfy.messages.clear()
        await kills(made, count, random.Random(seed), progress)
        await drain(made, progress)
        return figures | judge(made)


def measure(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """The whole: 200 kills, and 200 alerts timed."""
    return asyncio.run(_measure(KILLS, LATENCY_ALERTS, progress))


def short(count: int, progress: Progress = lambda _: None) -> dict[str, Any]:
    """A few kills, for a test."""
    return asyncio.run(_measure(count, 0, progress))
