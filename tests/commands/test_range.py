"""`heliotrope range`: hands turn the head of a real driver, and the range is kept."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fake_servo import FakeServo, on_a_line

from engine.__main__ import main
from engine.commands.range import measure
from engine.core.survey import Outcome
from engine.identity import Claim
from engine.range_store import FILE, KeptRange

STEPS = 4096.0 / 360.0
CONFIGURED = (-175.0, 175.0)
TURNS = (30.0, 80.0, 0.0, -70.0, -100.0)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of its own; nothing else is configured here."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(folder))
    return folder


def test_what_the_hands_reached_is_kept_though_they_shook_the_cable(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servo = FakeServo()
    watched = threading.Event()
    turned = measure

    def watching(*arguments: Any) -> Outcome:
        watched.set()
        return turned(*arguments)

    def hands() -> None:
        watched.wait(60)
        for heading in TURNS:
            time.sleep(0.3)
            servo.at = 2048.0 + heading * STEPS
        # Longer than the driver asks again for.
        servo.silent = True
        time.sleep(0.5)
        servo.silent = False

    monkeypatch.setattr("engine.commands.range.measure", watching)

    monkeypatch.setenv("HELIOTROPE_AXIS__DRIVER", "dynamixel")
    with on_a_line(servo) as port:
        monkeypatch.setenv("HELIOTROPE_AXIS__DYNAMIXEL__PORT", port)
        turning = threading.Thread(target=hands)
        turning.start()
        assert main(["range"]) == 0
        turning.join()
    assert not servo.powered
    low, high = KeptRange(state, CONFIGURED).current
    assert (low, high) == (pytest.approx(-97.0, abs=0.5), pytest.approx(77.0, abs=0.5))
    assert "set up by hand" in capsys.readouterr().out


def test_a_motor_that_falls_silent_for_good_is_told_and_nothing_is_kept(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servo = FakeServo()

    def unplugged(*arguments: Any) -> Outcome:
        threading.Timer(0.5, setattr, (servo, "silent", True)).start()
        return measure(*arguments)

    monkeypatch.setattr("engine.commands.range.measure", unplugged)
    monkeypatch.setenv("HELIOTROPE_AXIS__DRIVER", "dynamixel")
    with on_a_line(servo) as port:
        monkeypatch.setenv("HELIOTROPE_AXIS__DYNAMIXEL__PORT", port)
        assert main(["range"]) == 1
    assert "no answer; look at cable" in capsys.readouterr().err
    assert KeptRange(state, CONFIGURED).current == CONFIGURED


def test_it_is_shown_and_reset(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    KeptRange(state, CONFIGURED).keep((-90.0, 60.0))
    assert main(["range", "--show"]) == 0
    assert "-90° to 60° (set up by hand)" in capsys.readouterr().out
    assert main(["range", "--reset"]) == 0
    assert "-175° to 175° (as configured)" in capsys.readouterr().out
    assert KeptRange(state, CONFIGURED).current == CONFIGURED


def test_one_that_cannot_be_kept_is_no_success(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / FILE / "in the way").mkdir(parents=True)
    assert main(["range", "--reset"]) == 1
    told = capsys.readouterr()
    assert f"{state / FILE} cannot be written" in told.err
    assert "make room" in told.err
    assert told.out == ""


def test_a_range_of_a_motor_is_not_shown_as_that_of_a_pan(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    KeptRange(state, CONFIGURED).keep((-90.0, 60.0))
    monkeypatch.setenv("HELIOTROPE_AXIS__DRIVER", "electronic")
    assert main(["range", "--show"]) == 0
    assert "-175° to 175° (as configured)" in capsys.readouterr().out


@pytest.mark.parametrize("driver", ["simulated", "electronic"])
def test_a_head_that_nobody_can_turn_is_named(
    state: Path,
    driver: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HELIOTROPE_AXIS__DRIVER", driver)
    assert main(["range"]) == 2
    assert f"axis.driver: {driver}" in capsys.readouterr().err


def test_a_motor_that_is_not_there_is_named(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOTROPE_AXIS__DRIVER", "dynamixel")
    monkeypatch.setenv("HELIOTROPE_AXIS__DYNAMIXEL__PORT", "/dev/nothing-here")
    assert main(["range"]) == 2
    assert "/dev/nothing-here" in capsys.readouterr().err


def test_beside_a_running_engine_it_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Claim(state):
        assert main(["range", "--reset"]) == 2
    assert "in use" in capsys.readouterr().err
