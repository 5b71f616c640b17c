"""The whole engine with an ntfy server: what a phone is told, also over kills of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.bench import restart
from engine.bench.restart import Bench

# Guards only, far above the promise of 5 s: a busy computer starts a process in a minute.
# script/measure restart has the figures.
pytestmark = [pytest.mark.needs("apprise"), pytest.mark.timeout(600)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with restart.bench() as made:
        yield made


async def test_somebody_comes_in_and_the_phone_has_it_once(bench: Bench) -> None:
    timed = await restart.entry(bench)
    assert timed["noticed_to_server_s"] < 60.0
    (told,) = bench.ntfy.messages
    assert told["topic"] == "alerts"
    assert told["tags"] == [told["sequence_id"]]
    assert told["title"]


async def test_killed_before_the_commit_it_tells_of_whoever_is_still_there(bench: Bench) -> None:
    found = None
    for _ in range(5):
        found = await restart.killed_before_the_commit(bench)
        if found is not None:
            break
    assert found is not None, "the alert was committed before the kill, five times"
    assert found["start_to_server_s"] > 0.0
    assert len(bench.ntfy.messages) == 1


async def test_killed_before_the_answer_the_phone_still_shows_one(bench: Bench) -> None:
    assert await restart.killed_before_the_answer(bench) == {
        "deliveries": 2,
        "names": 1,
        "shown": 1,
    }
