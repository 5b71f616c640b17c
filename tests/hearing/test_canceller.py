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


def left_of(
    sound: Sound,
    canceller: Canceller | None = None,
    block: int = HOP,
    alive: npt.NDArray[np.bool_] | None = None,
) -> Sound:
    canceller = canceller or Canceller(RING)
    count = sound.shape[1] // block * block
    parts = [canceller.process(sound[:, i : i + block], alive) for i in range(0, count, block)]
    return np.concatenate(parts)


def only(*live: int) -> npt.NDArray[np.bool_]:
    return np.isin(np.arange(6), live)


def level(sound: Sound) -> float:
    """Of the mean over all but the first dimension, dB."""
    return 10.0 * float(np.log10(np.mean(np.square(sound)) + 1e-20))


def television(seconds: float, azimuth: float, seed: int = 3) -> Sound:
    rng = np.random.default_rng(seed)
    return plane_wave(RING, bursts(rng, seconds), azimuth) + hiss(rng, 6, seconds)


SAID = slice(int(4.6 * RATE), int(5.4 * RATE))


def voice_from(azimuth: float) -> Sound:
    """0.8 s of somebody new, in 6 s."""
    voice = np.zeros(6 * RATE, np.float32)
    voice[SAID] = bursts(np.random.default_rng(9), 0.8)
    return plane_wave(RING, voice, azimuth)


def test_what_went_on_before_is_taken_off() -> None:
    sound = television(6.0, 40.0)
    late = slice(4 * RATE, 6 * RATE - DELAY)
    assert level(left_of(sound)[late]) < level(sound[0][late]) - 15.0


@pytest.mark.parametrize("azimuth", [160.0, -60.0])
def test_a_voice_from_elsewhere_is_kept_and_stands_out(azimuth: float) -> None:
    before, wave = television(6.0, 40.0), voice_from(azimuth)
    both = before + wave
    kept = left_of(both)[SAID.start + DELAY : SAID.stop + DELAY]
    gone = left_of(before)[SAID.start + DELAY : SAID.stop + DELAY]
    assert level(kept) - level(gone) > level(both[0, SAID]) - level(before[0, SAID]) + 10.0
    assert np.corrcoef(kept, wave[0, SAID])[0, 1] > 0.8


def test_a_word_alone_in_a_quiet_room_is_hardly_changed() -> None:
    rng = np.random.default_rng(5)
    word = np.zeros(4 * RATE, np.float32)
    word[2 * RATE : int(2.8 * RATE)] = bursts(rng, 0.8)
    sound = plane_wave(RING, word, 10.0) + hiss(rng, 6, 4.0)
    left = left_of(sound)[2 * RATE + DELAY : int(2.8 * RATE) + DELAY]
    assert np.corrcoef(left, sound[0, 2 * RATE : int(2.8 * RATE)])[0, 1] > 0.85


def test_nothing_younger_than_a_word_is_learned_from() -> None:
    sound = television(HELD_BACK, 40.0)
    left = left_of(sound, alive=only(0))
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
@pytest.mark.parametrize("aimed", [False, True])
def test_a_dead_microphone_costs_little(dead: int, aimed: bool) -> None:
    before, wave = television(6.0, 40.0), voice_from(160.0)
    sound = before + wave
    before[dead], sound[dead] = 0.0, 0.0
    live = ~only(dead)

    def left(heard: Sound) -> Sound:
        canceller = Canceller(RING)
        start = 4 * RATE // HOP * HOP
        known = left_of(heard[:, :start], canceller, alive=live)
        canceller = canceller.towards(160.0, 0.0) if aimed else canceller
        return np.concatenate([known, left_of(heard[:, start:], canceller, alive=live)])

    late = slice(int(4.2 * RATE), 95_000 - DELAY)
    assert level(left(before)[late]) < level(before[live][:, late]) - 12.0
    heard, word = left(sound)[SAID.start + DELAY : SAID.stop + DELAY], wave[live][0, SAID]
    assert np.corrcoef(heard, word)[0, 1] > 0.96


@pytest.mark.parametrize("azimuth", [160.0, -60.0])
def test_aimed_it_hears_a_voice_from_there_better_through_noise(azimuth: float) -> None:
    start, wave = 4 * RATE // HOP * HOP, voice_from(azimuth)
    noise = 20.0 * hiss(np.random.default_rng(6), 6, 6.0)
    sound, canceller = television(6.0, 40.0) + noise + wave, Canceller(RING)
    left_of(sound[:, :start], canceller)
    span = slice(SAID.start - start + DELAY, SAID.stop - start + DELAY)

    def likeness(listener: Canceller) -> float:
        return float(np.corrcoef(left_of(sound[:, start:], listener)[span], wave[0, SAID])[0, 1])

    there, elsewhere = canceller.towards(azimuth, 0.0), canceller.towards(azimuth + 90.0, 0.0)
    aimed, wrong, anywhere = likeness(there), likeness(elsewhere), likeness(canceller)
    assert aimed > anywhere + 0.02
    assert anywhere > wrong


def test_aimed_it_knows_what_the_other_did_and_learns_no_more() -> None:
    canceller = Canceller(RING)
    assert not canceller.knows
    left_of(television(3.0, 40.0), canceller)
    assert canceller.knows
    aimed = canceller.towards(160.0, 0.0)
    elsewhere = plane_wave(RING, bursts(np.random.default_rng(11), 6.0), -90.0)
    early, late = slice(RATE, 2 * RATE), slice(5 * RATE, 6 * RATE - DELAY)
    left = left_of(elsewhere, aimed)
    gone = [level(left[s]) - level(elsewhere[0, s]) for s in (early, late)]
    assert gone[0] == pytest.approx(gone[1], abs=1.5)


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
