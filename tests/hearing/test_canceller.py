"""What sounded before is taken off, what is new is kept, and bad sound stays finite."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.arrays import ring
from engine.hearing.canceller import DELAY, HELD_BACK, HOP, Canceller

RING = ring(6, 0.0463)


def left_of(sound: Sound, canceller: Canceller | None = None, block: int = HOP) -> Sound:
    canceller = canceller or Canceller(RING)
    count = sound.shape[1] // block * block
    parts = [canceller.process(sound[:, i : i + block]) for i in range(0, count, block)]
    return np.concatenate(parts)


def level(sound: Sound) -> float:
    """Of the mean over all but the first dimension, dB."""
    return 10.0 * float(np.log10(np.mean(np.square(sound)) + 1e-20))


def television(seconds: float, azimuth: float, seed: int = 3) -> Sound:
    rng = np.random.default_rng(seed)
    return plane_wave(RING, bursts(rng, seconds), azimuth) + hiss(rng, 6, seconds)


def test_what_went_on_before_is_taken_off() -> None:
    sound = television(6.0, 40.0)
    late = slice(4 * RATE, 6 * RATE - DELAY)
    assert level(left_of(sound)[late]) < level(sound[0][late]) - 15.0


@pytest.mark.parametrize("azimuth", [160.0, -60.0])
def test_a_voice_from_elsewhere_is_kept_and_stands_out(azimuth: float) -> None:
    before = television(6.0, 40.0)
    voice = np.zeros(6 * RATE, np.float32)
    voice[int(4.6 * RATE) : int(5.4 * RATE)] = bursts(np.random.default_rng(9), 0.8)
    wave = plane_wave(RING, voice, azimuth)
    both = before + wave
    said = slice(int(4.6 * RATE), int(5.4 * RATE))
    kept = left_of(both)[said.start + DELAY : said.stop + DELAY]
    gone = left_of(before)[said.start + DELAY : said.stop + DELAY]
    assert level(kept) - level(gone) > level(both[0, said]) - level(before[0, said]) + 10.0
    assert np.corrcoef(kept, wave[0, said])[0, 1] > 0.8


def test_a_word_alone_in_a_quiet_room_is_hardly_changed() -> None:
    rng = np.random.default_rng(5)
    word = np.zeros(4 * RATE, np.float32)
    word[2 * RATE : int(2.8 * RATE)] = bursts(rng, 0.8)
    sound = plane_wave(RING, word, 10.0) + hiss(rng, 6, 4.0)
    left = left_of(sound)[2 * RATE + DELAY : int(2.8 * RATE) + DELAY]
    assert np.corrcoef(left, sound[0, 2 * RATE : int(2.8 * RATE)])[0, 1] > 0.85


def only(*live: int) -> npt.NDArray[np.bool_]:
    return np.isin(np.arange(6), live)


def test_nothing_younger_than_a_word_is_learned_from() -> None:
    sound, canceller = television(HELD_BACK, 40.0), Canceller(RING)
    blocks = range(0, sound.shape[1] // HOP * HOP, HOP)
    left = np.concatenate([canceller.process(sound[:, i : i + HOP], only(0)) for i in blocks])
    np.testing.assert_allclose(left[DELAY:], sound[0, : len(left) - DELAY], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 5))
def test_before_it_knows_anything_it_only_delays(cuts: list[int], reference: int) -> None:
    sound = 0.1 * np.random.default_rng(1).standard_normal((6, sum(cuts) * HOP))
    canceller, begin, parts = Canceller(RING), 0, []
    for cut in cuts:
        block = sound[:, begin : begin + cut * HOP].astype(np.float32)
        parts.append(canceller.process(block, only(reference)))
        begin += cut * HOP
    left = np.concatenate(parts)
    assert len(left) == sound.shape[1]
    np.testing.assert_allclose(left[DELAY:], sound[reference, : len(left) - DELAY], atol=1e-5)


def test_learned_beforehand_it_takes_off_at_once() -> None:
    sound, canceller = television(6.0, 40.0), Canceller(RING)
    start = 5 * RATE // HOP * HOP
    canceller.learn(sound[:, :start])
    left = left_of(sound[:, start:], canceller)
    assert level(left[DELAY:]) < level(sound[0, start:]) - 15.0


@pytest.mark.parametrize("dead", [0, 3])
def test_a_dead_microphone_costs_little(dead: int) -> None:
    sound = television(6.0, 40.0)
    sound[dead] = 0.0
    canceller = Canceller(RING)
    reference = 1 if dead == 0 else 0
    live = ~only(dead)
    parts = [canceller.process(sound[:, i : i + HOP], live) for i in range(0, 95_000, HOP)]
    late = slice(4 * RATE, 95_000 - DELAY)
    assert level(np.concatenate(parts)[late]) < level(sound[reference][late]) - 12.0


def test_what_one_microphone_lacks_is_had_from_the_others() -> None:
    """A wall's echo cancels a tone at the first one."""
    rng = np.random.default_rng(4)
    tone = 0.1 * np.sin(2.0 * np.pi * 1000.0 * np.arange(RATE) / RATE)
    sound = np.tile(tone, (6, 1)) + hiss(rng, 6, 1.0)
    sound[0] -= tone
    late = slice(RATE // 4, RATE - 2 * HOP)
    left = left_of(sound.astype(np.float32))
    mean_power = level(sound[:, late])
    assert level(sound[0, late]) < mean_power - 20.0
    assert level(left[late]) == pytest.approx(mean_power, abs=2.0)


def test_without_any_live_microphone_it_goes_on() -> None:
    sound = hiss(np.random.default_rng(4), 6, 0.5)
    left = Canceller(RING).process(sound[:, : 8 * HOP], only())
    assert len(left) == 8 * HOP
    assert np.isfinite(left).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_constant_sound_stays_finite(value: float) -> None:
    assert np.isfinite(left_of(np.full((6, 4 * RATE), value, np.float32))).all()
