"""What the owner chose survives restarts, torn files and full disks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.choices import FILE, Choices, Chosen
from engine.core.state import Preferences
from engine.core.types import FollowPolicy, Pace, WakeWordResponse

ALL = FollowPolicy.ALL
GENTLE = Chosen(FollowPolicy.OFF, Preferences(Pace.GENTLE, WakeWordResponse.LISTEN))


def test_without_a_file_the_configuration_holds(tmp_path: Path) -> None:
    assert Choices(tmp_path, FollowPolicy.CHOSEN).current == Chosen(FollowPolicy.CHOSEN)


def test_a_choice_is_there_after_a_restart(tmp_path: Path) -> None:
    Choices(tmp_path, ALL).keep(GENTLE)
    assert Choices(tmp_path, ALL).current == GENTLE


def test_whoever_edits_the_policy_means_it(tmp_path: Path) -> None:
    Choices(tmp_path, ALL).keep(GENTLE)
    again = Choices(tmp_path, FollowPolicy.ON_REQUEST).current
    assert again == Chosen(FollowPolicy.ON_REQUEST, GENTLE.preferences)


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    choices = Choices(tmp_path, ALL)
    choices.keep(Chosen(ALL))
    assert not (tmp_path / FILE).exists()


@given(content=st.binary(max_size=60) | st.just(b"[" * 100_000))
def test_a_broken_file_costs_the_choices_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE).write_bytes(content)
    assert Choices(folder, ALL).current == Chosen(ALL)


def test_a_disk_that_refuses_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.choices.write_atomically", full)
    Choices(tmp_path, ALL).keep(GENTLE)
    assert "No space left" in caplog.text
