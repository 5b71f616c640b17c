"""Publishes to ntfy so that a repeated delivery replaces the first one on the phone.

Apprise reads the address (server, topics, login, the owner's own priority) but cannot name
a notification, so the request is made here: X-Sequence-ID is the notice's tag, and clients
show one notification for all messages that carry the same (ntfy 2.16 and its Android and
web apps on; https://docs.ntfy.sh/publish/#updating-notifications). Others take it for an
unknown header. It blocks, and neither logs nor raises what an address or an answer holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alerts.notice import Parcel

SECONDS = 10.0
"""For the connection, and again for the answer."""
APPRISE_ONLY = ("delay", "email", "actions", "attach", "filename", "avatar_url", "format")
"""What an owner may add to an address that only Apprise's own request carries."""
_NAME = re.compile(r"[-_A-Za-z0-9]{1,64}")


def is_plain(described: Mapping[str, Any]) -> bool:
    """Whether an address, as Apprise's `parse_url` gives it, wants nothing but a message."""
    return not any(described.get(key) for key in APPRISE_ONLY)


def sequence(tag: str) -> str:
    """What names the notification of `tag`: itself, or a hash where ntfy would not take it."""
    if _NAME.fullmatch(tag):
        return tag
    return hashlib.sha256(tag.encode("utf-8", "surrogatepass")).hexdigest()


def publish(
    service: Any, parcel: Parcel, text: str, link: str, still: Path | None, took: set[str]
) -> bool:
    """Whether every topic of Apprise's `service` took it, now or before: those are in `took`.

    `text` below the parcel's title; `link` opens with a tap, empty for none;
    `still` is attached, where the server takes it.
    """
    headers = {
        "X-Sequence-ID": sequence(parcel.notice.tag),
        "X-Tags": parcel.notice.tag,
        "X-Priority": str(service.priority),
    }
    if service.token:
        headers["Authorization"] = f"Bearer {service.token}"
    if link:
        headers["X-Click"] = quote(link, safe=":/?@&=#%")
    words = {"title": parcel.title, "message": text}
    picture = _read(still)
    topics = list(service.topics)
    for topic in [each for each in topics if each not in took]:
        answer: bool | None = False
        if still is not None and picture:
            named = words | {"filename": still.name}
            answer = _post(service, f"/{topic}", headers, params=named, data=picture)
        if answer is False:
            # No picture, or a server that takes none (attachments are off as it is installed).
            answer = _post(service, "", headers, json={"topic": topic, **words})
        if answer:
            took.add(topic)
    return bool(topics) and took.issuperset(topics)


def _read(still: Path | None) -> bytes:
    try:
        return still.read_bytes() if still is not None else b""
    except OSError:
        return b""  # deleted meanwhile: the words matter


def _post(service: Any, path: str, headers: Mapping[str, str], **what: Any) -> bool | None:
    """Whether it was taken; None where nothing was heard in time, and a second try must wait."""
    import requests  # Apprise's own, and as large

    login = (service.user, service.password) if service.user and not service.token else None
    try:
        answer = requests.post(
            f"{_server(service)}{path}",
            headers=headers,
            auth=login,
            verify=service.verify_certificate,
            timeout=SECONDS,
            **what,
        )
    except requests.Timeout:
        return None
    except (requests.RequestException, OSError):
        return False
    return bool(answer.status_code == requests.codes.ok)


def _server(service: Any) -> str:
    if service.mode == "cloud":
        return str(service.cloud_notify_url)
    port = f":{service.port}" if isinstance(service.port, int) else ""
    return f"{'https' if service.secure else 'http'}://{service.host}{port}"
