"""Every blueprint imported, made an automation and fired in a real Home Assistant."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from home_assistant import HomeAssistant
from imagined_engine import Engine, device, ids, state_is
from mosquitto import eventually, free_port

from engine.core.places import Origin, Place
from integrations.mqtt.bus import BusLost
from integrations.mqtt.device import MqttDevice

pytestmark = [
    pytest.mark.needs("homeassistant"),
    pytest.mark.xdist_group("homeassistant"),
    pytest.mark.timeout(400),
]

CHECKOUT = Path(__file__).resolve().parents[2]
BLUEPRINTS = CHECKOUT / "integrations/homeassistant/blueprints/automation/heliotrope"
FOLDER = "heliotrope"


class Phone:
    """The Home Assistant app on a phone: what was pushed to it, and a finger for its buttons."""

    def __init__(self, home: HomeAssistant) -> None:
        self.home = home
        self.pushed: list[dict[str, Any]] = []
        self.webhook = ""
        # One for each test: Home Assistant keeps them.
        self.name = f"Phone {secrets.token_hex(3)}"
        self.service = f"mobile_app_{self.name.lower().replace(' ', '_')}"

    async def push(self, request: web.Request) -> web.Response:
        self.pushed.append(await request.json())
        return web.json_response({}, status=201)

    async def register(self, url: str) -> None:
        body = {
            "app_id": "test",
            "app_name": "Test",
            "app_version": "1",
            "device_name": self.name,
            "device_id": self.name,
            "manufacturer": "Test",
            "model": "Test",
            "os_name": "Android",
            "os_version": "16",
            "supports_encryption": False,
            "app_data": {"push_token": "token", "push_url": url},
        }
        made = await self.home.call("POST", "/api/mobile_app/registrations", body)
        self.webhook = made["webhook_id"]

        async def there() -> bool:
            return self.service in json.dumps(await self.home.call("GET", "/api/services"))

        await eventually(there)

    async def id(self) -> str:
        devices = await self.home.command("config/device_registry/list")
        return next(str(d["id"]) for d in devices if d["name"] == self.name)

    async def press(self, action: str) -> None:
        data = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        body = {"type": "fire_event", "data": data}
        await self.home.call("POST", f"/api/webhook/{self.webhook}", body)

    def rung(self) -> list[str]:
        """The tags of what came with a sound."""
        told = (push["data"] for push in self.pushed)
        return [str(d["tag"]) for d in told if d["push"]["sound"] != "none"]

    def buttons(self) -> list[str]:
        return [str(b["action"]) for b in self.pushed[-1]["data"]["actions"]]


@asynccontextmanager
async def serving(home: HomeAssistant) -> AsyncIterator[tuple[str, Phone]]:
    """Blueprints to import, and a place that takes pushes, both on loopback."""
    phone = Phone(home)
    app = web.Application()
    app.router.add_static("/blueprints", BLUEPRINTS)
    app.router.add_post("/push", phone.push)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}", phone
    finally:
        await runner.cleanup()


async def automate(home: HomeAssistant, url: str, blueprint: str, **inputs: Any) -> str:
    """Import the blueprint as a person does, by its address, and make an automation of it."""
    imported = await home.command("blueprint/import", url=f"{url}/blueprints/{blueprint}.yaml")
    assert imported["validation_errors"] is None
    path = f"{FOLDER}/{blueprint}.yaml"
    known = await home.command("blueprint/list", domain="automation")
    if path not in known:
        await home.command(
            "blueprint/save",
            domain="automation",
            path=path,
            yaml=imported["raw_data"],
            source_url=imported["blueprint"]["metadata"]["source_url"],
        )
    name = f"{blueprint}_{time.monotonic_ns()}"
    body = {"alias": name, "use_blueprint": {"path": path, "input": inputs}}
    await home.call("POST", f"/api/config/automation/config/{name}", body)

    async def made() -> bool:
        states = await home.call("GET", "/api/states")
        return any(s["entity_id"] == f"automation.{name}" and s["state"] == "on" for s in states)

    await eventually(made)
    return f"automation.{name}"


async def become(home: HomeAssistant, entity: str, state: str) -> None:
    """What some other integration says of an entity of its own."""
    body = {"state": state, "attributes": {"changed": time.monotonic()}}
    await home.call("POST", f"/api/states/{entity}", body)


async def alert(running: MqttDevice, tag: str = "visit-1", kind: str = "person") -> None:
    """The device tells of an alert, as its channel for the broker does."""
    body = {"event_type": kind, "tag": tag, "title": "Somebody is there", "message": "on the sofa"}

    async def told() -> bool:
        with contextlib.suppress(BusLost):
            await running.tell("alert", body)
            return True
        return False

    await eventually(told)


@pytest.mark.parametrize("file", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda f: f.stem)
async def test_it_can_be_imported_by_its_address(home_assistant: HomeAssistant, file: Path) -> None:
    async with serving(home_assistant) as (url, _):
        found = await home_assistant.command(
            "blueprint/import", url=f"{url}/blueprints/{file.name}"
        )
        assert found["validation_errors"] is None
        assert found["blueprint"]["metadata"]["name"].startswith("Heliotrope: ")


async def test_an_alert_rings_once_updates_and_can_be_snoozed(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with serving(home) as (url, phone), device(home, engine) as running:
        await phone.register(f"{url}/push")
        names = await ids(home)
        engine.show(measures={**engine.snapshot.measures, "alert_pictures": 1.0})
        await eventually(lambda: back(home, names["last_alert_image"]))
        running.show_alert(b"\xff\xd8\xff\xd9")
        await become(home, "person.alice", "home")
        automation = await automate(
            home,
            url,
            "away_alert",
            alert=names["alert"],
            picture=names["last_alert_image"],
            phone=await phone.id(),
            critical=True,
            residents=["person.alice"],
            cooldown=60,
            snooze=1,
            button_1="All well",
            action_1=[
                {"action": "button.press", "target": {"entity_id": names["centre"]}},
            ],
        )
        # Somebody lives here and is at home: nothing, but for what endangers them, too.
        await alert(running)
        await home.attribute(names["alert"], "tag", "visit-1")
        await asyncio.sleep(1.0)
        assert phone.pushed == []
        # Away: once, with everything that makes it ring.
        await become(home, "person.alice", "not_home")
        await alert(running)
        await eventually(lambda: len(phone.pushed) == 1)
        first = phone.pushed[0]
        assert first["title"] == "Somebody is there"
        assert first["message"].startswith("on the sofa (")
        assert first["data"]["tag"] == "visit-1"
        assert first["data"]["push"]["interruption-level"] == "critical"
        assert first["data"]["push"]["sound"]["critical"] == 1
        assert first["data"]["image"].startswith("/api/image_proxy/")
        assert first["data"]["ttl"] == 0
        # More of the same visit, and a newer picture, update the same notification silently.
        # The automation listens for them a moment after it has told of the first.
        await asyncio.sleep(1.0)
        await alert(running)
        await eventually(lambda: len(phone.pushed) == 2)
        await asyncio.sleep(1.0)
        running.show_alert(b"\xff\xd8\xff\xd8\xff\xd9")
        await eventually(lambda: len(phone.pushed) == 3)
        for update in phone.pushed[1:]:
            assert update["data"]["tag"] == "visit-1"
            assert update["data"]["push"] == {"interruption-level": "passive", "sound": "none"}
        # Another visit within the cooldown is not told.
        await alert(running, tag="visit-2")
        # It has to listen again before a button is pressed: one of the owner's own.
        await asyncio.sleep(1.0)
        await phone.press(next(a for a in phone.buttons() if a.startswith("ONE_")))
        await eventually(lambda: engine.was_asked("centre"))
        assert len(phone.pushed) == 3
        # Snoozed: the next one is not told.
        # While a button's action runs the automation hears of no other press: let it end.
        await asyncio.sleep(1.0)
        await phone.press(next(a for a in phone.buttons() if a.startswith("SNOOZE_")))
        await asyncio.sleep(1.0)
        await alert(running)
        await asyncio.sleep(1.5)
        assert len(phone.pushed) == 3
        assert await home.attribute(automation, "current", 1)


async def test_a_smoke_alarm_is_told_whoever_is_at_home_and_a_restored_event_never(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with serving(home) as (url, phone):
        async with device(home, engine) as running:
            await phone.register(f"{url}/push")
            names = await ids(home)
            await alert(running, tag="before")
            await become(home, "person.alice", "home")
            await automate(
                home,
                url,
                "away_alert",
                alert=names["alert"],
                group=f"notify.{phone.service}",
                residents=["person.alice"],
            )
        await state_is(home, names["alert"], "unavailable")
        await become(home, "person.alice", "not_home")
        async with device(home, engine) as running:
            await eventually(lambda: back(home, names["alert"]))
            await asyncio.sleep(1.0)
            assert phone.pushed == []
            await become(home, "person.alice", "home")
            await alert(running, tag="fire", kind="smoke_alarm")
            await eventually(lambda: len(phone.pushed) == 1)
            assert phone.pushed[0]["data"]["tag"] == "fire"
            assert "image" not in phone.pushed[0]["data"]


async def runs(home: HomeAssistant, automation: str, count: int) -> None:
    """Wait until so many runs of it are under way."""
    await eventually(lambda: home.attribute(automation, "current", count))


async def test_a_snooze_holds_back_no_smoke_alarm_and_buttons_outlive_the_cooldown(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with serving(home) as (url, phone), device(home, engine) as running:
        await phone.register(f"{url}/push")
        names = await ids(home)
        automation = await automate(
            home,
            url,
            "away_alert",
            alert=names["alert"],
            phone=await phone.id(),
            cooldown=1,
            snooze=1,
            button_1="All well",
            action_1=[{"action": "button.press", "target": {"entity_id": names["centre"]}}],
        )
        await alert(running)
        await eventually(lambda: len(phone.pushed) == 1)
        # Long after the notification its buttons do what they say.
        await runs(home, automation, 0)
        await phone.press(next(a for a in phone.buttons() if a.startswith("ONE_")))
        await eventually(lambda: engine.was_asked("centre"))
        await runs(home, automation, 0)
        await phone.press(next(a for a in phone.buttons() if a.startswith("SNOOZE_")))
        await runs(home, automation, 1)
        # Events are heard in turn: once the alarm is told, the person was held back.
        await alert(running, tag="visit-2")
        await alert(running, tag="fire", kind="smoke_alarm")
        await eventually(lambda: len(phone.pushed) > 1)
        assert [told["data"]["tag"] for told in phone.pushed] == ["visit-1", "fire"]
        assert phone.pushed[1]["data"]["push"]["interruption-level"] == "time-sensitive"
        # It rings again after each cooldown for as long as it lasts.
        await runs(home, automation, 1)
        await alert(running, tag="fire", kind="smoke_alarm")
        await eventually(lambda: len(phone.pushed) > 2)
        assert phone.pushed[2]["data"]["tag"] == "fire"
        assert phone.pushed[2]["data"]["push"]["interruption-level"] == "time-sensitive"


async def test_a_smoke_alarm_waits_for_nothing_and_a_short_visit_is_not_told(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with serving(home) as (url, phone), device(home, engine) as running:
        await phone.register(f"{url}/push")
        names = await ids(home)
        automation = await automate(
            home,
            url,
            "away_alert",
            alert=names["alert"],
            phone=await phone.id(),
            # Long enough that the wait is seen to have begun, on a slow machine, too.
            loiter=10,
            cooldown=60,
        )
        await alert(running)
        await runs(home, automation, 1)
        # While it waits whether the visit lasts, and in the cooldown of another alarm.
        await alert(running, tag="fire", kind="smoke_alarm")
        await eventually(lambda: len(phone.pushed) == 1)

        # A renewal of it within the cooldown updates it, and rings no second time.
        async def updated() -> bool:
            await alert(running, tag="fire", kind="smoke_alarm")
            return len(phone.pushed) > 1

        await eventually(updated)
        await alert(running, tag="gas", kind="co_alarm")
        await eventually(lambda: phone.rung() == ["fire", "gas"])
        # The runs of both alarms are left: the visit's has ended without a word.
        await runs(home, automation, 2)
        assert phone.rung() == ["fire", "gas"]


async def back(home: HomeAssistant, entity: str) -> bool:
    return await home.state(entity) != "unavailable"


async def test_it_arms_when_everybody_left_and_disarms_when_somebody_comes(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    people = ["person.alice", "person.bob"]
    async with serving(home) as (url, _), device(home, engine):
        names = await ids(home)
        await state_is(home, names["alarm"], "disarmed")
        for person in people:
            await become(home, person, "home")
        await automate(
            home,
            url,
            "arm_by_presence",
            alarm=names["alarm"],
            residents=people,
            minutes=0.02,
            code="1234",
        )
        await become(home, "person.alice", "not_home")
        await become(home, "person.bob", "unavailable")
        await asyncio.sleep(2.5)
        assert not engine.was_asked("arm")
        await become(home, "person.bob", "home")
        await become(home, "person.bob", "not_home")
        await state_is(home, names["alarm"], "armed_away")
        await become(home, "person.alice", "home")
        await state_is(home, names["alarm"], "disarmed")
        assert engine.asked[-1].name == "disarm"
        assert engine.asked[-1].arguments == {"code": "1234"}


async def test_it_faces_whoever_starts_a_recipe_and_goes_back_after_it(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with serving(home) as (url, _), device(home, engine):
        names = await ids(home)
        await state_is(home, names["motion"], engine.snapshot.follow.value)
        before = engine.snapshot.follow.value
        await become(home, "input_boolean.recipe", "off")
        await automate(
            home,
            url,
            "face_me",
            face_me=names["face_me"],
            source="input_boolean.recipe",
            motion=[names["motion"]],
            meanwhile="chosen",
        )
        await become(home, "input_boolean.recipe", "on")
        await eventually(lambda: engine.was_asked("face_me"))
        await state_is(home, names["motion"], "chosen")
        await become(home, "input_boolean.recipe", "off")
        await state_is(home, names["motion"], before)


@pytest.mark.parametrize(
    ("blueprint", "given", "entity", "begins"),
    [
        ("look_at_place", {"source": ["binary_sensor.door"]}, "binary_sensor.door", "on"),
        (
            "face_satellite",
            {"satellite": "assist_satellite.kitchen"},
            "assist_satellite.kitchen",
            "listening",
        ),
    ],
)
async def test_it_looks_at_the_place_where_something_happens(
    home_assistant: HomeAssistant, blueprint: str, given: dict[str, Any], entity: str, begins: str
) -> None:
    home, engine = home_assistant, Engine()
    places = (
        Place(80.0, None, Origin.NAME, "Front door"),
        Place(-40.0, None, Origin.NAME, "Sofa", id=2),
    )
    async with serving(home) as (url, _), device(home, engine):
        engine.show(places=places, heading=-40.0)
        names = await ids(home)
        await state_is(home, names["look_at"], "Sofa")
        await become(home, entity, "idle")
        look = {"look_at": names["look_at"], "place": "Front door"}
        await automate(home, url, blueprint, **look, **given)
        await become(home, entity, "unavailable")
        await become(home, entity, begins)
        await asyncio.sleep(1.0)
        assert not engine.was_asked("look_at")
        await become(home, entity, "idle")
        await become(home, entity, begins)
        await eventually(lambda: engine.was_asked("look_at"))
        assert engine.asked[-1].arguments == {"place": "Front door"}
        engine.show(heading=80.0)
        await state_is(home, names["look_at"], "Front door")
