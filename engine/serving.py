"""The ways to reach the device, as the configuration wants them: its page, its place on a broker.

Chosen and started for `app`, which runs them, and put on its stack to be
stopped. No behaviour of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from engine.config import Config
from engine.telling import Telling
from integrations.alarm_codes import AlarmCode
from integrations.broker import EmbeddedBroker
from integrations.http.server import PageServer
from integrations.hub import Hub
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice
from integrations.mqtt.tls import TlsFiles
from integrations.mqtt.tls import context as tls_context


async def start_page(
    config: Config,
    simulated: bool,
    hub: Hub,
    stack: AsyncExitStack,
    telling: Telling,
    code: AlarmCode,
) -> PageServer | None:
    """The page where it is wanted, stopped with `stack`."""
    if not config.http.enabled:
        return None
    page = PageServer(
        config.http.host,
        config.http.port,
        name=config.device.name,
        simulated=simulated,
        ingress_from=config.http.ingress_from,
        public=config.alerts.page_url,
        access=telling.access,
        tokens=telling.tokens,
        live=telling.live,
        more=telling.night.routes(),
        code_wanted=lambda: code.wanted,
    )
    await page.start(hub.states, hub.submit)
    stack.push_async_callback(page.stop)
    return page


async def start_mqtt(
    config: Config,
    simulated: bool,
    identity: str,
    hub: Hub,
    told: Callable[[bool, str], None],
    stack: AsyncExitStack,
) -> tuple[EmbeddedBroker | None, MqttDevice | None]:
    """The device on a broker, which runs in here where no other is named; it ends with `stack`."""
    mqtt = config.mqtt
    if not mqtt.enabled:
        return None, None
    embedded = None
    if mqtt.embedded:
        embedded = EmbeddedBroker(mqtt.port, mqtt.username, mqtt.password)
        await embedded.start()
        stack.push_async_callback(embedded.stop)
        target = Broker(
            embedded.host, embedded.port, embedded.username, embedded.password, embedded.protocol
        )
    else:
        host, port = mqtt.address
        files = TlsFiles(mqtt.ca_file, mqtt.cert_file, mqtt.key_file)
        tls = tls_context(files) if mqtt.tls else None
        target = Broker(host, port, mqtt.username, mqtt.password, tls=tls)
    device = MqttDevice(
        target,
        identity,
        config.device.name,
        base_topic=mqtt.base_topic,
        discovery_prefix=mqtt.discovery_prefix,
        simulated=simulated,
        told=told,
        happened=hub.happened,
    )
    return embedded, device
