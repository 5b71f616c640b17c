"""A real Mosquitto for tests, with passwords and an access list, on loopback.

Every process started here is ended here, by its id. Nothing of the product is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

START_LIMIT = 300.0  # seconds; a hang guard for a busy machine, an idle one takes about 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then make it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_LIMIT
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}:\n{log.read_text()[-2000:]}")


@dataclass
class Broker:
    """Mosquitto with passwords and an access list, on loopback.

    `users` maps a name to its password and its access list lines; by default `home` (all of it)
    and `device` (what docs/configuration.md tells people to allow the engine). `more` are
    further lines of mosquitto.conf, which belong to its one listener.
    """

    folder: Path
    mosquitto: str = "mosquitto"
    port: int = field(default_factory=free_port)
    base_topic: str = "heliotrope"
    passwords: dict[str, str] = field(
        default_factory=lambda: {"home": "home-secret", "device": "device-secret"}
    )
    process: subprocess.Popen[bytes] | None = None
    more: tuple[str, ...] = ()

    def access_list(self) -> str:
        return (
            "user home\ntopic readwrite #\n"
            f"user device\ntopic readwrite {self.base_topic}/#\n"
            "topic write homeassistant/device/#\ntopic read homeassistant/status\n"
        )

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        passwords = self.folder / "passwords"
        passwords.touch(mode=0o600)
        tool = shutil.which("mosquitto_passwd") or str(
            Path(self.mosquitto).parent.parent / "bin" / "mosquitto_passwd"
        )
        for name, password in self.passwords.items():
            subprocess.run([tool, "-b", passwords, name, password], check=True)
        (self.folder / "access").write_text(self.access_list())
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            f"acl_file {self.folder / 'access'}",
            "persistence false",
            *self.more,
            *(["user root"] if os.geteuid() == 0 else []),
        ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        log = self.folder / "mosquitto.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [self.mosquitto, "-c", self.folder / "mosquitto.conf"], stdout=out, stderr=out
            )
        wait_for_port(self.port, self.process, log)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


async def eventually(check: Callable[[], Any], limit: float = 30.0) -> Any:
    """The first true thing that `check` (a function or a coroutine function) gives."""
    give_up = time.monotonic() + limit
    while True:
        result = check()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return result
        if time.monotonic() > give_up:
            raise TimeoutError(f"{check} did not come true within {limit:.0f} s")
        await asyncio.sleep(0.2)
