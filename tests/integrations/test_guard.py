"""Which hosts and origins are ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.http.guard import host_is_ours, origin_is_ours, plain_page


@pytest.mark.parametrize(
    ("host", "bound_to", "ours"),
    [
        ("127.0.0.1:8765", "127.0.0.1", True),
        ("localhost:8765", "127.0.0.1", True),
        ("[::1]:8765", "::1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("evil.example:8765", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("192.168.1.4", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("192.168.1.4:8765", "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
        ("localhost", "0.0.0.0", True),
        ("heliotrope.lan", "heliotrope.lan", True),
    ],
)
def test_hosts(host: str, bound_to: str, ours: bool) -> None:
    assert host_is_ours(host, bound_to) is ours


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("http://127.0.0.1:8765", True),
        ("https://127.0.0.1:8765", True),
        ("http://127.0.0.1:8766", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        (None, False),
        ("file://127.0.0.1:8765", False),
        ("http://[", False),
    ],
)
def test_origins(origin: str | None, ours: bool) -> None:
    assert origin_is_ours(origin, "127.0.0.1:8765") is ours


@given(st.text(), st.text())
def test_no_header_raises(host: str, origin: str) -> None:
    host_is_ours(host, "127.0.0.1")
    origin_is_ours(origin, host)


def test_a_plain_page_escapes_what_it_says() -> None:
    body, headers = plain_page("<b>", "<script>")
    assert "<script>" not in body
    assert "unsafe" not in headers["Content-Security-Policy"]
