"""What every request and every answer of the page's server must be like.

Hosts that are names of this machine (against DNS rebinding), origins that are
our own, headers that let a browser load nothing from elsewhere and keep
nothing. Decides on headers alone; sessions are `access`'s.
"""

from __future__ import annotations

import base64
import hashlib
import html
import ipaddress
import socket
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;"
    "color-scheme:light dark}h1{font-size:1.25rem}code{font-size:.95em}"
    "form{margin-top:2rem}label{display:block}"
    "input,button{font:inherit;padding:.5rem;margin-top:.25rem;box-sizing:border-box}"
    "label input{display:block;width:100%}"
)

_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{style}</style></head>
<body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>
"""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "heliotrope",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


FRAMED: Mapping[str, str] = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""Home Assistant shows the page in a frame, from its own origin."""


def _policy(form_action: str) -> str:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        f"base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
    )


def _page(title: str, text: str, form: str) -> str:
    return _PLAIN.format(title=html.escape(title), style=_STYLE, text=html.escape(text), form=form)


def plain_page(title: str, text: str) -> tuple[str, dict[str, str]]:
    """A page of one heading and one paragraph, and the header that allows its one style."""
    return _page(title, text, ""), {"Content-Security-Policy": _policy("'none'")}


def form_page(title: str, text: str, form: str) -> tuple[str, dict[str, str]]:
    """The same with a form, as HTML, that goes to this server and nowhere else.

    Without any referrer a browser sends the form as of no origin, and it could come from anywhere.
    """
    headers = {"Content-Security-Policy": _policy("'self'"), "Referrer-Policy": "same-origin"}
    return _page(title, text, form), headers


def is_loopback(host: str) -> bool:
    """Whether this name or address is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@cache
def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.split('.')[0]}.local"})


def host_is_ours(host_header: str, bound_to: str, public: str = "") -> bool:
    """Whether a Host header names this machine, or the owner's `public` address of it.

    A page elsewhere can point its own name at our address (DNS rebinding); it
    cannot make the browser send another name. Addresses cannot be rebound, so
    all of them pass, except that a server on loopback has no other address.
    """
    try:
        host = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    if public and host == urlsplit(public).hostname:
        return True
    if is_loopback(bound_to):
        return is_loopback(host)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in _own_names() or host == bound_to.lower()
    return True


def origin_is_ours(origin: str | None, host_header: str, public: str = "") -> bool:
    """Whether the page that sends a request is our own; a missing Origin is not.

    At the owner's `public` address it is, whatever a proxy made of the Host header.
    """
    if not origin:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if public and (parts.scheme, parts.netloc) == urlsplit(public)[:2]:
        return True
    return parts.scheme in {"http", "https"} and parts.netloc == host_header
