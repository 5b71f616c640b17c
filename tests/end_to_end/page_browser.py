"""What the browser tests share: a stand-in for the engine, and ways to read the page."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

from engine.core.types import Command, Reply
from integrations import sample
from integrations.http.door import Route
from integrations.http.server import PageServer
from integrations.http.tokens import TokenStore
from integrations.hub import Hub

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 15_000  # milliseconds; a hang guard


class Engine:
    """What stands in for the engine: shows what it is told to, remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.hub = Hub(self.ask)
        self.code = False
        self.tokens: TokenStore | None = None
        self.more: tuple[Route, ...] = ()
        self.t, self.shown = 4.9, time.monotonic()
        self.server = self.make()
        self.snapshot = sample.at(self.t)
        self.refuse = ""

    def make(self) -> PageServer:
        """A server of this engine's, once what it is to offer has been set."""
        return PageServer(
            port=0,
            name="Kitchen",
            simulated=True,
            tokens=self.tokens,
            more=self.more,
            code_wanted=lambda: self.code,
            now=self.now,
        )

    def now(self) -> float:
        """The clock that the snapshots' times are of."""
        return self.t + time.monotonic() - self.shown

    def ask(self, command: Command) -> None:
        self.asked.append(command)
        self.hub.answer(
            Reply(command.source, command.id, ok=not self.refuse, message=self.refuse or "done")
        )

    def show(self, **changes: object) -> None:
        self.t, self.shown = self.t + 0.1, time.monotonic()
        self.snapshot = replace(self.snapshot, **{"t": self.t, **changes})  # type: ignore[arg-type]
        self.hub.publish(self.snapshot)

    async def start(self) -> None:
        await self.server.start(self.hub.states, self.hub.submit)

    async def asked_for(self, name: str) -> Command:
        async with asyncio.timeout(10):
            while not any(command.name == name for command in self.asked):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return next(command for command in self.asked if command.name == name)


async def text(page: Any, selector: str) -> str:
    return str(await page.locator(selector).inner_text())


async def until(page: Any, selector: str, expected: str) -> None:
    await page.locator(selector).filter(has_text=re.compile(expected)).wait_for()
