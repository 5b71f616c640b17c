"""The range that was set up by hand survives restarts, torn files and narrower configurations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.range_store import FILE, KeptRange

CONFIGURED = (-175.0, 175.0)


def test_it_wins_over_the_configuration_until_it_is_reset(tmp_path: Path) -> None:
    assert KeptRange(tmp_path, CONFIGURED).current == CONFIGURED
    KeptRange(tmp_path, CONFIGURED).keep((-90.0, 60.0))
    assert KeptRange(tmp_path, CONFIGURED).current == (-90.0, 60.0)
    KeptRange(tmp_path, CONFIGURED).keep(CONFIGURED)
    assert not (tmp_path / FILE).exists()
    assert KeptRange(tmp_path, CONFIGURED).current == CONFIGURED


def test_it_never_goes_beyond_the_configuration(tmp_path: Path) -> None:
    KeptRange(tmp_path, CONFIGURED).keep((-90.0, 60.0))
    assert KeptRange(tmp_path, (-40.0, 175.0)).current == (-40.0, 60.0)
    assert KeptRange(tmp_path, (70.0, 175.0)).current == (70.0, 175.0)


@given(
    content=st.binary(max_size=60)
    | st.sampled_from(
        [b'{"range": [NaN, 3]}', b'{"range": [%b, 3]}' % (b"9" * 400), b"[" * 100_000]
    )
)
def test_a_broken_file_costs_the_set_up_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE).write_bytes(content)
    assert KeptRange(folder, CONFIGURED).current == CONFIGURED


def test_a_disk_that_refuses_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.range_store.write_atomically", full)
    problem = KeptRange(tmp_path, CONFIGURED).keep((-90.0, 60.0))
    assert "No space left" in caplog.text
    assert FILE in problem
    assert "No space left" in problem


def test_what_a_hand_set_for_a_motor_does_not_limit_a_pan(tmp_path: Path) -> None:
    assert KeptRange(tmp_path, CONFIGURED).keep((-90.0, 60.0)) == ""
    assert KeptRange(tmp_path, CONFIGURED, turned_by_hand=False).current == CONFIGURED
