"""The recipe itself: a fresh Home Assistant discovers a device and survives a restart."""

from __future__ import annotations

import json

import aiomqtt
import pytest
from home_assistant import HomeAssistant
from mosquitto import eventually

pytestmark = [pytest.mark.needs("homeassistant"), pytest.mark.xdist_group("homeassistant")]


def lamp() -> str:
    """The smallest device that Home Assistant discovers."""
    component = {"platform": "switch", "unique_id": "probe_on", "name": "On"}
    component |= {"command_topic": "heliotrope/probe/set", "state_topic": "heliotrope/probe/state"}
    device = {"identifiers": ["probe"], "name": "Probe"}
    return json.dumps(
        {"device": device, "origin": {"name": "test"}, "components": {"on": component}}
    )


@pytest.mark.timeout(400)
async def test_discovery_state_and_restart(home_assistant: HomeAssistant) -> None:
    broker = home_assistant.broker
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, username="device", password=broker.passwords["device"]
    ) as device:
        await device.publish("homeassistant/device/probe/config", lamp(), qos=1, retain=True)
        await device.publish("heliotrope/probe/state", "ON", qos=1, retain=True)

        async def found() -> str | None:
            return (await home_assistant.entities()).get("probe_on")

        entity = await eventually(found)

        async def on() -> bool:
            return await home_assistant.state(entity) == "on"

        await eventually(on)
        assert await home_assistant.complaints() == []
        await home_assistant.restart()
        await eventually(on)


async def test_the_broker_refuses_strangers(home_assistant: HomeAssistant) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client("127.0.0.1", home_assistant.broker.port):
            pass
