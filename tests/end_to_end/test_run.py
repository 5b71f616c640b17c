"""`heliotrope run` in the simulated room, as a person starts it: its link, its page, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # s; a guard against what hangs, not a measure
END = 10.0  # s; the same for the end: script/measure has the figure

pytestmark = pytest.mark.needs("sim")


class Run:
    """The command as a process of its own, its lines read by a person."""

    def __init__(self, state: Path, *words: str) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
        mine = {"HELIOTROPE_STATE_DIR": str(state), "HELIOTROPE_HTTP__PORT": "0"}
        self.errors = state.parent / "errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "engine", "run", *words],
                cwd=CHECKOUT,
                env=clean | mine,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.broker = self.link = ""

    def read_link(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("broker: "):
                self.broker = line.split()[1]
            if line.startswith("open once"):
                self.link = line.split()[-1]
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError(f"it ended: {self.errors.read_text()}")

    def end(self, number: int) -> float:
        """Seconds that it took to end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(END)
        return time.monotonic() - begun

    @property
    def stray(self) -> bool:
        """Whether any process of its session is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*words: str) -> Run:
        runs.append(Run(tmp_path / "state", *words))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()
        assert run.process.stdout is not None
        run.process.stdout.close()


class Page:
    """The page's own requests."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url

    async def snapshots(self) -> AsyncIterator[dict[str, Any]]:
        async with self._session.get(f"{self.url}/events") as stream:
            assert stream.status == 200
            async for line in stream.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def until(self, done: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE), contextlib.aclosing(self.snapshots()) as snapshots:
            async for snapshot in snapshots:
                if done(snapshot):
                    return snapshot
        raise AssertionError("the stream ended")

    async def for_(self, seconds: float) -> list[dict[str, Any]]:
        """The snapshots of so many seconds."""
        found = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with contextlib.aclosing(self.snapshots()) as snapshots:
                    async for snapshot in snapshots:
                        found += [snapshot]
        return found

    async def tell(self, name: str, **arguments: object) -> int:
        body = {"id": "1", "name": name, "arguments": arguments}
        headers = {"Origin": self.url}
        async with self._session.post(f"{self.url}/command", json=body, headers=headers) as answer:
            return answer.status


@contextlib.asynccontextmanager
async def opened(link: str) -> AsyncIterator[Page]:
    url = link.partition("/open/")[0]
    jar = aiohttp.CookieJar(unsafe=True)  # cookies for an address instead of a name
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(f"{url}/events") as closed:
            assert closed.status == 401
        async with session.get(link) as page:
            assert page.status == 200
        async with aiohttp.ClientSession() as other, other.get(link) as again:
            assert again.status == 401, "the link worked twice"
        yield Page(session, url)


async def healthy(url: str) -> None:
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{url}/health") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)


async def test_the_room_comes_alive(started: Callable[..., Run]) -> None:
    run = started()
    run.read_link()
    await healthy(run.link.partition("/open/")[0])
    host, port = run.broker.split(":")
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(
            host, int(port), protocol=aiomqtt.ProtocolVersion.V311, timeout=5.0
        ):
            pass
    async with opened(run.link) as page:
        # Real detection on pictures of people: nothing else could tell of them.
        await page.until(lambda s: any(p["seen"] for p in s["people"]))
        await page.until(lambda s: s["moving"])
        await follow_off_holds_still(page)
        await the_shutter_closes(page)
    assert run.process.poll() is None
    assert run.end(signal.SIGINT) < END
    assert run.process.returncode == 130
    assert not run.stray
    assert "level=error" not in run.errors.read_text()


async def follow_off_holds_still(page: Page) -> None:
    assert await page.tell("follow", policy="off") == 200
    await page.until(lambda s: s["follow"] == "off" and not s["moving"])
    rest = await page.for_(2.0)
    assert all(not s["moving"] and s["target"] is None for s in rest)
    # But a command still turns the head.
    assert await page.tell("turn", heading=-120.0) == 200
    await page.until(lambda s: s["moving"])


async def the_shutter_closes(page: Page) -> None:
    """In the middle of that move."""
    assert await page.tell("shutter", state="closed") == 200
    await page.until(lambda s: s["shutter"] == "closed" and not s["moving"])
    await asyncio.sleep(0.3)  # what was under way to the page
    assert await page.tell("turn", heading=0.0) == 409
    still = await page.for_(1.5)
    assert still
    for snapshot in still:
        assert snapshot["shutter"] == "closed"
        assert not snapshot["moving"]
        assert snapshot["heading"] == pytest.approx(still[0]["heading"], abs=0.5)
    await page.until(lambda s: not s["people"])
    assert await page.tell("shutter", state="open") == 200
    await page.until(lambda s: any(p["seen"] for p in s["people"]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_while_it_starts(started: Callable[..., Run], number: int) -> None:
    """With voices being made and networks loaded."""
    run = started("--quiet")
    run.read_link()
    run.end(number)
    assert run.process.returncode == 130
    assert not run.stray
    said = run.errors.read_text()
    assert "the axis is released" in said
    assert "Traceback" not in said


def test_it_stays_up_without_its_camera(started: Callable[..., Run]) -> None:
    run = started("--camera", "/dev/video97", "--microphones", "none")
    run.read_link()

    async def problems() -> list[str]:
        async with opened(run.link) as page:
            return list((await page.until(lambda s: s["problems"]))["problems"])

    (problem,) = asyncio.run(problems())
    assert "/dev/video97" in problem
    assert run.process.poll() is None
    run.end(signal.SIGTERM)
    assert run.process.returncode == 130
