"""The alarm's code: needed, kept as a hash, taken off the command, and not to be guessed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.types import Command, Reply
from integrations.alarm_codes import FILE, FIRST_WAIT, WRONG_ALLOWED, AlarmCode, store


class Clock:
    t = 100.0

    def now(self) -> float:
        return self.t


def asks(name: str, **arguments: str) -> Command:
    return Command(0.0, name, arguments, source="mqtt", id="7")


async def says(judge: AlarmCode, name: str = "disarm", **arguments: str) -> str:
    """The refusal, or empty."""
    answer = await judge.admit(asks(name, **arguments))
    if isinstance(answer, Reply):
        assert not answer.ok
        assert (answer.source, answer.id) == ("mqtt", "7")
        return answer.message
    assert "code" not in answer.arguments
    return ""


async def test_without_a_code_everybody_disarms(tmp_path: Path) -> None:
    code = AlarmCode(tmp_path)
    assert await says(code) == ""
    assert await says(code, code="1234") == ""


@pytest.mark.parametrize("given_", [False, True])
async def test_with_one_only_who_has_it(tmp_path: Path, given_: bool) -> None:
    if not given_:
        store(tmp_path, "4711")
    code = AlarmCode(tmp_path, code="4711" if given_ else "")
    assert "needs the code" in await says(code)
    assert "wrong" in await says(code, code="4712")
    assert await says(code, code="4711") == ""


async def test_what_is_configured_stands_above_what_is_kept(tmp_path: Path) -> None:
    store(tmp_path, "1111")
    code = AlarmCode(tmp_path, code="2222")
    assert await says(code, code="1111") != ""
    assert await says(code, code="2222") == ""


async def test_arming_takes_none_and_never_shows_one(tmp_path: Path) -> None:
    store(tmp_path, "4711")
    assert await says(AlarmCode(tmp_path), "arm", mode="away", code="0000") == ""


async def test_too_many_wrong_ones_close_the_way_even_to_the_right_one(tmp_path: Path) -> None:
    store(tmp_path, "4711")
    clock = Clock()
    code = AlarmCode(tmp_path, clock.now)
    for wait in (FIRST_WAIT, 2.0 * FIRST_WAIT):
        for _ in range(WRONG_ALLOWED):
            assert "wrong" in await says(code, code="0000")
        assert "too many" in await says(code, code="4711")
        clock.t += wait - 1.0
        assert "too many" in await says(code, code="4711")
        clock.t += 1.0
    assert await says(code, code="4711") == ""


async def test_nothing_on_the_disk_tells_it(tmp_path: Path) -> None:
    store(tmp_path, "47114711")
    kept = tmp_path / FILE
    assert b"4711" not in kept.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_it_is_changed_and_taken_away_beside_a_running_engine(tmp_path: Path) -> None:
    code = AlarmCode(tmp_path)
    store(tmp_path, "1111")
    assert await says(code, code="1111") == ""
    store(tmp_path, "2222")
    assert await says(code, code="1111") != ""
    store(tmp_path, "")
    assert await says(code) == ""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=st.binary(max_size=200))
async def test_a_file_that_is_not_readable_lets_nobody_in(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / FILE).write_bytes(rubbish)
    assert await says(AlarmCode(tmp_path), code="4711") != ""


async def test_no_log_shows_a_code(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    store(tmp_path, "73915")
    code = AlarmCode(tmp_path)
    for tried in ("73915", "3141592", "73915"):
        await says(code, code=tried)
    assert "wrong code" in caplog.text
    assert "73915" not in caplog.text
    assert "3141592" not in caplog.text
