"""`heliotrope check`: every part is found, simulated, off, or missing with a remedy."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from engine import checkup
from engine.__main__ import main
from engine.checkup import examine
from engine.config import Config
from engine.config_file import load
from engine.findings import Finding, Outcome
from engine.ports import AxisAbilities


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from the environment or the folder of whoever runs the tests."""
    for name in [n for n in os.environ if n.startswith("HELIOTROPE_") and "__" in n]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HELIOTROPE_HTTP__PORT", "0")


def config(**variables: str) -> Config:
    return load(None, {**os.environ, **variables}).config


def finding(part: str, **variables: str) -> Finding:
    return next(f for f in examine(config(**variables)) if f.part == part)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_simulated_room_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert [line.split()[0] for line in shown.out.splitlines()] == [
        "configuration",
        *checkup.PROBES,
    ]
    assert "missing" not in shown.out


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert report["errors"] == []
    assert {part["part"] for part in report["parts"]} == set(checkup.PROBES)


def test_what_is_missing_ends_in_2_with_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOTROPE_CAMERA__SOURCE", "gone.mp4")
    monkeypatch.setenv("HELIOTROPE_MICROPHONES__SOURCE", "gone.wav")
    assert main(["check"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["camera", "microphones"]
    assert all("; " in line for line in lines)


def test_a_broken_configuration_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my.yaml").write_text("camera: {width: 1}\nzzz: 1\n")
    assert main(["check", "--config", "my.yaml", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert [line.split(": ")[0] for line in report["errors"]] == ["my.yaml:1", "my.yaml:2"]


def test_a_lens_that_the_simulated_room_cannot_be_drawn_with() -> None:
    found = finding("camera", HELIOTROPE_CAMERA__FIELD_OF_VIEW="150")
    assert found.outcome is Outcome.MISSING
    assert "camera.field_of_view" in found.detail


def test_a_beam_that_has_somewhere_to_go_is_found_and_its_file_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "said.wav"
    kept.write_bytes(b"of yesterday")
    beams = {
        str(kept): Outcome.FOUND,
        str(tmp_path / "new.wav"): Outcome.FOUND,
        str(tmp_path / "nowhere" / "said.wav"): Outcome.MISSING,
        str(tmp_path / "no.fifo"): Outcome.MISSING,
        "udp://127.0.0.1:5004": Outcome.FOUND,
        "udp://127.0.0.1": Outcome.MISSING,
        "none": Outcome.OFF,
    }
    for beam, outcome in beams.items():
        found = finding("beam", HELIOTROPE_HEARING__BEAM=beam)
        assert found.outcome is outcome, beam
        assert outcome is not Outcome.MISSING or "hearing.beam" in found.detail
    assert kept.read_bytes() == b"of yesterday"
    assert not (tmp_path / "new.wav").exists()


def test_a_broker_that_answers(listener: int) -> None:
    found = finding(
        "broker", HELIOTROPE_MQTT__HOST="127.0.0.1", HELIOTROPE_MQTT__PORT=str(listener)
    )
    assert found.outcome is Outcome.FOUND


def test_a_broker_that_does_not(listener: int) -> None:
    port = free_port()
    found = finding("broker", HELIOTROPE_MQTT__HOST="127.0.0.1", HELIOTROPE_MQTT__PORT=str(port))
    assert found.outcome is Outcome.MISSING
    assert f"127.0.0.1:{port}" in found.detail
    assert found.remedy == "check mqtt.host and mqtt.port"


def test_a_port_in_use(listener: int) -> None:
    page = finding("page", HELIOTROPE_HTTP__PORT=str(listener))
    broker = finding("broker", HELIOTROPE_MQTT__PORT=str(listener))
    assert page.outcome is broker.outcome is Outcome.MISSING
    assert page.detail.startswith("http.port: ")
    assert broker.detail.startswith("mqtt.port: ")


def test_parts_that_are_turned_off() -> None:
    for part, variable in (
        ("broker", "HELIOTROPE_MQTT__ENABLED"),
        ("page", "HELIOTROPE_HTTP__ENABLED"),
        ("microphones", "HELIOTROPE_HEARING__ENABLED"),
    ):
        assert finding(part, **{variable: "false"}).outcome is Outcome.OFF
    for part, variable in (
        ("shutter", "HELIOTROPE_SHUTTER__DRIVER"),
        ("mute", "HELIOTROPE_MUTE__DRIVER"),
        ("lamps", "HELIOTROPE_LAMPS__DRIVER"),
        ("touch_screen", "HELIOTROPE_TOUCH_SCREEN__DEVICE"),
        ("camera", "HELIOTROPE_CAMERA__SOURCE"),
        ("microphones", "HELIOTROPE_MICROPHONES__SOURCE"),
    ):
        assert finding(part, **{variable: "none"}).outcome is Outcome.OFF


SWITCHES = {
    "shutter": (17, "open", "closed"),
    "mute": (27, "not muted", "muted"),
}


@pytest.mark.parametrize("part", SWITCHES)
@pytest.mark.parametrize("protected", [False, True])
def test_a_switch_on_a_pin_is_read(
    part: str, protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin, idle, protecting = SWITCHES[part]

    class Driven(MockPin):
        def _set_pull(self, value: str) -> None:
            """Somebody drives it, whatever the resistor does."""
            self._pull = value

    factory = MockFactory(pin_class=Driven)
    level = factory.pin(pin)
    level.drive_high() if protected else level.drive_low()
    fake = types.ModuleType("gpiozero.pins.lgpio")
    fake.LGPIOFactory = lambda: factory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", fake)
    found = finding(part, **{f"HELIOTROPE_{part.upper()}__DRIVER": "gpio"})
    assert found.outcome is Outcome.FOUND
    assert found.detail == f"GPIO {pin}, now {protecting if protected else idle}"


@pytest.mark.parametrize("part", [*SWITCHES, "lamps"])
def test_a_part_whose_pin_cannot_be_had_has_a_remedy(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OSError("no such chip")

    fake = types.ModuleType("gpiozero.pins.lgpio")
    fake.LGPIOFactory = gone  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", fake)
    found = finding(part, **{f"HELIOTROPE_{part.upper()}__DRIVER": "gpio"})
    assert found.outcome is Outcome.MISSING
    assert "no such chip" in found.detail
    assert found.remedy == "check that the user is in group gpio"


def test_a_touch_screen_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event0")
    found = finding("touch_screen", HELIOTROPE_TOUCH_SCREEN__DEVICE=str(tmp_path / "event0"))
    assert found.outcome is Outcome.FOUND
    missing = finding("touch_screen", HELIOTROPE_TOUCH_SCREEN__DEVICE=str(tmp_path / "event1"))
    assert (missing.outcome, missing.remedy) == (Outcome.MISSING, "check touch_screen.device")


@pytest.mark.parametrize(
    ("abilities", "said"),
    [
        (AxisAbilities(True, True, True), ()),
        (AxisAbilities(False, True, True), ("feels no hand and no obstacle",)),
        (AxisAbilities(True, False, True), ("only assumes where the head is",)),
    ],
)
def test_what_a_driver_cannot_promise_is_said(
    abilities: AxisAbilities, said: tuple[str, ...]
) -> None:
    assert abilities.limits() == said


def test_a_driver_that_cannot_brake_says_how_far_the_head_coasts() -> None:
    (said,) = AxisAbilities(True, True, False, coasting_deg=23.4).limits()
    assert "coasts 23 degrees" in said


def test_check_says_what_the_axis_cannot_promise(tmp_path: Path) -> None:
    pan = finding("axis", HELIOTROPE_AXIS__DRIVER="electronic")
    assert "feels no hand and no obstacle" in pan.detail
    adapter = tmp_path / "ttyUSB0"
    adapter.touch()
    servo = finding(
        "axis",
        HELIOTROPE_AXIS__DRIVER="dynamixel",
        HELIOTROPE_AXIS__DYNAMIXEL__PORT=str(adapter),
    )
    assert "feels no hand and no obstacle unless it is XL430-W250" in servo.detail


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup.importlib.util, "find_spec", lambda name: None)
    found = finding("packages", HELIOTROPE_SHUTTER__DRIVER="gpio")
    assert found.outcome is Outcome.MISSING
    assert "amqtt" in found.detail
    assert found.remedy == "pip install 'heliotrope[pi,sim]'"


def test_a_state_directory_that_cannot_be_used() -> None:
    found = finding("state_dir", HELIOTROPE_STATE_DIR="/proc/heliotrope")
    assert found.outcome is Outcome.MISSING
    assert found.remedy


def test_a_password_in_a_camera_address_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOTROPE_CAMERA__SOURCE", f"rtsp://bob:hunter2@127.0.0.1:{free_port()}/1")
    assert main(["check"]) == 2
    shown = capsys.readouterr()
    assert "rtsp://***@127.0.0.1" in shown.out
    assert "hunter2" not in shown.out + shown.err


def test_a_driver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "SOURCE_TIMEOUT", 0.05)
    stuck: Callable[..., object] = lambda *_, **__: time.sleep(2.0)  # noqa: E731
    monkeypatch.setattr("engine.hardware.camera.open_camera", stuck)
    found = finding("camera", HELIOTROPE_CAMERA__SOURCE="/dev/video99")
    assert found.outcome is Outcome.MISSING
    assert "did not answer" in found.detail


@pytest.mark.needs("data")
def test_a_real_video_gives_a_frame(data_dir: Path) -> None:
    video = next(p for p in sorted(data_dir.rglob("*")) if p.suffix in (".mp4", ".avi", ".webm"))
    found = finding("camera", HELIOTROPE_CAMERA__SOURCE=str(video))
    assert found.outcome is Outcome.FOUND
    assert "pixels" in found.detail


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
