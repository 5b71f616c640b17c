"""What `heliotrope check` looks at beyond the device: the broker, the page's port, phones.

Nothing is sent to anybody's phone; a test alert is (`heliotrope alerts --help`).
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import aiohttp

from engine.config import AlertChannel, Config
from engine.errors import UserError
from engine.findings import Outcome, Result
from integrations.mqtt.tls import TlsFiles, why_not_trusted
from integrations.mqtt.tls import context as tls_context

BROKER_TIMEOUT = 3.0  # seconds
HOME_TIMEOUT = 10.0  # seconds; Home Assistant on a small computer lists its services slowly


def broker(config: Config) -> Result:
    if not config.mqtt.enabled:
        return Outcome.OFF, "mqtt.enabled is false"
    host, port = config.mqtt.address
    if config.mqtt.embedded:
        if port:
            _try_to_listen(host, port, "mqtt.port")
        return (
            Outcome.SIMULATED,
            f"our own on {host}, {f'port {port}' if port else 'any free port'}",
        )
    files = TlsFiles(config.mqtt.ca_file, config.mqtt.cert_file, config.mqtt.key_file)
    tls = tls_context(files) if config.mqtt.tls else None
    try:
        with socket.create_connection((host, port), timeout=BROKER_TIMEOUT) as way:
            if tls is not None:
                tls.wrap_socket(way, server_hostname=host).close()
    except ssl.SSLError as error:
        raise UserError(
            f"the broker at {host}:{port} is not trusted ({why_not_trusted(error)})",
            "check mqtt.ca_file, and that mqtt.host is the name in its certificate",
        ) from None
    except OSError as error:
        reason = error.strerror or str(error) or "no answer"
        raise UserError(
            f"no broker at {host}:{port} ({reason})", "check mqtt.host and mqtt.port"
        ) from None
    return Outcome.FOUND, f"{host}:{port} answers{', encrypted' if tls else ''}"


def page(config: Config) -> Result:
    if not config.http.enabled:
        return Outcome.OFF, "http.enabled is false"
    host, port = config.http.host, config.http.port
    _try_to_listen(host, port, "http.port" if port else "http.host")
    return Outcome.FOUND, f"{host}, port {port} is free" if port else f"{host}, any free port"


def _try_to_listen(host: str, port: int, key: str) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # As the server will: the ports of a stopped process linger otherwise.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "set the host to an address of this machine, such as 127.0.0.1"
        if error.errno == errno.EADDRINUSE:
            remedy = "is Heliotrope running already? Otherwise choose another port"
        elif error.errno == errno.EACCES:
            remedy = "choose a port of 1024 or above"
        raise UserError(f"{key}: cannot listen on {host}:{port} ({reason})", remedy) from None


def alerts(config: Config) -> Result:
    """Every channel that alerts go out by could be used; none is."""
    wanted = dict.fromkeys((*config.alerts.channels, *config.alerts.fallback))
    found = [detail for channel in wanted for detail in _CHANNELS[channel](config)]
    return (Outcome.FOUND, ", ".join(found)) if found else (Outcome.OFF, "no channel is in use")


def _by_mqtt(config: Config) -> list[str]:
    return ["mqtt"] if config.mqtt.enabled else []


def _by_apprise(config: Config) -> list[str]:
    from alerts.apprise_channel import MISSING, installed, known

    if not installed():
        raise UserError(*MISSING.split("; ", 1))
    for number, address in enumerate(config.alerts.apprise, 1):
        # Never the address itself: it holds a password or a secret topic.
        if not known(address):
            raise UserError(
                f"alerts.apprise: number {number} is no address that Apprise knows",
                "see https://github.com/caronc/apprise/wiki for how each service is written",
            )
    return [f"apprise ({len(config.alerts.apprise)})"]


def _by_home_assistant(config: Config) -> list[str]:
    from engine.telling import home_assistant

    home = home_assistant(config)
    if home is None:
        raise UserError(
            "alerts.home_assistant.url: is empty, and alerts.channels wants it",
            "set it and alerts.home_assistant.token, or choose other channels",
        )
    services = asyncio.run(_services(home.url, home.headers))
    for phone in config.alerts.home_assistant.phones:
        if phone not in services:
            there = ", ".join(sorted(s for s in services if s.startswith("mobile_app_")))
            raise UserError(
                f"alerts.home_assistant.phones: Home Assistant has no notify.{phone}",
                f"it has {there}" if there else "log in with its app on the phone first",
            )
    return [f"home_assistant ({', '.join(config.alerts.home_assistant.phones)})"]


async def _services(url: str, headers: dict[str, str]) -> set[str]:
    """Names of Home Assistant's notify services."""
    limit = aiohttp.ClientTimeout(total=HOME_TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit) as session,
            session.get(f"{url}/api/services", allow_redirects=False) as answer,
        ):
            if answer.status == 401:
                raise UserError(
                    "alerts.home_assistant.token: Home Assistant refuses it",
                    "make a long-lived access token in your profile there",
                )
            answer.raise_for_status()
            domains = await answer.json()
            return {s for d in domains if d["domain"] == "notify" for s in d["services"]}
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
        reason = str(error) or "no answer in time"
        raise UserError(
            f"alerts.home_assistant.url: Home Assistant does not answer at {url} ({reason})",
            "check the address from this machine",
        ) from None


_CHANNELS = {
    AlertChannel.MQTT: _by_mqtt,
    AlertChannel.HOME_ASSISTANT: _by_home_assistant,
    AlertChannel.APPRISE: _by_apprise,
}
