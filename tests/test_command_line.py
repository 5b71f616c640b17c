"""The command line: help, versions, exit codes, and one line for each mistake."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import engine.__main__ as command_line
from engine import __version__
from engine.errors import ManyErrors, RunError, UserError

CHECKOUT = Path(__file__).resolve().parent.parent


def call(*words: str) -> int:
    """The exit code, whether returned or raised by argparse."""
    try:
        return command_line.main(words)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A command of the test's own under the name of a real one; set `run` in it."""
    module = types.ModuleType("engine.commands.check")
    module.HELP, module.EXAMPLES = "help", "  heliotrope check"  # type: ignore[attr-defined]
    module.configure = lambda parser: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "engine.commands.check", module)
    return module


def test_without_a_command_it_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert "simulate" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_lists_the_commands(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(word) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name}" in shown for name in command_line.COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"heliotrope {__version__}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["chek"], "heliotrope: chek is not a command; did you mean check?\n"),
        (["zzz"], "heliotrope: zzz is not a command; see `heliotrope --help`\n"),
        (["--zzz"], "heliotrope: unrecognized arguments: --zzz; see `heliotrope --help`\n"),
        (
            ["check", "--zzz"],
            "heliotrope: unrecognized arguments: --zzz; see `heliotrope check --help`\n",
        ),
    ],
)
def test_a_misspelt_call_is_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 2
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (UserError("wrong", "do this"), 2, "heliotrope: wrong; do this\n"),
        (UserError("two\nlines\x1b[2J"), 2, "heliotrope: two lines?[2J\n"),
        (RunError("broke"), 1, "heliotrope: broke\n"),
        (ManyErrors((UserError("a"), UserError("b"))), 2, "heliotrope: a\nheliotrope: b\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_lines_and_exit_codes(
    command: types.ModuleType,
    error: BaseException,
    code: int,
    lines: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(_: object) -> int:
        raise error

    command.run = run  # type: ignore[attr-defined]
    assert call("check") == code
    assert capsys.readouterr().err == lines


def test_the_commands_code_is_the_programs(command: types.ModuleType) -> None:
    command.run = lambda _: 1  # type: ignore[attr-defined]
    assert call("check") == 1


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_every_commands_help_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(name, "--help") == 0
    assert f"examples:\n  heliotrope {name}" in capsys.readouterr().out


def python(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys, engine.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'yaml', 'aiohttp', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = python("-c", script)
    assert result.returncode == 0, result.stderr


def test_a_reader_that_leaves_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "engine", "check", "--help"],
            cwd=CHECKOUT,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")
