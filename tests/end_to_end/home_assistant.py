"""A real Home Assistant for tests: started on loopback, onboarded, connected to a real Mosquitto.

The fixture `home_assistant` is in conftest.py beside this file. Every process started here
is ended here, by its id. Nothing of the product is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from mosquitto import START_LIMIT, Broker, end, eventually, free_port, wait_for_port

CONFIGURATION = """\
homeassistant:
  name: Test
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  currency: EUR
  country: NL
  language: en
  time_zone: UTC
  internal_url: {url}
  external_url: {url}
mobile_app:
history:
logbook:
recorder:
  commit_interval: 1
automation: !include automations.yaml
logger:
  default: warning
  logs:
    homeassistant.components.mqtt: info
"""


def stored(key: str, version: tuple[int, int], data: Mapping[str, Any]) -> str:
    """A file of Home Assistant's own storage, as it would have written it."""
    return json.dumps(
        {"version": version[0], "minor_version": version[1], "key": key, "data": data}
    )


class Watch:
    """One websocket on which states arrive, with the moment of their arrival."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._id = 0
        self._arrived: list[tuple[float, str, str]] = []

    async def send(self, kind: str, **arguments: Any) -> Any:
        """One command; its result. Raises RuntimeError where it is refused."""
        self._id += 1
        await self._socket.send_json({"id": self._id, "type": kind, **arguments})
        while True:
            message = await self._next()
            if message["type"] == "result" and message["id"] == self._id:
                if not message["success"]:
                    raise RuntimeError(f"{kind}: {message['error']}")
                return message["result"]

    async def service(self, domain: str, name: str, entity: str, data: Mapping[str, Any]) -> None:
        await self.send(
            "call_service",
            domain=domain,
            service=name,
            target={"entity_id": entity},
            service_data=dict(data),
        )

    async def until(self, entity: str, state: str, since: float, limit: float) -> float:
        """The moment after `since` at which `entity` came to be in `state`."""
        async with asyncio.timeout(limit):
            while True:
                for at, name, now in self._arrived:
                    if at >= since and (name, now) == (entity, state):
                        return at
                await self._next()

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json()
        if message["type"] == "event":
            data = message["event"]["data"]
            if data.get("new_state"):
                arrived = (time.monotonic(), data["entity_id"], data["new_state"]["state"])
                self._arrived = [*self._arrived[-500:], arrived]
        return message


@dataclass
class HomeAssistant:
    """A running instance; `token` is an administrator's, `url` its address on loopback.

    `call` speaks its HTTP interface, `command` its websocket. `restart` stops and starts it
    with the same data.
    """

    hass: Path
    folder: Path
    broker: Broker
    port: int = field(default_factory=free_port)
    token: str = ""
    refresh_token: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    def prepare(self) -> None:
        """A configuration in which only the first user is still to be made."""
        storage = self.folder / ".storage"
        storage.mkdir(parents=True)
        (self.folder / "configuration.yaml").write_text(CONFIGURATION.format(url=self.url))
        (self.folder / "automations.yaml").write_text("[]\n")
        # Network settings live in storage; in YAML they would be on trial for five minutes only.
        stable = {
            "server_host": ["127.0.0.1"],
            "server_port": self.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "intermediate_v6",
            "use_x_frame_options": True,
            "created_at": "2026-01-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        }
        http = {"stable": stable, "pending": None, "yaml_migration_done": True}
        (storage / "http").write_text(stored("http", (3, 1), http))
        done = {"done": ["core_config", "analytics", "integration"]}
        (storage / "onboarding").write_text(stored("onboarding", (4, 1), done))
        analytics = {"onboarded": True, "preferences": {}, "uuid": None}
        (storage / "core.analytics").write_text(stored("core.analytics", (1, 1), analytics))

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [self.hass, "--skip-pip", "-c", self.folder, "--log-no-color"],
                stdout=out,
                stderr=out,
            )
        wait_for_port(self.port, self.process, self.log)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)
            self.process = None

    async def restart(self) -> None:
        """Stop and start; returns when it answers with the same token."""
        await asyncio.to_thread(self.stop)
        await asyncio.to_thread(self.start)
        await self.running()

    async def onboard(self) -> None:
        """Make the owner, take a token, connect MQTT through the real configuration flow."""
        client = f"{self.url}/"
        async with aiohttp.ClientSession() as session:
            user = {"name": "Owner", "username": "owner", "password": "owner-secret"}
            body = {**user, "client_id": client, "language": "en"}
            made = await self._until_answered(session, "/api/onboarding/users", body)
            grant = {
                "grant_type": "authorization_code",
                "code": made["auth_code"],
                "client_id": client,
            }
            async with session.post(f"{self.url}/auth/token", data=grant) as answer:
                tokens = await answer.json()
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        await self.running()
        await self.connect_mqtt()

    async def connect_mqtt(self) -> None:
        flows = "/api/config/config_entries/flow"
        flow = await self.call("POST", flows, {"handler": "mqtt"})
        asked = {item["name"] for item in flow["data_schema"]}
        form: dict[str, Any] = {
            "broker": "127.0.0.1",
            "port": self.broker.port,
            "username": "home",
            "password": self.broker.passwords["home"],
        }
        # Newer versions ask for the protocol and have a folded section.
        if "protocol" in asked:
            form["protocol"] = "5"
        if "other_settings" in asked:
            form["other_settings"] = {
                "set_client_cert": False,
                "set_ca_cert": "off",
                "transport": "tcp",
            }
        result = await self.call("POST", f"{flows}/{flow['flow_id']}", form)
        if result.get("type") != "create_entry":
            raise RuntimeError(f"Home Assistant did not take the broker: {result}")

    async def running(self) -> None:
        """Wait until start-up has ended."""

        async def started() -> bool:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                config = await self.call("GET", "/api/config")
                return bool(config["state"] == "RUNNING")
            return False

        await eventually(started, START_LIMIT)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the HTTP interface; raises for an error status."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.url + path, json=body) as answer,
        ):
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def command(self, kind: str, **arguments: Any) -> Any:
        """One command of the websocket interface, on a connection of its own."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket_,
        ):
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self.token})
            await socket_.receive_json()
            await socket_.send_json({"id": 1, "type": kind, **arguments})
            reply = await asyncio.wait_for(socket_.receive_json(), 30)
            if not reply["success"]:
                raise RuntimeError(f"{kind}: {reply['error']}")
            return reply["result"]

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watch]:
        """States as they change, and services called on the same connection."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket_,
        ):
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self.token})
            await socket_.receive_json()
            watch = Watch(socket_)
            await watch.send("subscribe_events", event_type="state_changed")
            yield watch

    async def service(self, domain: str, name: str, **data: Any) -> Any:
        return await self.call("POST", f"/api/services/{domain}/{name}", data)

    async def entities(self) -> dict[str, str]:
        """Entity ids of all MQTT entities, by unique id."""
        ids = [
            entry["entity_id"]
            for entry in await self.command("config/entity_registry/list")
            if entry["platform"] == "mqtt"
        ]
        details = await self.command("config/entity_registry/get_entries", entity_ids=ids)
        return {item["unique_id"]: name for name, item in details.items() if item}

    async def state(self, entity_id: str) -> str:
        return str((await self.call("GET", f"/api/states/{entity_id}"))["state"])

    async def attribute(self, entity_id: str, name: str, expected: object) -> bool:
        """Whether the entity's state carries this attribute with this value now."""
        state = await self.call("GET", f"/api/states/{entity_id}")
        return bool(state["attributes"].get(name) == expected)

    async def triggers(self, unique_id_part: str) -> set[tuple[str, str]]:
        """The (subtype, type) pairs of the MQTT device triggers of the device so identified."""
        devices = await self.command("config/device_registry/list")
        (device,) = (d for d in devices if ["mqtt", unique_id_part] in d["identifiers"])
        listed = await self.command("device_automation/trigger/list", device_id=device["id"])
        return {(t["subtype"], t["type"]) for t in listed if t["domain"] == "mqtt"}

    async def complaints(self) -> list[dict[str, Any]]:
        """Warnings and errors that it has logged; a discovery message that it refused is one."""
        return list(await self.command("system_log/list"))

    async def _until_answered(
        self, session: aiohttp.ClientSession, path: str, body: Mapping[str, Any]
    ) -> Any:
        """The port opens before every interface does."""
        give_up = time.monotonic() + START_LIMIT
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.post(self.url + path, json=body) as answer:
                    if answer.status == 200:
                        return await answer.json()
            if time.monotonic() > give_up:
                raise RuntimeError(f"{path} never answered:\n{self.log.read_text()[-2000:]}")
            await asyncio.sleep(0.2)
