"""Fixtures of real peers: a Mosquitto with passwords, and a Home Assistant connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from home_assistant import HomeAssistant
from mosquitto import Broker


@pytest.fixture(scope="module")
def broker(
    part: Callable[[str], str | Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A real Mosquitto on loopback with a password for `home` and one for `device`."""
    mosquitto = str(part("mosquitto"))
    with Broker(tmp_path_factory.mktemp("mosquitto"), mosquitto) as running:
        yield running


@pytest.fixture(scope="module")
def home_assistant(
    part: Callable[[str], str | Path],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[HomeAssistant]:
    """A real Home Assistant, onboarded, its MQTT integration connected to `broker`."""
    hass = Path(part("homeassistant"))
    broker: Broker = request.getfixturevalue("broker")
    home = HomeAssistant(hass, tmp_path_factory.mktemp("homeassistant"), broker)
    home.prepare()
    home.start()
    try:
        asyncio.run(home.onboard())
        yield home
    finally:
        home.stop()
