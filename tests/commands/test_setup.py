"""`heliotrope setup`: asks, checks, writes in one step, keeps a backup, shows no password."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.config_file import load


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config.yaml"


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> object:
    def answer(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return answer


REAL = ["Kitchen", "broker.local", "", "bob", "hunter2", "/dev/video0", "78", "", "default",
        "respeaker_4", "gpio", "27", "low"]  # fmt: skip


def test_answers_become_a_valid_file(file: Path, type_in, capsys) -> None:  # type: ignore[no-untyped-def]
    type_in(*REAL)
    assert main(["setup"]) == 0
    config = load(file, {}).config
    assert config.device.name == "Kitchen"
    assert config.mqtt.address == ("broker.local", 1883)
    assert (config.mqtt.username, config.mqtt.password) == ("bob", "hunter2")
    assert (config.camera.source, config.camera.field_of_view) == ("/dev/video0", 78.0)
    assert (config.microphones.source, config.microphones.array) == ("default", "respeaker_4")
    assert (config.shutter.pin, config.shutter.closed_when) == (27, "low")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hunter2" not in capsys.readouterr().out


def test_empty_answers_keep_the_simulated_room(file: Path, type_in) -> None:  # type: ignore[no-untyped-def]
    type_in(*[""] * 5)
    assert main(["setup"]) == 0
    assert load(file, {}).config == load(None, {}, directory=Path("/nonexistent")).config


def test_a_wrong_answer_is_asked_for_again(file: Path, type_in, capsys) -> None:  # type: ignore[no-untyped-def]
    type_in("", "broker.local", "70000", "1884", "-", "", "", "")
    assert main(["setup"]) == 0
    assert load(file, {}).config.mqtt.port == 1884
    assert "70000 is above 65535" in capsys.readouterr().out


def test_answers_that_end_early_write_nothing(file: Path, type_in, capsys) -> None:  # type: ignore[no-untyped-def]
    type_in("Kitchen")
    assert main(["setup"]) == 2
    assert not file.exists()
    assert "--answers" in capsys.readouterr().err


@pytest.mark.parametrize(("agreed", "name"), [("y", "Kitchen"), ("n", "Old"), ("", "Old")])
def test_asks_before_it_changes_a_file(  # type: ignore[no-untyped-def]
    file: Path, type_in, agreed: str, name: str
) -> None:
    file.write_text("device: {name: Old}\naxis: {range: [-90, 90]}\n")
    type_in("Kitchen", *[""] * 4, agreed)
    assert main(["setup"]) == 0
    config = load(file, {}).config
    assert config.device.name == name
    assert config.axis.range == (-90.0, 90.0)


def test_keeps_what_was_there_in_a_backup_and_its_mode(file: Path, type_in) -> None:  # type: ignore[no-untyped-def]
    before = "device: {name: Old}\n"
    file.write_text(before)
    file.chmod(0o644)
    type_in("device: {name: New}")
    assert main(["setup", "--answers", "-", "--yes"]) == 0
    (backup,) = file.parent.glob("config.yaml.*.bak")
    assert backup.read_text() == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    # The group of an existing file can still read it, others no more.
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_without_questions_it_does_not_overwrite_unasked(file: Path, type_in, capsys) -> None:  # type: ignore[no-untyped-def]
    file.write_text("device: {name: Old}\n")
    type_in("device: {name: New}")
    assert main(["setup", "--answers", "-"]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert file.read_text() == "device: {name: Old}\n"


def test_any_setting_may_be_answered_in_a_file(file: Path) -> None:
    answers = file.with_name("answers.yaml")
    answers.write_text("state_dir: /var/lib/heliotrope\naxis: {range: [-90, 90]}\nlog:\n")
    assert main(["setup", "--config", str(file), "--answers", str(answers)]) == 0
    config = load(file, {}).config
    assert config.state_dir == Path("/var/lib/heliotrope")
    assert config.axis.range == (-90.0, 90.0)


@pytest.mark.parametrize(
    ("before", "answers", "words"),
    [
        ("", "camera: {width: 1}", "answers.yaml:1: camera.width: 1 is below 64"),
        ("", "zzz: 1", "answers.yaml:1: zzz: is not a setting"),
        ("camera: {width: 1}", "{}", "config.yaml:1: camera.width: 1 is below 64"),
        ("zones: {far: 9}", "zones: {near: 3}\nmqtt: {password: x}", "set mqtt.username too"),
    ],
)
def test_writes_nothing_that_could_not_be_read(
    file: Path, before: str, answers: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(before)
    file.with_name("answers.yaml").write_text(answers)
    assert main(["setup", "--answers", "answers.yaml", "--yes"]) == 2
    assert words in capsys.readouterr().err
    assert file.read_text() == before


def test_a_place_that_cannot_be_written(capsys: pytest.CaptureFixture[str], type_in) -> None:  # type: ignore[no-untyped-def]
    type_in("device: {name: New}")
    assert main(["setup", "--config", "/proc/heliotrope/config.yaml", "--answers", "-"]) == 2
    assert "cannot be written" in capsys.readouterr().err
