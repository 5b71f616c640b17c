"""`heliotrope simulate` from the command line: output, exit codes, mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.__main__ import main

SCENARIO = """
name: tiny
about: a test
duration: 3
people: [{id: user, start: {bearing: 5, distance: 2}}]
floors: {V: %s}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(SCENARIO % 50, encoding="utf-8")
    return file


def simulate(*words: str) -> int:
    return main(["simulate", "--jobs", "1", *words])


def test_a_users_own_file_is_scored_with_a_naive_policy_beside(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(str(scenario), "--seeds", "2") == 0
    out, err = capsys.readouterr()
    assert "tiny (2 seeds): passed" in out
    assert "heliotrope" in out
    assert "naive" in out
    assert "4/4 runs" in err


def test_json_goes_to_stdout_alone_and_is_the_same_every_time(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate(str(scenario), "--seeds", "2", "--json")
    first = capsys.readouterr().out
    simulate(str(scenario), "--seeds", "2", "--json")
    assert capsys.readouterr().out == first
    data = json.loads(first)
    assert [(d["scenario"], d["policy"]) for d in data] == [
        ("tiny", "heliotrope"),
        ("tiny", "naive"),
    ]


def test_a_missed_floor_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hard.yaml"
    file.write_text(SCENARIO % 101, encoding="utf-8")
    assert simulate(str(file), "--seeds", "1", "--policy", "heliotrope") == 1
    assert "<- missed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("waker",), "did you mean walker"),
        (("walker", "--seeds", "0"), "--seeds 0"),
        (("walker", "--seeds", "9-7"), "--seeds 9-7"),
        (("walker", "--seeds", "many"), "--seeds many"),
        (("walker", "--policy", "naiv"), "did you mean naive"),
        (("/nowhere/at/all.yaml",), "no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(*words) == 2
    err = capsys.readouterr().err
    assert what in err
    assert err.count("\n") == 1


def test_the_list_tells_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--list") == 0
    out = capsys.readouterr().out
    assert "walker (90 s; V >= 98" in out
    assert "cook" in out


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_no_process_outlives_a_killed_run(scenario: Path) -> None:
    command = [sys.executable, "-m", "engine", "simulate", str(scenario), "--seeds", "5000"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers: list[int] = []
    try:
        while len(workers) < 2 and run.poll() is None:
            time.sleep(0.05)
            workers = children(run.pid)
    finally:
        run.kill()
        run.communicate()
    assert len(workers) >= 2
    until = time.monotonic() + 60.0
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in workers if alive(pid)] == []


def stat_of(pid: int) -> list[str] | None:
    """State, parent and so on of a process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def alive(pid: int) -> bool:
    stat = stat_of(pid)
    return stat is not None and stat[0] not in "ZX"


def children(parent: int) -> list[int]:
    pids = [int(p.name) for p in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if (stat := stat_of(pid)) and stat[1] == str(parent)]
