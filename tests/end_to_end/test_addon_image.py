"""The add-on's image, built and started without a container engine.

The steps of addon/Dockerfile run in a Debian of its base image's release (the release's own
packages, not the base image itself), with the add-on folder as script/assemble-addon makes it.
Then the image's own command starts against a Supervisor and a broker on loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
import pytest
from debian import CHECKOUT, Debian, unpacked
from mosquitto import Broker, free_port

pytestmark = [pytest.mark.xdist_group("install"), pytest.mark.timeout(900)]

TOKEN = "supervisors-token"
INGRESS = "127.0.0.2"


class Supervisor(ThreadingHTTPServer):
    """Names a broker to whoever has the token."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.service = {
            "host": "127.0.0.1",
            "port": broker.port,
            "ssl": False,
            "username": "device",
            "password": broker.passwords["device"],
            "protocol": "3.1.1",
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Supervisor

    def do_GET(self) -> None:
        right = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        body = {"result": "ok", "data": self.server.service} if right else {"result": "error"}
        payload = json.dumps(body).encode()
        self.send_response(200 if right else 401)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def supervisor(broker: Broker) -> Iterator[Supervisor]:
    server = Supervisor(broker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Started:
    """The add-on's command, running; where its page is, and what it said."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def options(name: str) -> str:
    """What the owner chose, as the Supervisor writes it."""
    chosen = {"device": {"name": name}, "microphones": {"source": "none"}, "log": {"level": "info"}}
    return json.dumps(chosen)


def settings(supervisor: Supervisor, folder: str, port: int) -> dict[str, str]:
    """What stands in for the container: its own network, its data folder, the Supervisor."""
    return {
        "SUPERVISOR_TOKEN": TOKEN,
        "HELIOTROPE_STATE_DIR": folder,
        "HELIOTROPE_HTTP__HOST": "127.0.0.1",
        "HELIOTROPE_HTTP__PORT": str(port),
        "HELIOTROPE_HTTP__INGRESS_FROM": INGRESS,
    }


async def works(started: Started, broker: Broker, name: str) -> None:
    """On the broker with the Supervisor's login, its page open to Ingress and to nobody else."""
    login = {"username": "home", "password": broker.passwords["home"]}
    async with aiomqtt.Client("127.0.0.1", broker.port, **login) as client:
        await client.subscribe("homeassistant/device/+/config")
        async with asyncio.timeout(120):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                announced: dict[str, Any] = json.loads(message.payload)
                if announced["device"]["name"] == name:
                    break
    url = f"http://127.0.0.1:{started.port}"

    def coming_from(address: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))

    async with coming_from(INGRESS) as home, coming_from("127.0.0.1") as stranger:
        async with home.get(f"{url}/about", headers={"Host": "home.example"}) as answer:
            assert (await answer.json())["name"] == name
        async with stranger.get(f"{url}/about") as answer:
            assert answer.status == 401
        async with stranger.get(f"{url}/health") as answer:
            assert answer.status == 200


@pytest.mark.needs("mosquitto", "sim")
def test_it_starts_with_the_supervisors_broker(
    broker: Broker, supervisor: Supervisor, tmp_path: Path
) -> None:
    chosen = tmp_path / "options.json"
    chosen.write_text(options("From options"))
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
    port, log = free_port(), tmp_path / "log"
    words = ["addon", "--options", str(chosen), "--supervisor", supervisor.url]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", *words],
            cwd=CHECKOUT,
            env={**clean, **settings(supervisor, str(tmp_path / "data"), port)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    started = Started(process, port, log)
    try:
        asyncio.run(works(started, broker, "From options"))
    finally:
        code = started.end()
    said = log.read_text()
    assert code in {0, 130}, said
    assert TOKEN not in said
    assert broker.passwords["device"] not in said


def steps(dockerfile: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def build(debian: Debian, context: Path) -> str:
    """Do in `debian` what the Dockerfile says; returns its CMD as one line of shell."""
    command = ""
    for word, rest in steps((context / "Dockerfile").read_text()):
        if word == "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                debian.environment[name] = value.replace("$PATH", debian.environment["PATH"])
        elif word == "COPY":
            pattern, target = rest.split()
            for file in context.glob(pattern):
                shutil.copy2(file, debian.path(target))
        elif word == "RUN":
            debian.run("/bin/bash", "-o", "pipefail", "-c", rest)
        elif word == "CMD":
            command = shlex.join(json.loads(rest))
    return command


@pytest.mark.needs("debootstrap", "mosquitto")
def test_the_dockerfiles_steps_make_an_image_that_starts(
    part: Callable[[str], str | Path], broker: Broker, supervisor: Supervisor, tmp_path: Path
) -> None:
    assembled = subprocess.run(
        [CHECKOUT / "script" / "assemble-addon", tmp_path / "repository"],
        env={**os.environ, "HELIOTROPE_VENV": sys.prefix},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    context = Path(assembled) / "heliotrope"
    (base,) = re.findall(r"^FROM debian:(\w+)-slim", (context / "Dockerfile").read_text(), re.M)
    with unpacked(tmp_path / "image") as debian:
        release = debian.path("/etc/os-release").read_text()
        assert f"VERSION_CODENAME={base}\n" in release
        command = build(debian, context)
        assert command == "heliotrope addon"
        debian.path("/data").mkdir()
        debian.path("/data/options.json").write_text(options("From the image"))
        port, log = free_port(), tmp_path / "log"
        words = [*shlex.split(command), "--supervisor", supervisor.url]
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["chroot", debian.folder, *words],
                env={**debian.environment, **settings(supervisor, "/data", port)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        started = Started(process, port, log)
        try:
            asyncio.run(works(started, broker, "From the image"))
        finally:
            code = started.end()
        assert code in {0, 130}, log.read_text()
        # What it keeps lies where a backup looks for it.
        assert debian.path("/data/device.id").exists()


async def test_the_steps_of_a_dockerfile_are_read_as_docker_reads_them() -> None:
    text = 'FROM a\n# note\nRUN one \\\n  && two\nCMD ["x", "y"]\n'
    assert list(steps(text)) == [("FROM", "a"), ("RUN", "one    && two"), ("CMD", '["x", "y"]')]
