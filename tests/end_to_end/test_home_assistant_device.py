"""The device in a real Home Assistant: every entity there, every press arrives, state is truth."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from home_assistant import HomeAssistant
from mosquitto import eventually

from engine.core.happenings import KINDS
from engine.core.types import (
    Command,
    FollowPolicy,
    Happened,
    Mode,
    Pace,
    Reply,
    WakeWordResponse,
)
from integrations import sample
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity, Platform
from integrations.hub import Hub
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

pytestmark = [pytest.mark.needs("homeassistant"), pytest.mark.xdist_group("homeassistant")]

DEVICE = "smoke"


CHOICES = [("motion", "chosen"), ("pace", "gentle"), ("wake_word_response", "listen")]


class Engine:
    """Obeys `follow`, `mode` and `turn`, and remembers everything it was asked."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.hub = Hub(self.ask)
        self.snapshot = replace(sample.at(4.9), t=time.monotonic())

    def ask(self, command: Command) -> None:
        self.asked.append(command)
        match command.name, dict(command.arguments):
            case "follow", {"policy": policy}:
                self.show(follow=FollowPolicy(str(policy)))
            case "mode", {"mode": mode}:
                self.show(mode=Mode(str(mode)))
            case "turn", {"heading": heading}:
                self.show(heading=heading)
            case "pace", {"pace": pace}:
                self.show(pace=Pace(str(pace)))
            case "wake_word", {"response": response}:
                self.show(wake_word_response=WakeWordResponse(str(response)))
        self.hub.answer(Reply(command.source, command.id, ok=True, message=""))

    def show(self, **changes: object) -> None:
        now = time.monotonic()
        self.snapshot = replace(self.snapshot, t=now, **changes)  # type: ignore[arg-type]
        self.hub.publish(self.snapshot)

    def was_asked(self, name: str) -> bool:
        return any(command.name == name for command in self.asked)


@asynccontextmanager
async def device(home: HomeAssistant, engine: Engine) -> AsyncIterator[MqttDevice]:
    """The device on Home Assistant's broker, with no more rights than the docs ask for."""
    broker = home.broker
    login = Broker("127.0.0.1", broker.port, "device", broker.passwords["device"])
    running = MqttDevice(
        login,
        DEVICE,
        "Kitchen",
        base_topic=broker.base_topic,
        happened=engine.hub.happened,
    )
    life = asyncio.ensure_future(running.run(engine.hub.states, engine.hub.submit))
    engine.show()
    try:
        yield running
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


def shown(entity: Entity) -> bool:
    return bool(entity.options.get("enabled_by_default", True))


async def ids(home: HomeAssistant) -> dict[str, str]:
    """Entity ids by our key, once all of them are there."""

    async def all_there() -> dict[str, str] | None:
        known = await home.entities()
        found = {e.key: known.get(f"{DEVICE}_{e.key}") for e in ENTITIES if shown(e)}
        return {key: str(name) for key, name in found.items()} if all(found.values()) else None

    found: dict[str, str] = await eventually(all_there)
    return found


async def state_is(home: HomeAssistant, entity: str, expected: str) -> None:
    async def there() -> bool:
        return await home.state(entity) == expected

    await eventually(there)


@pytest.mark.timeout(400)
async def test_every_entity_appears_and_works(home_assistant: HomeAssistant) -> None:
    home, engine = home_assistant, Engine()
    before = len(await home.complaints())
    async with device(home, engine):
        names = await ids(home)
        await state_is(home, names["follow"], "on")
        await state_is(home, names["mode"], "follow")
        await state_is(home, names["heading"], "62.0")
        await state_is(home, names["people"], "2")
        await state_is(home, names["person_in_view"], "on")
        await state_is(home, names["shutter_closed"], "off")
        await state_is(home, names["reason"], engine.snapshot.reason.code)
        # What is only a moment has no state before its first one.
        momentary = {Platform.BUTTON, Platform.EVENT, Platform.NOTIFY}
        for entity in filter(shown, ENTITIES):
            state = await home.state(names[entity.key])
            there = entity.available is None or entity.available(engine.snapshot)
            assert (state == "unavailable") == (not there), entity.key
            assert state != "unknown" or entity.platform in momentary, entity.key

        await home.service("switch", "turn_off", entity_id=names["follow"])
        await state_is(home, names["follow"], "off")
        assert engine.snapshot.follow is FollowPolicy.OFF
        await home.service("select", "select_option", entity_id=names["mode"], option="manual")
        await state_is(home, names["mode"], "manual")
        await home.service("number", "set_value", entity_id=names["heading"], value=-12.5)
        await state_is(home, names["heading"], "-12.5")
        buttons = {"centre": "centre", "stop": "stop", "look_around": "pan", "face_me": "face_me"}
        buttons["range_setup"] = "range_setup"
        for button, verb in buttons.items():
            await home.service("button", "press", entity_id=names[button])
            await eventually(lambda name=verb: engine.was_asked(name))
        for select, option in CHOICES:
            entity = names[select]
            await home.service("select", "select_option", entity_id=entity, option=option)
            await state_is(home, entity, option)
        await home.service(
            "notify", "send_message", entity_id=names["message"], message="Dinner is ready"
        )
        await eventually(lambda: engine.was_asked("show"))
        assert engine.asked[-1].arguments == {"text": "Dinner is ready"}

        known = await home.triggers(DEVICE)
        assert known == {(key, kind) for key, kinds in KINDS.items() for kind in kinds}
        engine.hub.happened.put(Happened(engine.snapshot.t, "contact", "push", 12.0))
        await eventually(lambda: home.attribute(names["contact"], "event_type", "push"))
        assert await home.attribute(names["contact"], "bearing", 12.0)

        engine.show(people=(), primary=None)
        await state_is(home, names["primary_bearing"], "unknown")
        await state_is(home, names["person_in_view"], "off")
        complaints = await home.complaints()
        assert complaints[before:] == []
    await state_is(home, names["follow"], "unavailable")


@pytest.mark.timeout(400)
async def test_it_is_all_there_again_after_home_assistant_restarts(
    home_assistant: HomeAssistant,
) -> None:
    home, engine = home_assistant, Engine()
    async with device(home, engine):
        names = await ids(home)
        await state_is(home, names["heading"], "62.0")
        await home.restart()
        engine.show(heading=10.0)
        await state_is(home, names["heading"], "10.0")
        assert await ids(home) == names
