"""What a setting's text may be: a topic, an address, a span of the day, a line of cron.

Each is a `str` with its rule beside it, which `engine.config_check` applies and
puts into words. Declares only.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from engine import cron
from engine.core.settings import Between


@dataclass(frozen=True, slots=True)
class Matching:
    """A text that must match `pattern` wholly; `hint` says what that means, for error texts.

    `check` looks closer: it raises ValueError with what is wrong.
    """

    pattern: re.Pattern[str]
    hint: str
    check: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a value that no error, log or page may show."""


Port = Annotated[int, Between(0, 65535)]
Text = Annotated[str, Matching(re.compile(r".*\S.*"), "must not be empty")]
Topic = Annotated[
    str,
    Matching(
        re.compile(r"[^\s/+#$][^\s/+#]*(/[^\s/+#]+)*"),
        "must be an MQTT topic: words joined by /, without spaces, + and #, not starting with $",
    ),
]
Word = Annotated[
    str, Matching(re.compile(r"[a-z0-9_]+"), "must be a name of small letters, digits and _")
]
Entity = Annotated[
    str, Matching(re.compile(r"([a-z_]+\.[a-z0-9_]+)?"), "must be an entity such as siren.hall")
]
Url = Annotated[
    str,
    Matching(re.compile(r"(https?://[^\s/]+(/\S*)?)?"), "must be a URL such as http://host:8123"),
]


def _address(text: str) -> None:
    """Raises ValueError for what is neither empty nor an IP address."""
    if text:
        ipaddress.ip_address(text)


Address = Annotated[str, Matching(re.compile(r"[0-9A-Fa-f.:]*"), "must be an IP address", _address)]


def _host(text: str) -> None:
    """Raises ValueError for an address with its port, which is a setting of its own."""
    if text.count(":") == 1:
        raise ValueError(f"{text!r} holds a port; write it as mqtt.port")
    if ":" in text:
        ipaddress.IPv6Address(text)


Host = Annotated[
    str,
    Matching(
        re.compile(r"[^\s/@\[\]]*"),
        "must be a bare name or address such as broker.local, without mqtt:// and brackets",
        _host,
    ),
]


def _span(text: str) -> None:
    """Raises ValueError for one that ends when it begins: nothing to some, all day to others."""
    begin, _, end = text.partition("-")
    if begin == end:
        raise ValueError(f"{text!r} has no length; for the whole day write 00:00-23:59")


Hours = Annotated[
    str,
    Matching(
        re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"),
        "must be a span of the day such as 22:00-07:00",
        _span,
    ),
]
Cron = Annotated[
    str,
    Matching(
        re.compile(r"[^\s]+( [^\s]+){4}"),
        "must be five fields of cron: minute hour day month weekday",
        cron.parse,
    ),
]
