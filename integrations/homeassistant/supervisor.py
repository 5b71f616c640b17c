"""What Home Assistant's Supervisor gives an add-on: its options, and the way to the broker.

Turns both into variables of the environment, which the configuration's own
loader judges: an option is named and bounded as the setting it is. A broker
that the owner named wins over the Supervisor's. Nothing here is logged that
the Supervisor keeps secret.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import RunError, UserError

OPTIONS = Path("/data/options.json")
ADDRESS = "http://supervisor"
ANSWER_SECONDS = 10.0
SAVE_AGAIN = "save the add-on's options again"

CHANNELS, FALLBACK = "HELIOTROPE_ALERTS__CHANNELS", "HELIOTROPE_ALERTS__FALLBACK"
PHONES = "home_assistant"
"""The channel of alerts that needs a token of Home Assistant's."""

INGRESS_PEER = "172.30.32.2"
"""The one address from which the Supervisor's Ingress comes; nobody else can have it."""

FIXED: Mapping[str, str] = {
    "HELIOTROPE_STATE_DIR": "/data",
    "HELIOTROPE_HTTP__HOST": "0.0.0.0",  # noqa: S104 - the container's own network
    "HELIOTROPE_HTTP__INGRESS_FROM": INGRESS_PEER,
}
"""What an add-on may not choose: where it keeps its state, and who may come in how."""


def read_options(file: Path = OPTIONS) -> dict[str, Any]:
    """What the owner set on the add-on's page. Raises UserError."""
    try:
        options = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{file}: no such file", "run this inside Home Assistant") from None
    except (OSError, ValueError):
        raise UserError(f"{file}: is not readable as JSON", SAVE_AGAIN) from None
    if not isinstance(options, dict):
        raise UserError(f"{file}: is not a JSON object", SAVE_AGAIN)
    return options


def variables(options: Mapping[str, Any]) -> dict[str, str]:
    """A variable an option: `{"camera": {"tilt": 3}}` is HELIOTROPE_CAMERA__TILT=3.

    An option that is empty or null is one that was left alone.
    """
    found = {}
    for section, values in options.items():
        entries = values.items() if isinstance(values, dict) else [("", values)]
        for key, value in entries:
            if value is None or value in ("", []):
                continue
            name = f"HELIOTROPE_{section}__{key}" if key else f"HELIOTROPE_{section}"
            text = value if isinstance(value, str) else json.dumps(value)
            found[name.upper()] = text
    return found


def broker(token: str, address: str = ADDRESS) -> dict[str, str]:
    """The variables of the broker that the Supervisor runs; {} where it has none.

    Raises RunError where the Supervisor does not answer.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is the Supervisor's
        f"{address}/services/mqtt", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            body = json.loads(answer.read(1 << 16))
    except urllib.error.HTTPError as error:
        # 400 is its way to say that no add-on offers the service.
        if error.code in (400, 404):
            return {}
        raise RunError(f"the Supervisor refused to name its broker ({error.code})") from None
    except (OSError, ValueError):
        raise RunError("the Supervisor does not answer", "restart the add-on") from None
    return _of_service(body.get("data") or {})


def _of_service(service: Mapping[str, Any]) -> dict[str, str]:
    if not service.get("host"):
        return {}
    taken = {
        "HELIOTROPE_MQTT__HOST": service["host"],
        "HELIOTROPE_MQTT__PORT": service.get("port"),
        "HELIOTROPE_MQTT__USERNAME": service.get("username"),
        "HELIOTROPE_MQTT__PASSWORD": service.get("password"),
        "HELIOTROPE_MQTT__TLS": "true" if service.get("ssl") else None,
    }
    return {name: str(value) for name, value in taken.items() if value}


def environment(options: Mapping[str, Any], token: str, address: str = ADDRESS) -> dict[str, str]:
    """All variables of an add-on with these options. Raises UserError, RunError."""
    chosen = variables(options)
    own_broker = "HELIOTROPE_MQTT__HOST" in chosen
    if not own_broker and not token:
        raise UserError(
            "mqtt.host: the Supervisor gave no token", "set mqtt.host in the add-on's options"
        )
    found = {} if own_broker else broker(token, address)
    if not own_broker and not found:
        raise UserError(
            "mqtt.host: Home Assistant offers no broker",
            "install the add-on Mosquitto broker, or set mqtt.host in this add-on's options",
        )
    return {**_phones(chosen, token, address), **found, **chosen, **FIXED}


def _phones(chosen: Mapping[str, str], token: str, address: str) -> dict[str, str]:
    """The way to the app on the owner's phones, where an alert is to take it; no other may ask."""
    wanted = {CHANNELS, FALLBACK} & {n for n, v in chosen.items() if PHONES in v}
    if not wanted or not token:
        return {}
    return {
        "HELIOTROPE_ALERTS__HOME_ASSISTANT__URL": f"{address}/core",
        "HELIOTROPE_ALERTS__HOME_ASSISTANT__TOKEN": token,
    }
