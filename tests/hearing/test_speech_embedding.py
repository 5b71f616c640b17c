"""What a stretch of sound says: frames, embeddings, and when a word's network answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, read_wav
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.speech_embedding import (
    APART,
    ASKED,
    BANDS,
    FRAMES,
    HEADS,
    LENGTH,
    STEP,
    SpeechEmbedding,
    mel_frames,
)
from engine.hearing.wake_word import EMBEDDED, WORDS

FIRST = LENGTH + STEP * (FRAMES - 1 + APART * (ASKED - 1))
"""Samples after which there is an answer."""


def tone(hertz: float, loud: float = 0.1, seconds: float = 0.5) -> np.ndarray:
    wave = np.sin(2.0 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.asarray(loud * wave, np.float32)


def test_there_is_a_head_for_every_word() -> None:
    assert set(HEADS) == set(WORDS)


def test_higher_tones_are_in_higher_bands_and_what_is_above_all_in_none() -> None:
    bands = [int(mel_frames(tone(hertz)).mean(0).argmax()) for hertz in (150, 400, 1000, 3000)]
    assert bands == sorted(set(bands))
    assert mel_frames(tone(7000)).max() < mel_frames(tone(1000)).max() - 3.0


def test_twice_as_loud_is_four_times_the_power() -> None:
    louder = mel_frames(tone(1000, 0.2)) - mel_frames(tone(1000, 0.1))
    band = int(mel_frames(tone(1000)).mean(0).argmax())
    assert louder[:, band] == pytest.approx(np.log10(4.0), abs=1e-3)


def test_silence_is_finite_and_too_short_a_sound_has_no_frame() -> None:
    assert np.isfinite(mel_frames(np.zeros(RATE, np.float32))).all()
    assert mel_frames(np.zeros(LENGTH - 1, np.float32)).shape == (0, BANDS)


@settings(max_examples=8, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 2 * RATE - 1), max_size=12),
    seed=st.integers(0, 2**16),
)
def test_it_hears_the_same_in_whatever_pieces_sound_comes(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = (0.05 * rng.standard_normal(2 * RATE)).astype(np.float32)
    at_once = SpeechEmbedding("alexa").log_odds(sound)
    network = SpeechEmbedding("alexa")
    pieces = np.split(sound, sorted(set(cuts)))
    assert [said for piece in pieces for said in network.log_odds(piece)] == pytest.approx(
        at_once, abs=1e-4
    )


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_it_answers_every_80_ms_once_it_has_heard_enough(answers: int) -> None:
    enough = FIRST + STEP * APART * (answers - 1)
    sound = np.zeros(enough, np.float32)
    assert len(SpeechEmbedding("alexa").log_odds(sound)) == answers
    assert len(SpeechEmbedding("alexa").log_odds(sound[:-1])) == max(0, answers - 1)


def test_what_was_heard_before_a_reset_does_not_count() -> None:
    sound = (0.05 * np.random.default_rng(3).standard_normal(FIRST)).astype(np.float32)
    fresh, used = SpeechEmbedding("hey_jarvis"), SpeechEmbedding("hey_jarvis")
    used.log_odds(tone(500, seconds=1.0))
    used.reset()
    assert used.log_odds(sound) == fresh.log_odds(sound)


@pytest.mark.needs("data")
@pytest.mark.parametrize("word", EMBEDDED)
def test_each_word_is_likelier_in_all_of_its_clips_but_one_than_in_any_other(
    word: str, data_dir: Path
) -> None:
    most: dict[bool, list[float]] = {True: [], False: []}
    for file in sorted((data_dir / "wake_words").glob("*/*.wav")):
        clip = np.pad(read_wav(file)[0], (RATE, RATE // 2))
        most[file.parent.name == word].append(max(SpeechEmbedding(word).log_odds(clip)))
    assert sorted(most[True])[1] > max(most[False])
