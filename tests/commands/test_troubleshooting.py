"""docs/troubleshooting.md against the program: each message that it explains is really said."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.core.types import Command, Reply, ShutterState
from integrations.alarm_codes import AlarmCode, store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"


def quoted(title: str) -> set[str]:
    """The messages of the table under this heading."""
    part = PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", part, re.M))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


BROKEN = {
    "no such device": {"CAMERA__SOURCE": "/dev/video97"},
    "cannot be opened": {"CAMERA__SOURCE": "rtsp://127.0.0.1:9/x"},
    " is not installed": {"CAMERA__SOURCE": "picamera"},
    ": not found (": {"MICROPHONES__SOURCE": "nothing_there"},
    "unknown microphone array": {"MICROPHONES__ARRAY": "respeaker_9"},
    "is not there": {
        "AXIS__DRIVER": "dynamixel",
        "AXIS__DYNAMIXEL__PORT": "/dev/serial/by-id/none",
    },
    "the GPIO libraries are missing": {"SHUTTER__DRIVER": "gpio"},
    "cannot listen on": {},
    "is no address that Apprise knows": {
        "ALERTS__CHANNELS": '["apprise"]',
        "ALERTS__APPRISE": '["nonsense://somebody"]',
    },
    "cannot be used: ": {"SPEAKER__DEVICE": "nothing_there"},
}
WITH_A_HOME = {"no notify.", "Home Assistant refuses it"}
"""Messages that want a Home Assistant: test_check_alerts.py has one."""
ELSEWHERE = {" is not installed": "picamera2", "the GPIO libraries are missing": "lgpio"}
"""What a Raspberry Pi has, so that the message cannot be had there."""


@pytest.mark.parametrize("message", BROKEN)
def test_check_says_what_the_page_explains(
    message: str,
    taken: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if message in ELSEWHERE:
        try:
            __import__(ELSEWHERE[message])
        except ImportError:
            pass
        else:
            pytest.skip(f"{ELSEWHERE[message]} is here")
    for name in [n for n in os.environ if n.startswith("HELIOTROPE_") and "__" in n]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    settings = {
        "CAMERA__SOURCE": "none",
        "MICROPHONES__SOURCE": "none",
        "HTTP__PORT": str(taken) if message == "cannot listen on" else "0",
        **BROKEN[message],
    }
    if "ARRAY" in "".join(BROKEN[message]):
        settings["MICROPHONES__SOURCE"] = "simulated"
    for name, value in settings.items():
        monkeypatch.setenv(f"HELIOTROPE_{name}", value)
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    assert main(["check"]) == 2
    assert message in capsys.readouterr().err


def test_every_message_of_check_on_the_page_is_one_that_was_tried() -> None:
    assert quoted("What `heliotrope check` says") == set(BROKEN) | WITH_A_HOME


async def test_the_refusals_of_the_alarm_are_the_ones_that_it_gives(tmp_path: Path) -> None:
    page = quoted("It does not arm or disarm")
    store(tmp_path, "4711")
    judge = AlarmCode(tmp_path)

    async def says(**arguments: str) -> str:
        answer = await judge.admit(Command(0.0, "disarm", arguments, source="test"))
        assert isinstance(answer, Reply)
        return answer.message

    said = [await says(), *[await says(code="1111") for _ in range(5)], await says(code="4711")]
    # The core's own are tried in tests/core, the command line's beside its commands.
    said += [f"the privacy shutter is {state}" for state in ShutterState]
    assert all(any(message in one for message in page) for one in said), said
