"""The real engine in a real Home Assistant: what people press there, and what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from home_assistant_home import Home, appears, complaints
from home_assistant_home import home as a_home
from home_assistant_use import (
    LIMIT,
    call,
    comes,
    command,
    errors,
    frames,
    moment,
    shows_something,
    shutter,
    snapshot,
    state,
    still,
)
from mosquitto import eventually, free_port

from integrations.alarm_codes import store
from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

pytestmark = [
    pytest.mark.needs("homeassistant", "sim"),
    pytest.mark.xdist_group("homeassistant"),
    pytest.mark.timeout(900),
]

CODE = "4711"
SETTINGS = {
    # Somebody to be alerted of, and nobody for the next pan, within a minute.
    "SIMULATION__ROOM": "quiet_room",
    "SPEAKER__DEVICE": "simulated",
    "ALERTS__PICTURES": "true",
    "ALERTS__COOLDOWN": "0",
    "MQTT__STILL_EVERY": "1",
    "AWAY__EXIT_DELAY": "3",
    "AWAY__ENTRY_DELAY": "3",
    "AWAY__TRIGGER_TIME": "5",
    "SCHEDULE__PAN_EVERY": "1",
    "SCHEDULE__PAN_JITTER": "0",
}


@pytest.fixture(scope="module")
def home(
    part: Callable[[str], str | Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """With a loudspeaker, stills that the owner opted in to, and a code for the alarm."""
    folder = tmp_path_factory.mktemp("engine")
    with a_home(Path(part("homeassistant")), str(part("mosquitto")), folder) as all_three:
        all_three.engine.settings = SETTINGS | {"HTTP__PORT": str(free_port())}
        state = all_three.engine.folder / "state"
        state.mkdir(parents=True)
        store(state, CODE)
        assert asyncio.run(appears(all_three))["complaints"] == []
        yield all_three


@pytest.mark.timeout(5 * LIMIT)  # several waits for somebody to come and to leave
async def test_the_alarm_with_its_code_from_arming_to_an_alert(home: Home) -> None:
    begun = time.time()
    await disarmed(home)
    async with home.assistant.watching() as watch:
        alarm = (await home.entities())["alarm"]
        since = time.monotonic()
        await watch.service("alarm_control_panel", "alarm_arm_away", alarm, {})
        # In the order of alarm panels, each of them shown.
        for shown in ("arming", "armed_away", "pending", "triggered"):
            since = await watch.until(alarm, shown, since, LIMIT)
    await comes(home, "mode", "away")

    async def alerted() -> dict[str, Any] | None:
        found = await state(home, "alert")
        return found if found["attributes"].get("event_type") == "person" else None

    alert = await eventually(alerted, LIMIT)
    assert moment(alert["state"]) > begun
    assert await eventually(lambda: told_since(home, begun), LIMIT)
    picture = await still(home, "last_alert_image", "image_proxy")
    assert shows_something(picture)

    async with errors(home) as said:
        for wrong in ({}, {"code": "0815"}):
            await call(home, "alarm_control_panel", "alarm_disarm", "alarm", **wrong)
        await eventually(lambda: len(said) == 2)
    assert said == ["disarming needs the code", "the code is wrong"]
    assert (await state(home, "alarm"))["state"] != "disarmed"

    async def pan_planned() -> float | None:
        """Once nobody is seen any more."""
        text = (await state(home, "next_pan"))["state"]
        return None if text == "unknown" else moment(text)

    assert await eventually(pan_planned, LIMIT) <= time.time() + 61.0
    await disarmed(home)
    await comes(home, "mode", "follow")
    await comes(home, "next_pan", "unknown")


async def told_since(home: Home, begun: float) -> bool:
    """Whether the newest alert is of after `begun`, whose fraction of a second is not told."""
    text = (await state(home, "last_alert"))["state"]
    return text != "unknown" and moment(text) >= begun - 1.0


async def disarmed(home: Home) -> None:
    await call(home, "alarm_control_panel", "alarm_disarm", "alarm", code=CODE)
    await comes(home, "alarm", "disarmed")


async def test_nobody_is_alerted_while_somebody_is_at_home(home: Home) -> None:
    await disarmed(home)
    await call(home, "switch", "turn_on", "someone_home")
    await comes(home, "someone_home", "on")
    before = (await state(home, "alert"))["state"]
    async with home.assistant.watching() as watch:
        alarm = (await home.entities())["alarm"]
        since = time.monotonic()
        await watch.service("alarm_control_panel", "alarm_arm_away", alarm, {})
        await watch.until(alarm, "triggered", since, LIMIT)
    await asyncio.sleep(3.0)
    assert (await state(home, "alert"))["state"] == before
    # The same people, once nobody holds it back.
    await call(home, "switch", "turn_off", "someone_home")
    await comes(home, "someone_home", "off")

    async def alerted() -> bool:
        return bool((await state(home, "alert"))["state"] != before)

    await eventually(alerted, LIMIT)
    await disarmed(home)


async def test_the_test_button_alerts_and_tells_when(home: Home) -> None:
    begun = time.time()
    await call(home, "button", "press", "test_alert")

    async def alerted() -> bool:
        found = await state(home, "alert")
        return bool(found["attributes"].get("event_type") == "test")

    await eventually(alerted, LIMIT)
    await eventually(lambda: told_since(home, begun), LIMIT)


async def test_the_siren_sounds_for_its_time_and_falls_silent_when_told(home: Home) -> None:
    assert (await state(home, "siren"))["state"] == "off"
    async with home.assistant.watching() as watch:
        siren = (await home.entities())["siren"]
        since = time.monotonic()
        await watch.service("siren", "turn_on", siren, {"duration": 2, "volume_level": 0.3})
        on = await watch.until(siren, "on", since, LIMIT)
        off = await watch.until(siren, "off", on, LIMIT)
        assert off - on > 1.0
        await watch.service("siren", "turn_on", siren, {})
        on = await watch.until(siren, "on", off, LIMIT)
        await watch.service("siren", "turn_off", siren, {})
        await watch.until(siren, "off", on, LIMIT)


async def test_a_named_place_is_an_option_and_is_looked_at(home: Home) -> None:
    assert (await state(home, "look_at"))["state"] == "unavailable"
    named = {"name": "name_place", "arguments": {"name": "Front door", "bearing": 50.0}}
    async with home.client() as client:
        await client.publish(f"{home.engine.root}/command", json.dumps(named), qos=1)

        async def offered() -> bool:
            return "Front door" in (await state(home, "look_at"))["attributes"].get("options", ())

        await eventually(offered, LIMIT)
    await call(home, "select", "select_option", "mode", option="manual")
    await comes(home, "mode", "manual")
    await call(home, "select", "select_option", "look_at", option="Front door")
    await comes(home, "look_at", "Front door")

    async def looked() -> bool:
        # The heading is told at most five times a second, the place as soon as it is in view.
        return abs(float((await state(home, "heading"))["state"]) - 50.0) < 1.0

    await eventually(looked, LIMIT)
    await call(home, "number", "set_value", "heading", value=-20.0)

    async def turned() -> bool:
        return abs(float((await state(home, "heading"))["state"]) + 20.0) < 1.0

    await eventually(turned, LIMIT)
    assert (await state(home, "reason"))["state"] in {"asked", "manual"}
    await call(home, "button", "press", "centre")

    async def centred() -> bool:
        return abs(float((await state(home, "heading"))["state"])) < 1.0

    await eventually(centred, LIMIT)
    await call(home, "select", "select_option", "mode", option="follow")


async def test_a_text_for_the_screen_is_shown_on_the_page(home: Home) -> None:
    token = TokenStore(home.engine.folder / "state").make("message", Scope.VIEW)
    await call(home, "notify", "send_message", "message", message="Dinner is ready")

    async def on_the_page() -> bool:
        return (await snapshot(home, token))["message"] == "Dinner is ready"

    await eventually(on_the_page, LIMIT)


async def test_the_camera_shows_a_still_of_now_until_the_shutter_closes(home: Home) -> None:
    async def looks() -> bytes | None:
        # Without a token while it is unavailable, and refused without a picture.
        with contextlib.suppress(AssertionError, KeyError):
            return await still(home, "camera", "camera_proxy")
        return None

    first = await eventually(looks, LIMIT)
    assert shows_something(first)

    async def another() -> bool:
        return await looks() not in (None, first)

    await eventually(another, LIMIT)
    # Everybody can see that it looks.
    token = TokenStore(home.engine.folder / "state").make("viewers", Scope.VIEW)
    assert (await snapshot(home, token))["viewers"] >= 1
    await shutter(home, "closed")
    await comes(home, "camera", "unavailable")
    assert await looks() is None
    await comes(home, "shutter_closed", "on")
    await comes(home, "camera_in_use", "off")
    assert (await snapshot(home, token))["viewers"] == 0
    await shutter(home, "open")
    await comes(home, "shutter_closed", "off")
    await eventually(looks, LIMIT)
    await comes(home, "camera_in_use", "on")


async def test_the_live_view_plays_in_home_assistants_own_integration(home: Home) -> None:
    token = TokenStore(home.engine.folder / "state").make("home-assistant", Scope.VIEW)
    url = f"http://127.0.0.1:{home.engine.settings['HTTP__PORT']}/camera"
    flows = "/api/config/config_entries/flow"
    flow = await home.assistant.call("POST", flows, {"handler": "mjpeg"})
    form = {
        "name": "Live",
        "mjpeg_url": f"{url}/stream",
        "still_image_url": f"{url}/still",
        "username": "any",
        "password": "wrong",
        "verify_ssl": True,
    }
    way = f"{flows}/{flow['flow_id']}"
    assert (await home.assistant.call("POST", way, form))["errors"] == {"username": "invalid_auth"}
    made = await home.assistant.call("POST", way, form | {"password": token})
    assert made["type"] == "create_entry"

    async def there() -> dict[str, Any] | None:
        states = await home.assistant.call("GET", "/api/states")
        named = (s for s in states if s["attributes"].get("friendly_name") == "Live")
        return next(named, None)

    camera = await eventually(there, LIMIT)
    entity, access = camera["entity_id"], camera["attributes"]["access_token"]
    async with aiohttp.ClientSession() as session:
        proxy = f"{home.assistant.url}/api/camera_proxy"
        async with session.get(f"{proxy}/{entity}?token={access}") as answer:
            assert shows_something(await answer.read())
        async with session.get(f"{proxy}_stream/{entity}?token={access}") as answer:
            seen = 0
            # Ended by the shutter, and by nothing else.
            async with asyncio.timeout(LIMIT):
                async for frame in frames(answer.content):
                    assert shows_something(frame)
                    seen += 1
                    if seen == 5:
                        viewer = await state(home, "viewer")
                        assert viewer["attributes"]["event_type"] == "came"
                        await shutter(home, "closed")
            assert seen >= 5
    await shutter(home, "open")
    await comes(home, "shutter_closed", "off")


async def test_the_range_set_up_begins_at_a_press(home: Home) -> None:
    await call(home, "button", "press", "range_setup")
    await comes(home, "reason", "range_setup")
    await command(home, "range_setup", step="cancel")

    async def over() -> bool:
        return bool((await state(home, "reason"))["state"] != "range_setup")

    await eventually(over, LIMIT)


async def test_an_automation_begins_with_a_trigger_of_the_device(home: Home) -> None:
    devices = await home.assistant.command("config/device_registry/list")
    (device,) = (d for d in devices if ["mqtt", home.engine.id] in d["identifiers"])
    listed = await home.assistant.command("device_automation/trigger/list", device_id=device["id"])
    (trigger,) = (
        {k: v for k, v in t.items() if k != "metadata"}
        for t in listed
        if (t.get("subtype"), t.get("type")) == ("person", "came")
    )
    event = {"event": "somebody_came"}
    body = {"alias": "Somebody came", "triggers": [trigger], "actions": [event]}
    await home.assistant.call("POST", "/api/config/automation/config/device_trigger", body)

    async def fired() -> bool:
        found = await home.assistant.call("GET", "/api/states")
        of_ours = (s for s in found if s["attributes"].get("friendly_name") == "Somebody came")
        return any(s["attributes"].get("last_triggered") for s in of_ours)

    await eventually(fired, LIMIT)


async def test_home_assistant_complained_of_nothing(home: Home) -> None:
    assert await complaints(home) == []
