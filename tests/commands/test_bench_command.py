"""`heliotrope bench hearing --rooms`: the table of accuracy, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.bench import accuracy
from engine.bench.hearing_scenes import MEASURING
from engine.commands import bench
from engine.errors import UserError

CELL = {"count": 1, "median_deg": 1.25, "within_10": 100.0, "beyond_30": 0.0}


def arguments(*words: str) -> object:
    import argparse

    parser = argparse.ArgumentParser()
    bench.configure(parser)
    return parser.parse_args(words)


def test_rooms_are_for_hearing_alone() -> None:
    with pytest.raises(UserError, match="about hearing"):
        bench.run(arguments("brain", "--rooms", "2"))  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        arguments("hearing", "--rooms", "0")


def test_without_voices_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bench.hearing_scenes.SOUNDS", Path("/nowhere"))
    with pytest.raises(UserError, match="apt install asterisk-core-sounds"):
        accuracy.hearing(1, 1, lambda _: None)


def test_the_table_has_a_line_a_condition() -> None:
    text = accuracy.as_text({"RT 0.2 SNR 20": {"heliotrope": CELL, "SRP": CELL}})
    head, line, legend = text.splitlines()
    assert head.split() == ["heliotrope", "SRP"]
    assert line.split() == ["RT", "0.2", "SNR", "20", "1.2/100/0", "1.2/100/0"]
    assert "within 10" in legend


@pytest.mark.needs("sim", "speech", "ffmpeg")
def test_a_seed_gives_the_same_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(MEASURING), "missing", lambda _self: [])  # one voice is enough here
    monkeypatch.setattr(accuracy, "ROOMS", (0.2,))
    found = []
    for _ in range(2):
        asked = arguments("hearing", "--rooms", "1", "--seed", "5", "--json")
        assert bench.run(asked) == 0  # type: ignore[arg-type]
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]
    assert set(found[0]["cells"]["RT 0.2 two talkers"]) >= {"heliotrope", "SRP", "NormMUSIC"}
