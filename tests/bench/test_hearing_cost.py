"""What hearing costs, short: the figures are there, and are of the right kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.hearing_cost import closer_listen, decision, measure, speech
from engine.bench.wake_word_voices import read_mono
from engine.hearing.arrays import load_array
from engine.hearing.wake_word import open_wake_word


@pytest.mark.needs("speech", "ffmpeg")
def test_speech_costs_more_than_quiet_and_everything_is_counted() -> None:
    found = measure(None, lambda _: None, seconds=6, repeats=1, microphones=(2, 6))
    assert 0.0 < found["quiet_ms_per_s"] < found["speaking_ms_per_s"]
    assert set(found["microphones"]) == {"2", "6"}
    assert all(ms > 0.0 for ms in found["directions"].values())


@pytest.mark.needs("speech", "ffmpeg", "wake-word")
def test_a_closer_listen_is_counted_by_itself() -> None:
    array = load_array("respeaker_6")
    spotters, note = open_wake_word("hey_jarvis")
    assert spotters is not None, note
    # A millisecond is less than looking for its direction takes.
    assert closer_listen(array, spotters, speech(array, 6), 1) > 1.0


@pytest.mark.needs("data", "wake-word")
def test_a_decision_waits_for_little_more_than_the_word(data_dir: Path) -> None:
    clip = sorted((data_dir / "wake_words" / "okay_nabu").glob("*.wav"))[0]
    found = decision(load_array("respeaker_6"), "okay_nabu", read_mono(clip))
    assert found is not None
    assert 0.0 <= found[0] < 500.0
    assert found[1] > 0.0
