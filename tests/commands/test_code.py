"""`heliotrope code`: set, taken away, and never shown."""

from __future__ import annotations

import getpass
import io
import sys
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.core.types import Command
from integrations.alarm_codes import AlarmCode


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path))
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def opens(folder: Path, code: str) -> bool:
    command = Command(0.0, "disarm", {"code": code}, source="test")
    return isinstance(await AlarmCode(folder).admit(command), Command)


async def test_a_code_from_a_file_is_needed_until_it_is_taken_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, "4711\n")
    assert main(["code"]) == 0
    assert await opens(folder, "4711")
    assert not await opens(folder, "4712")
    assert main(["code", "--status"]) == 0
    assert main(["code", "--remove"]) == 0
    assert main(["code", "--status"]) == 0
    assert await opens(folder, "")
    said = capsys.readouterr().out
    assert "4711" not in said
    assert said.splitlines()[1::2] == ["disarming takes a code", "disarming takes no code"]


async def test_a_terminal_is_asked_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(("4711", "4712", "4711", "4711"))
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
    assert main(["code"]) != 0
    assert await opens(folder, "")
    assert main(["code"]) == 0
    assert await opens(folder, "4711")
    assert "4711" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("text", ["", "123", "abcd", "1234567890123456789", "12 34"])
async def test_what_the_keypad_cannot_type_is_no_code(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    piped(monkeypatch, text)
    assert main(["code"]) != 0
    assert await opens(folder, "")
    err = capsys.readouterr().err
    assert "4 to 16 digits" in err
    assert not text or text not in err


def test_what_is_no_text_is_no_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe1\n"), "utf-8"))
    assert main(["code"]) == 2
    assert "4 to 16 digits" in capsys.readouterr().err


def test_one_in_the_configuration_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOTROPE_ALARM__CODE", "1111")
    piped(monkeypatch, "4711")
    assert main(["code"]) != 0
    assert main(["code", "--status"]) == 0
    said = "".join(capsys.readouterr())
    assert "alarm.code" in said
    assert "1111" not in said
    assert folder.exists()
