"""A backup of a running device's state, put back elsewhere: the same device, in the same state."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import yaml
from home_assistant_home import Engine
from mosquitto import Broker

from integrations.alarm_codes import store

pytestmark = pytest.mark.needs("mosquitto", "sim")

MANIFEST = Path(__file__).resolve().parents[2] / "addon" / "config.yaml"
HANG = 120.0
CODE = "4711"


@pytest.fixture
def engine(broker: Broker, tmp_path: Path) -> Iterator[Engine]:
    running = Engine(tmp_path / "first", broker, camera="none")
    running.settings = {"AWAY__EXIT_DELAY": "0"}
    yield running
    running.stop()


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[aiomqtt.Client]:
    login = {"username": "home", "password": broker.passwords["home"]}
    async with aiomqtt.Client("127.0.0.1", broker.port, **login) as client:
        await client.subscribe(f"{broker.base_topic}/#")
        yield client


async def heard(client: aiomqtt.Client, wanted: dict[str, str]) -> None:
    """Until every topic, by its end, has said what is wanted; what is retained does not count."""
    left = dict(wanted)
    async with asyncio.timeout(HANG):
        async for message in client.messages:
            if message.retain:
                continue
            key = str(message.topic).split("/", 2)[2]
            if left.get(key) == bytes(message.payload).decode("utf-8", "replace"):  # type: ignore[arg-type]
                del left[key]
            if not left:
                return


def backup(state: Path, to: Path) -> None:
    """What the Supervisor takes of a running add-on: every file, but for the excluded ones."""
    excluded = yaml.safe_load(MANIFEST.read_text())["backup_exclude"]

    def left_out(folder: str, names: list[str]) -> set[str]:
        below = Path(folder).relative_to(state)
        return {n for n in names if any((below / n).match(pattern) for pattern in excluded)}

    shutil.copytree(state, to, ignore=left_out)


async def ask(client: aiomqtt.Client, engine: Engine, verb: str, **arguments: Any) -> None:
    body = {"id": verb, "name": verb, "arguments": arguments}
    await client.publish(f"{engine.root}/command", json.dumps(body), qos=1)
    async with asyncio.timeout(HANG):
        async for message in client.messages:
            if str(message.topic) in (f"{engine.root}/reply", f"{engine.root}/error"):
                answer = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                if answer["id"] == verb:
                    assert answer["ok"], answer["message"]
                    return


async def test_a_backup_put_back_is_the_same_device(
    engine: Engine, broker: Broker, tmp_path: Path
) -> None:
    state = engine.folder / "state"
    state.mkdir(parents=True)
    store(state, CODE)
    async with listening(broker) as client:
        engine.start()
        await heard(client, {"availability": "online"})
        await ask(client, engine, "name_place", name="Front door", bearing=50)
        await ask(client, engine, "pace", pace="gentle")
        await ask(client, engine, "test_alert")
        await ask(client, engine, "arm", mode="night", delay=0)
        await heard(client, {"state/alarm": "armed_night"})
        identity = engine.id
        await asyncio.to_thread((state / "evidence").mkdir, exist_ok=True)
        (state / "evidence" / "somebody.jpg").write_bytes(b"a picture")
        backup(state, tmp_path / "second" / "state")
    engine.kill()

    again = Engine(tmp_path / "second", broker, camera="none", settings=engine.settings)
    assert again.id == identity
    assert not list((again.folder / "state" / "evidence").glob("*"))
    try:
        async with listening(broker) as client:
            again.start()
            await heard(
                client,
                {
                    "state/alarm": "armed_night",
                    "state/pace": "gentle",
                    "available/look_at": "online",
                },
            )
            with pytest.raises(AssertionError, match="needs the code"):
                await ask(client, again, "disarm")
            await ask(client, again, "disarm", code=CODE)
            await ask(client, again, "look_at", place="Front door")
    finally:
        again.stop()
    assert "Traceback" not in again.log.read_text()
