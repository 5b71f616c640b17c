"""`heliotrope arm`, `disarm` and `away`, as a person types them beside a running page server."""

from __future__ import annotations

import asyncio
import getpass
import io
import json
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from engine.__main__ import main
from engine.core.types import AlarmState, Command, Reply
from integrations import sample
from integrations.alarm_codes import AlarmCode, store
from integrations.http import client, way_in
from integrations.http.scopes import Scope
from integrations.http.server import PageServer
from integrations.http.tokens import TokenStore
from integrations.hub import Hub

CODE = "471147"


class Device:
    """A page server with a hub behind it, whose engine says to everything what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refuse = ""
        self.asked: list[Command] = []
        code = AlarmCode(folder)
        self.hub = Hub(self._deliver, admit=code.admit)
        self.tokens = TokenStore(folder)
        self.server = PageServer(
            port=0, tokens=self.tokens, code_wanted=lambda: code.wanted, simulated=True
        )

    def _deliver(self, command: Command) -> None:
        self.asked.append(command)
        ok = not self.refuse
        self.hub.answer(Reply(command.source, command.id, ok, self.refuse or "done"))

    def show(self, alarm: AlarmState, left: float | None = None, **changes: object) -> None:
        now = time.monotonic()
        until = None if left is None else now + left
        state = replace(sample.at(now), alarm=alarm, alarm_until=until, **changes)  # type: ignore[arg-type]
        self.hub.publish(state)

    def token_file(self, scope: Scope, mode: int = 0o600) -> Path:
        file = self.folder / f"{scope}.token"
        file.write_text(self.tokens.make(str(scope), scope) + "\n")
        file.chmod(mode)
        return file


@pytest.fixture
async def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Device]:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    running = Device(tmp_path)
    await running.server.start(running.hub.states, running.hub.submit)
    running.server.new_way_in().leave(tmp_path)
    running.show(AlarmState.DISARMED)
    yield running
    await running.server.stop()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Runs a command line; its exit code and everything that it printed."""

    async def call(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, words)
        both = capsys.readouterr()
        return code, both.out + both.err

    return call


@pytest.mark.parametrize(
    ("alarm", "left", "shown"),
    [
        (AlarmState.DISARMED, None, "disarmed"),
        (AlarmState.ARMING, 20.0, "arming: armed in "),
        (AlarmState.ARMED_AWAY, None, "armed\n"),
        (AlarmState.ARMED_NIGHT, None, "armed for the night"),
        (AlarmState.PENDING, 30.0, "somebody is there: the alarm is raised in "),
        (AlarmState.TRIGGERED, 100.0, "triggered for another "),
    ],
)
async def test_status_has_the_alarm_and_the_time_that_is_left(
    device: Device, typed: Callable, alarm: AlarmState, left: float | None, shown: str
) -> None:
    device.show(alarm, left, problems=("axis: the motor does not answer",))
    for words in (("away",), ("away", "status")):
        code, said = await typed(*words)
        assert code == 0
        assert f"alarm:   {shown}" in said
        assert "problem: axis: the motor does not answer" in said
    code, said = await typed("away", "status", "--json")
    report = json.loads(said)
    assert report["alarm"] == alarm
    if left is None:
        assert report["seconds_left"] is None
    else:
        # Told to a tenth of a second, and asked within less than half of that where it is quick.
        assert left - 15.0 < report["seconds_left"] <= left


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ((), {"mode": "away"}),
        (("--night",), {"mode": "night"}),
        (("--delay", "0"), {"mode": "away", "delay": 0.0}),
    ],
)
async def test_arm_sends_what_was_asked_for(
    device: Device, typed: Callable, words: tuple[str, ...], arguments: dict[str, object]
) -> None:
    device.show(AlarmState.ARMING, 30.0)
    code, said = await typed("arm", *words)
    assert (code, said[:17]) == (0, "arming: armed in ")
    assert [(c.name, c.arguments) for c in device.asked] == [("arm", arguments)]


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("the privacy shutter is closed", "open it"),
        ("the axis has a fault", "heliotrope check"),
        ("the range of motion is being set up", "finish"),
        ("not possible while pending", ""),
    ],
)
async def test_a_refusal_is_printed_with_its_reason(
    device: Device, typed: Callable, reason: str, remedy: str
) -> None:
    device.refuse = reason
    code, said = await typed("arm")
    assert code == 1
    assert said.startswith(f"heliotrope: not armed: {reason}")
    assert remedy in said
    assert len(said.splitlines()) == 1


async def test_an_argument_that_cannot_be_is_the_callers_mistake(
    device: Device, typed: Callable
) -> None:
    code, said = await typed("arm", "--delay", "99999")
    assert (code, device.asked) == (2, [])
    assert "delay must be between 0 and 3600" in said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_the_code_is_asked_for_without_echo(
    device: Device, typed: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(device.folder, CODE)
    asked: list[str] = []

    def type_in(prompt: str) -> str:
        asked.append(prompt)
        return CODE

    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr(getpass, "getpass", type_in)
    code, said = await typed("disarm")
    assert (code, said, asked) == (0, "done\n", ["Code: "])
    assert [c.name for c in device.asked] == ["disarm"]


async def test_a_code_that_is_wrong_or_locked_out_is_refused_and_not_shown(
    device: Device, typed: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(device.folder, CODE)
    for _ in range(5):
        monkeypatch.setattr(sys, "stdin", io.StringIO("999999\n"))
        code, said = await typed("disarm")
        assert code == 1
        assert "not disarmed: the code is wrong" in said
        assert "999999" not in said
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{CODE}\n"))
    code, said = await typed("disarm")
    assert code == 1
    assert "too many wrong codes; try again in" in said
    assert device.asked == []


async def test_without_a_code_nothing_is_asked(
    device: Device, typed: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: str) -> str:
        raise AssertionError("asked for a code that nobody set")

    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr(getpass, "getpass", never)
    assert (await typed("disarm"))[0] == 0


async def test_a_code_is_no_argument(typed: Callable) -> None:
    for words in (("disarm", CODE), ("disarm", "--code", CODE)):
        assert (await typed(*words))[0] == 2


async def test_the_way_in_is_its_owners_alone_and_of_one_run(device: Device) -> None:
    file = device.folder / way_in.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = way_in.find(device.folder)
    assert before is not None
    assert before.token not in repr(before)
    await device.server.stop()
    again = Device(device.folder)
    await again.server.start(again.hub.states, again.hub.submit)
    try:
        engine = client.Engine(way_in.WayIn(again.server.url, before.token))
        with pytest.raises(Exception, match="opens nothing"):
            await asyncio.to_thread(engine.about)
    finally:
        await again.server.stop()
    way_in.remove(device.folder)
    assert way_in.find(device.folder) is None


async def test_without_an_engine_it_says_so(
    typed: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "none"))
    code, said = await typed("arm")
    assert (code, "no engine runs on" in said) == (2, True)
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("HELIOTROPE_HTTP__ENABLED", "false")
    code, said = await typed("arm")
    assert (code, "http.enabled" in said) == (2, True)


async def test_an_engine_that_was_killed_is_not_waited_for(device: Device, typed: Callable) -> None:
    await device.server.stop()
    code, said = await typed("away")
    assert code == 1
    assert "no engine answers at http://127.0.0.1:" in said


async def test_a_token_of_a_file_opens_as_far_as_its_scope(device: Device, typed: Callable) -> None:
    url = device.server.url
    admin = ("--url", url, "--token-file", str(device.token_file(Scope.ADMIN)))
    assert (await typed("arm", *admin))[0] == 0
    assert (await typed("away", *admin))[0] == 0
    for scope in (Scope.VIEW, Scope.CONTROL):
        way = ("--url", url, "--token-file", str(device.token_file(scope)))
        code, said = await typed("arm", *way)
        assert code in (1, 2)
        assert "--scope admin" in said
        assert (await typed("away", *way))[0] == 0
    device.tokens.revoke("admin")
    code, said = await typed("arm", *admin)
    assert (code, "opens nothing" in said) == (2, True)
    assert len(device.asked) == 1


async def test_a_token_that_others_may_read_is_not_used(device: Device, typed: Callable) -> None:
    file = device.token_file(Scope.ADMIN, 0o644)
    code, said = await typed("arm", "--url", device.server.url, "--token-file", str(file))
    assert code == 2
    assert f"chmod 600 {file}" in said
    assert device.asked == []


async def test_the_token_of_one_engine_is_not_sent_elsewhere(
    device: Device, typed: Callable
) -> None:
    code, said = await typed("arm", "--url", "http://127.0.0.1:9")
    assert (code, "--token-file" in said) == (2, True)


async def test_a_proxy_of_the_environment_never_sees_the_token(
    device: Device, typed: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await typed("arm"))[0] == 0


async def test_no_redirect_carries_the_token_away(
    device: Device, typed: Callable, tmp_path: Path
) -> None:
    visits: list[str] = []

    async def thief(request: web.Request) -> web.Response:
        visits.append(request.path)
        if request.path.startswith("/stolen"):
            return web.json_response({})
        return web.Response(status=307, headers={"Location": f"/stolen{request.path}"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", thief)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        file = str(device.token_file(Scope.ADMIN))
        code, said = await typed("away", "--url", f"http://127.0.0.1:{port}", "--token-file", file)
    finally:
        await runner.cleanup()
    assert (code, visits) == (1, ["/state"])
    assert "answered with 307" in said


async def test_a_server_of_something_else_is_told(device: Device, typed: Callable) -> None:
    async def other(_: web.Request) -> web.Response:
        return web.json_response({"hello": "world"})

    app = web.Application()
    app.router.add_get("/state", other)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        file = str(device.token_file(Scope.ADMIN))
        code, said = await typed("away", "--url", url, "--token-file", file)
    finally:
        await runner.cleanup()
    assert (code, "is this Heliotrope's page?" in said) == (1, True)


@pytest.mark.parametrize("url", ["ftp://host", "host:8765", "http://", "http://[", "http://h:x"])
async def test_what_is_no_address_is_told(device: Device, typed: Callable, url: str) -> None:
    file = str(device.token_file(Scope.ADMIN))
    code, said = await typed("away", "--url", url, "--token-file", file)
    assert (code, "is no address" in said) == (2, True)


def test_whoever_sends_a_code_over_a_network_in_the_clear_is_warned() -> None:
    open_ones = {
        url: client.Engine(way_in.WayIn(url, "x")).open_to_others
        for url in ("http://127.0.0.1:1", "http://localhost", "https://h", "http://192.168.1.2")
    }
    assert [url for url, told in open_ones.items() if told] == ["http://192.168.1.2"]
