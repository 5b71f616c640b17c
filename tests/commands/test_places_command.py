"""`heliotrope places`: list, name, mask and clear, with errors of one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.identity import Claim
from engine.places_file import FILE


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "state"
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(folder))
    return folder


def places(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["places", *words, "--json"]) == 0
    listed: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return listed


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["places", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def test_without_places_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["places"]) == 0
    assert "heliotrope places name sofa" in capsys.readouterr().out


def test_name_mask_list_and_clear(capsys: pytest.CaptureFixture[str]) -> None:
    places(capsys, "name", "sofa", "--bearing", "40")
    masked = places(
        capsys, "mask", "--bearing", "-60", "--width", "30", "--sense", "seen", "--name", "window"
    )
    assert [p["name"] for p in masked] == ["sofa", "window"]
    assert masked == places(capsys, "list")
    assert masked[1] == {
        "id": 2, "name": "window", "bearing": -60.0, "width": 30.0, "distance": None,
        "sense": "seen", "origin": "mask",
    }  # fmt: skip
    assert main(["places"]) == 0
    shown = capsys.readouterr().out
    assert "mask (seen)" in shown
    assert "sofa" in shown
    assert [p["name"] for p in places(capsys, "clear", "sofa")] == ["window"]
    assert places(capsys, "clear", "all") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["name", "sofa"], "--bearing"),
        (["name", "", "--bearing", "1"], "name"),
        (["name", "a\nb", "--bearing", "1"], "name"),
        (["name", "sofa", "--bearing", "nan"], "bearing"),
        (["mask", "--bearing", "1", "--width", "0"], "width"),
        (["clear", "kitchen"], "no place 'kitchen'"),
        (["move"], "invalid choice"),
    ],
)
def test_mistakes_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert says in refused(capsys, *words)


def test_a_damaged_file_is_named_and_left_alone(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    state.mkdir()
    (state / FILE).write_text("{")
    for words in (["list"], ["name", "sofa", "--bearing", "1"], ["clear", "all"]):
        assert str(state / FILE) in refused(capsys, *words)
    assert (state / FILE).read_text() == "{"
    assert main(["check"]) == 2
    assert str(state / FILE) in capsys.readouterr().err


def test_nothing_is_changed_under_a_running_engine(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    places(capsys, "name", "sofa", "--bearing", "40")
    with Claim(state):
        assert "name_place" in refused(capsys, "clear", "all")
        assert [p["name"] for p in places(capsys)] == ["sofa"]
