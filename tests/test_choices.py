"""What the owner chose survives restarts, torn files and full disks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.choices import FILE, Choices, Chosen, choices_of
from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.state import Preferences, snapshot
from engine.core.types import (
    Command,
    FollowPolicy,
    Mode,
    Pace,
    ShutterChanged,
    ShutterState,
    WakeWordResponse,
)

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


def test_a_pause_outlasts_a_power_cut_and_an_alarm(tmp_path: Path) -> None:
    choices = Choices(tmp_path, ALL)
    state = brain.start(CoreSettings(), 0.0, 0.0)
    for name in ("pause", "arm"):
        state, _, _ = brain.step(state, ShutterChanged(1.0, ShutterState.OPEN))
        state, _, _ = brain.step(state, Command(1.0, name, {}, "test", "1"))
        choices.keep(choices_of(snapshot(state), choices.current))
        again = Choices(tmp_path, ALL).current
        assert again.paused
        assert brain.start(CoreSettings(), 0.0, 0.0, paused=again.paused).modes.mode is Mode.PAUSED
    choices.keep(choices_of(snapshot(brain.start(CoreSettings(), 0.0, 0.0)), choices.current))
    assert not Choices(tmp_path, ALL).current.paused


def test_a_file_of_an_older_version_is_read(tmp_path: Path) -> None:
    Choices(tmp_path, ALL).keep(GENTLE)
    body = json.loads((tmp_path / FILE).read_text())
    del body["paused"]
    (tmp_path / FILE).write_text(json.dumps(body))
    assert Choices(tmp_path, ALL).current == GENTLE


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
