"""A page's server on loopback, the hub behind it, and what reached the imagined engine."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import aiohttp

from engine.core.types import Command, Reply
from integrations import sample
from integrations.http.scopes import Scope
from integrations.http.server import PageServer
from integrations.http.tokens import TokenStore
from integrations.hub import Hub


class Site:
    """Runs inside `async with`; `settings` are the server's, `ok` is what the engine answers."""

    def __init__(self, **settings: Any) -> None:
        self.delivered: list[Command] = []
        self.hub = Hub(self._deliver)
        self.server = PageServer(port=0, **settings)
        self.ok = True

    def _deliver(self, command: Command) -> None:
        self.delivered.append(command)
        self.hub.answer(Reply(command.source, command.id, ok=self.ok, message="as you say"))

    def show(self, **changes: Any) -> None:
        self.hub.publish(replace(sample.at(time.monotonic()), **changes))

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def here(self) -> dict[str, str]:
        """What a request of the page's own says of where it comes from."""
        return {"Origin": self.url}

    def command(
        self, session: aiohttp.ClientSession, body: object, origin: str | None = None
    ) -> aiohttp.client._RequestContextManager:
        headers = self.here if origin is None else {"Origin": origin}
        return session.post(f"{self.url}/command", json=body, headers=headers)

    async def __aenter__(self) -> Self:
        await self.server.start(self.hub.states, self.hub.submit)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()


class TokenSite(Site):
    """A site with a token of each scope, called "a view" and so on."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.store = TokenStore(folder)
        self.tokens = {scope: self.store.make(f"a {scope}", scope) for scope in Scope}
        super().__init__(tokens=self.store, **settings)

    def bearer(self, scope: Scope) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[scope]}"}
