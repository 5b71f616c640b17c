"""What an add-on makes of its options and of the Supervisor's broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config_file import load
from engine.errors import RunError, UserError
from integrations.homeassistant import supervisor

TOKEN = "the-supervisors-token"
SERVICE = {
    "addon": "core_mosquitto",
    "host": "core-mosquitto",
    "port": 1883,
    "ssl": False,
    "username": "addons",
    "password": "secret",
    "protocol": "3.1.1",
}


class FakeSupervisor(ThreadingHTTPServer):
    """Answers `/services/mqtt` as the real one does; `service` None: no add-on offers it."""

    def __init__(self, service: dict[str, Any] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.service = service
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: FakeSupervisor

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"result": "error", "message": "unauthorized"})
        elif self.path != "/services/mqtt" or self.server.service is None:
            self._say(400, {"result": "error", "message": "Service not enabled"})
        else:
            self._say(200, {"result": "ok", "data": self.server.service})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def fake() -> Iterator[FakeSupervisor]:
    server = FakeSupervisor(dict(SERVICE))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_options_become_the_settings_of_the_same_name(fake: FakeSupervisor, tmp_path: Path) -> None:
    options = {
        "device": {"name": "Kitchen"},
        "camera": {"source": "/dev/video0", "tilt": -5.5, "field_of_view": None},
        "hearing": {"enabled": False, "wake_word": ""},
        "axis": {"range": [-90, 90]},
    }
    found = supervisor.environment(options, TOKEN, fake.url)
    config = load(None, found, tmp_path).config
    assert config.device.name == "Kitchen"
    assert (config.camera.source, config.camera.tilt) == ("/dev/video0", -5.5)
    assert config.camera.field_of_view == 66.0
    assert (config.hearing.enabled, config.hearing.wake_word) == (False, "hey_jarvis")
    assert config.axis.range == (-90.0, 90.0)
    assert config.mqtt.address == ("core-mosquitto", 1883)
    assert (config.mqtt.username, config.mqtt.password) == ("addons", "secret")
    assert config.http.ingress_from == "172.30.32.2"
    assert config.state_dir == Path("/data")


def test_a_broker_of_the_owners_wins_and_nobody_is_asked(fake: FakeSupervisor) -> None:
    found = supervisor.environment({"mqtt": {"host": "nas.local"}}, TOKEN, fake.url)
    assert found["HELIOTROPE_MQTT__HOST"] == "nas.local"
    assert "HELIOTROPE_MQTT__PASSWORD" not in found
    assert fake.asked == []


def test_no_option_opens_the_page_or_moves_the_state(fake: FakeSupervisor) -> None:
    options = {"http": {"ingress_from": "0.0.0.0", "host": "::"}, "state_dir": "/tmp"}
    found = supervisor.environment(options, TOKEN, fake.url)
    assert {name: found[name] for name in supervisor.FIXED} == supervisor.FIXED


def test_encryption_follows_the_service(fake: FakeSupervisor) -> None:
    assert fake.service
    fake.service["ssl"] = True
    assert supervisor.broker(TOKEN, fake.url)["HELIOTROPE_MQTT__TLS"] == "true"


def test_without_a_broker_the_remedy_is_named(fake: FakeSupervisor) -> None:
    fake.service = None
    with pytest.raises(UserError, match="install the add-on Mosquitto broker"):
        supervisor.environment({}, TOKEN, fake.url)


def test_a_supervisor_that_refuses_or_is_silent_is_an_error_without_the_token(
    fake: FakeSupervisor,
) -> None:
    for token, url, expected in (
        ("wrong-token", fake.url, "refused"),
        (TOKEN, "http://127.0.0.1:9", "does not answer"),
    ):
        with pytest.raises(RunError, match=expected) as problem:
            supervisor.broker(token, url)
        assert token not in str(problem.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{"])
def test_options_that_are_none_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "options.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"options\.json"):
        supervisor.read_options(file)


def test_missing_options_say_where_this_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="inside Home Assistant"):
        supervisor.read_options(tmp_path / "options.json")


VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.floats())


@given(st.dictionaries(st.text(), VALUES | st.dictionaries(st.text(), VALUES)))
def test_any_options_become_variables_of_text(options: dict[str, Any]) -> None:
    for name, value in supervisor.variables(options).items():
        assert name == name.upper()
        assert isinstance(value, str)


def test_an_alert_reaches_phones_through_the_supervisor_where_that_is_chosen(
    fake: FakeSupervisor, tmp_path: Path
) -> None:
    found = supervisor.environment({}, TOKEN, fake.url)
    assert TOKEN not in found.values()
    options = {"alerts": {"channels": ["home_assistant", "mqtt"], "pictures": False}}
    config = load(None, supervisor.environment(options, TOKEN, fake.url), tmp_path).config
    assert config.alerts.home_assistant.url == f"{fake.url}/core"
    assert config.alerts.home_assistant.token == TOKEN
    assert TOKEN not in repr(config)
