"""`heliotrope hear`: its lines, its exit codes, its errors."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from engine.__main__ import main

KEYS = {"t", "speech", "wake_word", "ambiguous", "directions"}
DIRECTION_KEYS = {"azimuth_deg", "confidence", "spread_deg", "kind"}


def write_wav(path: Path, channels: int = 4, seconds: float = 1.0, rate: int = 16_000) -> Path:
    sound = np.random.default_rng(0).standard_normal((int(seconds * rate), channels)) * 100
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return path


def recording(data_dir: Path) -> Path:
    return sorted((data_dir / "array_recordings" / "a180e20" / "50cm").glob("*.wav"))[0]


@pytest.mark.needs("data")
def test_one_json_line_a_decision(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hear", str(recording(data_dir)), "--array", "respeaker_4", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 6 <= len(lines) <= 12
    for line in lines:
        assert set(line) == KEYS
        assert 0.0 <= line["speech"] <= 1.0
        for direction in line["directions"]:
            assert set(direction) == DIRECTION_KEYS
            assert -180.0 < direction["azimuth_deg"] <= 180.0
            assert direction["kind"] in {"direct", "reflection", "machine"}
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)


@pytest.mark.needs("data")
def test_text_for_people(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["hear", str(recording(data_dir)), "--array", "respeaker_4", "--wake-word", "none"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "deg" in out
    assert "direct" in out


@pytest.mark.needs("data")
def test_a_torn_recording_is_heard_as_far_as_it_goes(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn.wav"
    torn.write_bytes(recording(data_dir).read_bytes()[:300_001])
    assert main(["hear", str(torn), "--array", "respeaker_4", "--json"]) == 0
    captured = capsys.readouterr()
    assert "ends before its header says" in captured.err
    assert captured.out


def test_noise_gives_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hear", str(write_wav(tmp_path / "n.wav")), "--array", "respeaker_4"]) == 0
    assert capsys.readouterr().out == ""


def test_a_recording_of_silence_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "muted.wav"
    with wave.open(str(file), "wb") as muted:
        muted.setnchannels(4)
        muted.setsampwidth(2)
        muted.setframerate(16_000)
        muted.writeframes(bytes(4 * 2 * 16_000))
    assert main(["hear", str(file), "--array", "respeaker_4"]) == 0
    assert f"{file}: no sound on any channel: is it muted" in capsys.readouterr().err


def test_what_the_array_cannot_tell_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = tmp_path / "line.yaml"
    line.write_text("name: shelf\nmicrophones: [[0, 0.05, 0], [0, 0, 0], [0, -0.05, 0]]\n")
    assert main(["hear", str(write_wav(tmp_path / "n.wav", 3)), "--array", str(line)]) == 0
    err = capsys.readouterr().err
    assert "shelf: seen from above the microphones lie on a line" in err
    assert "aliases above 3430 Hz" in err


@pytest.mark.parametrize(
    ("file", "array", "said"),
    [
        ("missing.wav", "respeaker_4", "missing.wav"),
        ("four.wav", "respeaker_6", "4 channels"),
        ("four.wav", "respeker_4", "did you mean respeaker_4"),
        ("four.wav", "nowhere.yaml", "nowhere.yaml"),
        ("slow.wav", "respeaker_4", "ffmpeg"),
        ("empty.wav", "respeaker_4", "not a wav"),
        ("silent.wav", "respeaker_4", "no sound in it"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    tmp_path: Path,
    file: str,
    array: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_wav(tmp_path / "four.wav")
    write_wav(tmp_path / "slow.wav", rate=11_025)
    write_wav(tmp_path / "silent.wav", seconds=0.0)
    (tmp_path / "empty.wav").touch()
    assert main(["hear", str(tmp_path / file), "--array", array]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_an_unknown_wake_word_is_the_callers_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["hear", str(write_wav(tmp_path / "n.wav")), "--array", "respeaker_4"]
    assert main([*words, "--wake-word", "computer"]) == 2
    assert "okay_nabu" in capsys.readouterr().err
