"""The pipeline: utterances to decisions, with a fake voice detector and with the real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave, read_wav
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.types import SoundKind
from engine.hearing.arrays import load_array, ring
from engine.hearing.ear import (
    Ear,
    EarSettings,
    Heard,
    HeardDirection,
    voice_heard,
)
from engine.hearing.quiet import chunk_runs, quiet_chunks
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import Spotters
from engine.hearing.word_spotters import Spotted
from engine.ports import AudioBlock

RING = ring(6, 0.0463)


class LoudnessVoice:
    """Calls everything above a level speech."""

    def __init__(self, level: float = 0.005) -> None:
        self.level = level
        self.resets = 0

    def probability(self, chunk: Sound) -> float:
        return float(np.sqrt(np.mean(np.square(chunk))) > self.level)

    def reset(self) -> None:
        self.resets += 1


class ScriptedWakeWord:
    word = "okay_nabu"
    likely = 0.0

    def __init__(self, spotted: Spotted) -> None:
        self.spotted, self.heard = spotted, 0

    def listen(self, samples: Sound) -> Spotted | None:
        before, self.heard = self.heard, self.heard + len(samples)
        return self.spotted if before <= self.spotted.end + 1600 < self.heard else None

    def reset(self) -> None:
        pass


def steady_speech(azimuth: float, seconds: float = 1.6, lead: float = 1.5, seed: int = 1) -> Sound:
    """`lead` s of hiss, speech-like noise without gaps, 1 s of hiss."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(int((lead + seconds + 1.0) * RATE), np.float32)
    start, end = int(lead * RATE), int((lead + seconds) * RATE)
    noise = bursts(rng, seconds) + 0.03 * rng.standard_normal(end - start)
    sound[start:end] = noise.astype(np.float32)
    return plane_wave(RING, sound, azimuth) + hiss(rng, 6, lead + seconds + 1.0)


def play(ear: Ear, sound: Sound, block: int = 512, t0: float = 100.0) -> list[Heard]:
    heard: list[Heard] = []
    for begin in range(0, sound.shape[1], block):
        heard += ear.listen(AudioBlock(t0 + begin / RATE, sound[:, begin : begin + block]))
    return heard + ear.finish()


def test_half_a_second_of_speech_is_a_decision() -> None:
    heard = play(Ear(RING, voice=LoudnessVoice()), steady_speech(50.0))
    assert len(heard) in (3, 4)
    times = [h.t for h in heard]
    assert times == sorted(times)
    assert 101.5 < times[0] < 102.0
    assert times[-1] < 103.2
    for decision in heard:
        assert decision.wake_word is None
        assert decision.directions[0].azimuth == pytest.approx(50.0, abs=4.0)
        assert decision.directions[0].kind is SoundKind.DIRECT


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 4000))
def test_the_size_of_blocks_does_not_matter(block: int) -> None:
    sound = steady_speech(-20.0, seconds=0.7)
    whole = play(Ear(RING, voice=LoudnessVoice()), sound, sound.shape[1])
    cut = play(Ear(RING, voice=LoudnessVoice()), sound, max(block, 64))
    assert len(cut) == len(whole) > 0
    for a, b in zip(cut, whole, strict=True):
        assert a.t == pytest.approx(b.t, abs=0.04)
        assert a.directions[0].azimuth == pytest.approx(b.directions[0].azimuth, abs=4.0)


def test_the_wake_words_own_span_is_located() -> None:
    """One talker goes on from the left; the word comes from the right, for 0.8 s."""
    rng = np.random.default_rng(4)
    word = np.zeros(4 * RATE, np.float32)
    word[2 * RATE : int(2.8 * RATE)] = bursts(rng, 0.8)
    sound = plane_wave(RING, word, -60.0) + hiss(rng, 6, 4.0)
    spotter = ScriptedWakeWord(Spotted("okay_nabu", 2 * RATE, int(2.8 * RATE)))
    heard = play(Ear(RING, voice=LoudnessVoice(), wake_word=Spotters(spotter)), sound)
    woken = [h for h in heard if h.wake_word]
    assert [h.wake_word for h in woken] == ["okay_nabu"]
    assert woken[0].t == pytest.approx(102.4, abs=0.2)
    assert woken[0].directions[0].azimuth == pytest.approx(-60.0, abs=4.0)


def test_a_words_background_is_what_was_quiet_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Talking(LoudnessVoice):
        """From chunk 30 to chunk 60."""

        chunks = 0

        def probability(self, chunk: Sound) -> float:
            self.chunks += 1
            return float(30 < self.chunks <= 60)

    sound = hiss(np.random.default_rng(2), 6, 100 * CHUNK / RATE)
    spotter = ScriptedWakeWord(Spotted("okay_nabu", 80 * CHUNK, 85 * CHUNK))
    ear = Ear(RING, voice=Talking(), wake_word=Spotters(spotter))
    learned: list[Sound] = []
    learn = ear._localiser.learn

    def noted(segments: Sequence[Sound], alive: np.ndarray) -> object:
        learned[:] = segments
        return learn(segments, alive)

    monkeypatch.setattr(ear._localiser, "learn", noted)
    heard = play(ear, sound)
    assert [h.wake_word for h in heard if h.wake_word] == ["okay_nabu"]
    # Neither what echoes after the speech nor what may already be the next one.
    after, before = learned
    np.testing.assert_array_equal(after, ear._history.span(68 * CHUNK, 80 * CHUNK))
    last = ear._history.span(26 * CHUNK, 27 * CHUNK)
    np.testing.assert_array_equal(before[:, -CHUNK:], last)


class RecordingWakeWord(ScriptedWakeWord):
    """Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(Spotted("okay_nabu", -1, -1))
        self.given: list[Sound] = []

    def listen(self, samples: Sound) -> Spotted | None:
        self.given.append(samples)
        return None


def test_the_wake_words_network_sleeps_in_quiet_and_is_given_what_led_up_to_a_voice() -> None:
    spotter = RecordingWakeWord()
    sound = steady_speech(50.0, seconds=1.0, lead=8.0)
    play(Ear(RING, voice=LoudnessVoice(), wake_word=Spotters(spotter)), sound)
    given = np.concatenate(spotter.given)
    mono = sound.mean(axis=0)
    assert len(given) < 7 * RATE
    # The last of it is the voice, what led up to it, and what followed.
    tail = mono[int(6.6 * RATE) : len(mono) // CHUNK * CHUNK]
    np.testing.assert_allclose(given[-len(tail) :], tail, atol=2e-3)


def test_a_word_after_a_long_quiet_is_placed_where_it_was() -> None:
    class LastWord(RecordingWakeWord):
        """Spots a word that ends with what it is given when the voice has gone on for 0.6 s."""

        def listen(self, samples: Sound) -> Spotted | None:
            super().listen(samples)
            loud = sum(int(np.abs(part).max() > 0.05) for part in self.given[-25:])
            count = sum(map(len, self.given))
            return Spotted("alexa", count - RATE // 2, count) if loud == 15 else None

    sound = steady_speech(50.0, seconds=1.0, lead=8.0)
    heard = play(Ear(RING, voice=LoudnessVoice(), wake_word=Spotters(LastWord())), sound)
    words = [h for h in heard if h.wake_word]
    assert words
    assert words[0].t == pytest.approx(108.3, abs=0.35)
    assert words[0].directions[0].azimuth == pytest.approx(50.0, abs=4.0)


def test_a_gap_in_the_stream_begins_anew() -> None:
    voice = LoudnessVoice()
    ear = Ear(RING, voice=voice)
    first = steady_speech(50.0, seconds=0.8)
    play(ear, first)
    resets = voice.resets
    heard = play(ear, steady_speech(-110.0, seconds=0.8), t0=200.0)
    assert voice.resets == resets + 1
    assert all(200.0 < h.t < 204.0 for h in heard)
    assert heard[0].directions[0].azimuth == pytest.approx(-110.0, abs=4.0)


def test_forgetting_overwrites_the_sound() -> None:
    ear = Ear(RING, voice=LoudnessVoice())
    ear.listen(AudioBlock(0.0, steady_speech(10.0)[:, : 2 * RATE]))
    ear.forget()
    assert not ear._history._ring.any()
    assert ear.finish() == []


def test_a_wrong_channel_count_is_named() -> None:
    with pytest.raises(ValueError, match="6 microphones"):
        Ear(RING, voice=LoudnessVoice()).listen(AudioBlock(0.0, np.zeros((4, 512), np.float32)))


@pytest.mark.parametrize("value", [0.0, 0.5, -1.0])
def test_constant_sound_is_no_voice(value: float) -> None:
    assert play(Ear(RING), np.full((6, 2 * RATE), value, np.float32)) == []


def test_directions_below_the_minimum_are_not_reported() -> None:
    settings = EarSettings(min_confidence=1.0)
    heard = play(Ear(RING, settings, voice=LoudnessVoice()), steady_speech(50.0))
    assert heard
    assert all(h.directions == () for h in heard)


def test_background_is_neither_speech_nor_its_neighbourhood() -> None:
    quiet = quiet_chunks([0.0] * 20 + [1.0] + [0.0] * 20, 0.35)
    assert quiet == [True] * 17 + [False] * 12 + [True] * 9 + [False] * 3


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 40))
def test_runs_are_the_latest_quiet_chunks(quiet: list[bool], most: int) -> None:
    runs = chunk_runs(quiet, most)
    picked = [i for a, b in runs for i in range(a, b)]
    latest = [i for i, q in enumerate(quiet) if q][::-1][:most]
    assert sorted(picked) == sorted(latest)


def test_world_bearings_follow_the_head() -> None:
    heard = Heard(5.0, 0.9, "alexa", False, (HeardDirection(170.0, 0.8, 4.0),))
    on_base = voice_heard(heard, None)
    assert on_base.directions[0].bearing == 170.0
    on_head = voice_heard(heard, {5.0: 30.0}.__getitem__, while_moving=True)
    assert on_head.directions[0].bearing == -160.0
    assert on_head.while_moving
    assert (on_head.t, on_head.speech, on_head.wake_word) == (5.0, 0.9, "alexa")


# ------------------------------------------------------------ real recordings


def recordings(data_dir: Path, pattern: str) -> Sequence[Path]:
    files = sorted((data_dir / "array_recordings").glob(pattern))
    assert files
    return files


@pytest.mark.needs("data")
def test_a_real_talker_is_where_the_folder_says(data_dir: Path) -> None:
    errors = []
    for file in recordings(data_dir, "a180e20/*/*.wav"):
        for heard in play(Ear(load_array("respeaker_4")), read_wav(file)):
            errors += [180.0 - abs(heard.directions[0].azimuth)] if heard.directions else [90.0]
    assert len(errors) >= 25
    assert np.mean(np.array(errors) <= 10.0) >= 0.9
    assert np.mean(np.array(errors) > 30.0) <= 0.05


@pytest.mark.needs("data")
def test_two_real_talkers_are_both_found(data_dir: Path) -> None:
    files = recordings(data_dir, "a180e20_a225e35/*/*.wav")
    for file in files:
        azimuths = [
            d.azimuth % 360.0
            for heard in play(Ear(load_array("respeaker_4")), read_wav(file))
            for d in heard.directions[:1]
        ]
        assert min(abs(a - 180.0) for a in azimuths) < 10.0
        assert min(abs(a - 225.0) for a in azimuths) < 10.0


@pytest.mark.needs("data")
def test_real_words_are_speech_and_hiss_is_none(data_dir: Path) -> None:
    rng = np.random.default_rng(2)
    array = ring(2, 0.03)
    for file in sorted((data_dir / "wake_words").glob("*/1.wav")):
        mono = np.pad(read_wav(file)[0], (RATE, RATE // 2))
        sound = np.stack([mono, mono]) + hiss(rng, 2, len(mono) / RATE)
        assert play(Ear(array), sound[:, : sound.shape[1] // CHUNK * CHUNK])
    assert play(Ear(array), hiss(rng, 2, 10.0, 0.02)) == []
