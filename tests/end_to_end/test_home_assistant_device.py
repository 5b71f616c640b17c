"""The device in a real Home Assistant: every entity there, every press arrives, state is truth."""

from __future__ import annotations

import pytest
from home_assistant import HomeAssistant
from imagined_engine import DEVICE, Engine, device, ids, shown, state_is
from mosquitto import eventually

from engine.core.happenings import KINDS
from engine.core.types import (
    FollowPolicy,
    Happened,
)
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Platform

pytestmark = [pytest.mark.needs("homeassistant"), pytest.mark.xdist_group("homeassistant")]

CHOICES = [("motion", "chosen"), ("pace", "gentle"), ("wake_word_response", "listen")]


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
        buttons["test_alert"] = "test_alert"
        buttons["range_setup"] = "range_setup"
        for button, verb in buttons.items():
            await home.service("button", "press", entity_id=names[button])
            await eventually(lambda name=verb: engine.was_asked(name))
        await home.service("alarm_control_panel", "alarm_arm_night", entity_id=names["alarm"])
        await state_is(home, names["alarm"], "armed_night")
        alarm = {"entity_id": names["alarm"], "code": "4711"}
        await home.service("alarm_control_panel", "alarm_disarm", **alarm)
        await state_is(home, names["alarm"], "disarmed")
        assert engine.asked[-1].arguments == {"code": "4711"}
        await home.service("switch", "turn_on", entity_id=names["someone_home"])
        await state_is(home, names["someone_home"], "on")
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
        assert known == {(entity.key, kind) for entity in ENTITIES for kind in entity.kinds}
        assert {(key, kind) for key, kinds in KINDS.items() for kind in kinds} < known
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
