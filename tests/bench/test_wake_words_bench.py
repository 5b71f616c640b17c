"""The measurements of the wake words and of the beam, short enough for every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.bench import wake_words
from engine.bench.beam import CONDITIONS, measure, si_sdr
from engine.bench.wake_word_voices import everybody
from engine.hearing.wake_word import WORDS


@pytest.mark.needs("sim", "speech", "ffmpeg", "data", "wake-word")
def test_recorded_words_are_heard_through_a_room_with_a_television(data_dir: Path) -> None:
    below, above = wake_words.TELEVISION.values()
    heard, over = [], []
    for word in WORDS:
        said = next(s for s in everybody(word, data_dir) if s.group == "recorded")
        assert wake_words.spotted(word, wake_words.dry(said.sound))
        seed, television = (wake_words.SEED, 0, 1), wake_words.on_television()
        mix = wake_words.through_a_room(said.sound, seed, television)
        assert np.isfinite(mix(below)).all()
        heard.append(wake_words.spotted(word, mix(below)))
        over.append(wake_words.spotted(word, mix(above)))
    # A television 5 dB softer than the voice, and 5 dB louder; script/measure counts in more rooms.
    assert sum(heard) >= len(WORDS) - 1
    assert sum(over) >= 1


@pytest.mark.needs("sim", "speech", "ffmpeg", "wake-word")
def test_minutes_of_other_speech_alarm_nobody() -> None:
    found = wake_words.false_alarms(lambda _: None, 0.05)
    assert found["hours"] >= 0.05
    assert set(found["per_hour"]) == set(WORDS)
    assert sum(found["per_hour"].values()) * found["hours"] <= 1.0


@pytest.mark.needs("sim", "speech", "ffmpeg")
def test_the_beam_is_measured_beside_the_best_microphone() -> None:
    found = measure(None, lambda _: None, scenes=2)["conditions"]
    assert set(found) == set(CONDITIONS)
    for cell in found.values():
        assert cell["scenes"] == 2
        assert all(np.isfinite(v) for v in cell.values())
    # In noise as loud as the voice it is worth having, and better than adding up.
    assert found["SNR 0"]["beam_gain_db"] > found["SNR 0"]["delay_and_sum_gain_db"]


def test_the_ratio_knows_no_loudness() -> None:
    rng = np.random.default_rng(0)
    voice, rest = rng.standard_normal((2, 16_000)).astype(np.float32)
    both = voice + np.float32(0.1) * rest
    assert si_sdr(both, voice) == pytest.approx(20.0, abs=0.5)
    assert si_sdr(np.float32(7.0) * both, voice) == pytest.approx(si_sdr(both, voice), abs=1e-3)
