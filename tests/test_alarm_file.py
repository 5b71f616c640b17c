"""The alarm's file: what was kept comes back, after a kill too, and a torn file counts as armed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.alarm_file import FILE, AlarmFile
from engine.core.types import AlarmState, Keep

NIGHT = Keep(AlarmState.ARMED_NIGHT, AlarmState.ARMED_NIGHT, 12)
TAKEN_FOR_ARMED = Keep(AlarmState.ARMED_AWAY, AlarmState.ARMED_AWAY, 0)


@pytest.fixture
def told() -> list[tuple[bool, str]]:
    return []


def at(folder: Path, told: list[tuple[bool, str]] | None = None) -> AlarmFile:
    return AlarmFile(folder, lambda ok, why: (told if told is not None else []).append((ok, why)))


def test_a_device_that_was_never_armed_knows_nothing(tmp_path: Path) -> None:
    assert at(tmp_path).load() == (None, "")


@pytest.mark.parametrize("state", AlarmState)
def test_what_was_kept_comes_back(tmp_path: Path, state: AlarmState) -> None:
    kept = Keep(state, AlarmState.ARMED_AWAY, 7)
    at(tmp_path).keep(kept)
    assert at(tmp_path).load() == (kept, "")


@given(
    content=st.one_of(
        st.binary(max_size=80),
        st.integers(0, 60),
        st.sampled_from([b"[" * 100_000, b'{"alarm": "disarmed", "visits": 1e999}']),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_is_in_the_file_it_is_read_or_counts_as_armed(
    tmp_path: Path, content: bytes | int
) -> None:
    whole = json.dumps({"alarm": "disarmed", "armed_for": "armed_away", "visits": 3}).encode()
    # A number tears the file there.
    torn = whole[:content] if isinstance(content, int) else content
    (tmp_path / FILE).write_bytes(torn)
    kept, wrong = at(tmp_path).load()
    assert (kept, bool(wrong)) in [
        (TAKEN_FOR_ARMED, True),
        (Keep(AlarmState.DISARMED, AlarmState.ARMED_AWAY, 3), False),
    ]
    assert not wrong or FILE in wrong


def test_disarming_mends_a_torn_file_and_says_so(
    tmp_path: Path, told: list[tuple[bool, str]]
) -> None:
    (tmp_path / FILE).write_bytes(b'{"alarm": "disar')
    file = at(tmp_path, told)
    file.load()
    disarmed = Keep(AlarmState.DISARMED, AlarmState.ARMED_AWAY, 0)
    file.keep(disarmed)
    assert told == [(True, "")]
    assert at(tmp_path).load() == (disarmed, "")


def test_a_file_that_cannot_be_written_is_told_once_and_when_it_is_well_again(
    tmp_path: Path, told: list[tuple[bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = at(tmp_path, told)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("engine.alarm_file.write_atomically", full)
        file.keep(NIGHT)
        file.keep(NIGHT)
    file.keep(NIGHT)
    assert [ok for ok, _ in told] == [False, True]
    assert "restart" in told[0][1]


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_state_whole(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import itertools, sys
        from pathlib import Path
        from engine.alarm_file import AlarmFile
        from engine.core.types import AlarmState, Keep
        file = AlarmFile(Path(sys.argv[1]), lambda ok, why: None)
        for n in itertools.count(1):
            file.keep(Keep(AlarmState.ARMED_AWAY, AlarmState.ARMED_NIGHT, n))
            print(n, flush=True)
        """
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 15:
                break
        child.send_signal(signal.SIGKILL)
        told = max([15, *(int(rest) for rest in child.stdout.read().split())])
    kept, wrong = at(tmp_path).load()
    assert wrong == ""
    assert kept is not None
    assert kept.visits in (told, told + 1), "what was told of is on the disk"
