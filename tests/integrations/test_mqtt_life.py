"""Staying connected: which version, how long to wait, what is told. No network, no real waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ports import Bus
from integrations.mqtt.bus import Broker, BusLost, LoginRefused, ProtocolRefused, client_id
from integrations.mqtt.fake import FakeBroker
from integrations.mqtt.life import (
    CONNECTED,
    FIRST_WAIT,
    LONGEST_WAIT,
    Backoff,
    Told,
    Versions,
    stay_connected,
)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_waits_grow_to_a_limit_and_are_spread(randoms: list[float]) -> None:
    draws = iter(randoms)
    backoff = Backoff(lambda: next(draws))
    for attempt in range(len(randoms)):
        full = min(LONGEST_WAIT, FIRST_WAIT * 2.0**attempt)
        assert full / 2.0 <= backoff.next() <= full
    backoff.reset()
    assert Backoff(lambda: 1.0).next() == FIRST_WAIT


class Script:
    """A broker that behaves as told, one entry a connection; then the test is over."""

    def __init__(self, *steps: Callable[[int], None]) -> None:
        self.steps = list(steps)
        self.versions: list[int] = []
        self.told: list[tuple[bool, str]] = []
        self.welcome = True

    async def run(self, only: int | None = None) -> None:
        class Over(Exception):
            pass

        @asynccontextmanager
        async def connect(protocol: int) -> AsyncIterator[Bus]:
            if not self.steps:
                raise Over
            self.versions.append(protocol)
            self.steps.pop(0)(protocol)
            async with FakeBroker().connected() as bus:
                yield bus

        async def session(_: Bus, tell: Told) -> None:
            if self.welcome:
                tell(True, CONNECTED)
            raise BusLost("the cable was pulled")

        with pytest.raises(Over):
            await stay_connected(
                connect,
                session,
                versions=Versions(only),
                backoff=Backoff(lambda: -1.0),  # no wait at all
                told=lambda ok, detail: self.told.append((ok, detail)),
            )


def fine(_: int) -> None:
    pass


def only_old(protocol: int) -> None:
    if protocol == 5:
        raise ProtocolRefused("no such version")


def wrong_login(_: int) -> None:
    raise LoginRefused("the broker refused user and password")


def away(_: int) -> None:
    raise BusLost("nobody answers")


async def test_version_5_is_kept_to_where_it_works() -> None:
    script = Script(fine, fine)
    await script.run()
    assert script.versions == [5, 5]


async def test_an_old_broker_gets_the_old_version_at_once_and_ever_after() -> None:
    script = Script(only_old, only_old, only_old)
    await script.run()
    assert script.versions == [5, 4, 4]


async def test_a_broker_that_is_away_does_not_settle_the_version() -> None:
    script = Script(away, only_old, only_old)
    await script.run()
    assert script.versions == [5, 5, 4]


async def test_a_given_version_is_the_only_one() -> None:
    script = Script(only_old, fine)
    await script.run(only=4)
    assert script.versions == [4, 4]


async def test_the_same_trouble_is_told_once() -> None:
    script = Script(away, away, away, fine, wrong_login)
    await script.run()
    assert [ok for ok, _ in script.told] == [False, True, False, False]
    assert "mqtt.password" in script.told[-1][1]


async def test_a_connection_is_not_well_before_its_session_says_so() -> None:
    script = Script(fine, fine, fine)
    script.welcome = False
    await script.run()
    assert script.told == [(False, "the cable was pulled; trying again")]


async def test_being_cancelled_ends_it() -> None:
    @asynccontextmanager
    async def connect(_: int) -> AsyncIterator[Bus]:
        async with FakeBroker().connected() as bus:
            yield bus

    async def session(_: Bus, _tell: Told) -> None:
        await asyncio.Event().wait()

    living = asyncio.ensure_future(stay_connected(connect, session))
    await asyncio.sleep(0)
    living.cancel()
    with pytest.raises(asyncio.CancelledError):
        await living


def test_no_two_clients_share_an_id() -> None:
    assert len({client_id("abc") for _ in range(100)}) == 100


def test_the_password_is_in_no_repr() -> None:
    assert "hunter2" not in repr(Broker("h", 1, "u", "hunter2"))
