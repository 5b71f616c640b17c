"""A microphone of reversed polarity is named, and nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave, read_wav
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench.hearing_contest import ONSET
from engine.bench.hearing_scenes import scene
from engine.hearing.arrays import (
    SPEED_OF_SOUND,
    MicrophoneArray,
    load_array,
    make_array,
    ring,
)
from engine.hearing.polarity import FEWEST, LONG, Polarity, reversed_polarity

RING = ring(6, 0.0463)
ALL = np.ones(6, bool)


def speech(array: MicrophoneArray, seed: int, seconds: float = 0.6) -> Sound:
    rng = np.random.default_rng(seed)
    wave = plane_wave(array, bursts(rng, seconds), float(rng.uniform(-180.0, 180.0)))
    return wave + hiss(rng, array.channels, seconds)


def turned_over(sound: Sound, *channels: int) -> Sound:
    sound = sound.copy()
    sound[list(channels)] *= -1.0
    return sound


def watched(array: MicrophoneArray, sounds: list[Sound]) -> Polarity:
    polarity, begins = Polarity(array), 0
    for sound in sounds:
        polarity.look(sound, np.ones(array.channels, bool), begins)
        begins += sound.shape[1]
    return polarity


@given(st.integers(0, 2**31), st.integers(2, 7))
@settings(max_examples=20, deadline=None)
def test_whoever_is_reversed_is_named_and_nobody_else(seed: int, count: int) -> None:
    array, wrong = ring(count, 0.0463), seed % count
    sounds = [speech(array, seed + k) for k in range(FEWEST)]
    assert watched(array, sounds).problem is None
    said = watched(array, [turned_over(sound, wrong) for sound in sounds]).problem
    assert said is not None
    named = "one of microphones 0 and 1 has" if count == 2 else f"microphone {wrong} has"
    assert said.startswith(named)


def test_two_of_six_are_named_together_and_so_is_half_of_them() -> None:
    two = watched(RING, [turned_over(speech(RING, k), 1, 4) for k in range(FEWEST)])
    assert (two.problem or "").startswith("microphones 1 and 4 each have their polarity reversed")
    assert (two.problem or "").endswith("swap the wires of each")


@pytest.mark.parametrize("half", [(1, 3, 4), (0, 2, 5)])
def test_of_two_halves_that_are_opposed_one_is_named_and_nothing_located(
    half: tuple[int, ...],
) -> None:
    """Which of them is the wrong one makes no difference."""
    polarity = Polarity(RING)
    for k in range(FEWEST):
        assert not polarity.look(turned_over(speech(RING, k), *half), ALL, k * RATE)
    said = polarity.problem or ""
    assert said.startswith("microphones 1 and 3 and 4 each have their polarity reversed")
    assert polarity.look(speech(RING, 9), ALL, 10 * RATE)
    assert polarity.problem is None


def test_what_is_accused_is_not_located_and_named_when_it_lasts() -> None:
    polarity = Polarity(RING)
    for k in range(FEWEST):
        assert polarity.problem is None
        assert not polarity.look(turned_over(speech(RING, k), 2), ALL, k * RATE)
    assert polarity.problem is not None
    assert not polarity.trusted(ALL)


def test_the_same_sound_looked_at_again_counts_once() -> None:
    polarity, sound = Polarity(RING), turned_over(speech(RING, 1), 2)
    for _ in range(2 * FEWEST):
        assert not polarity.look(sound, ALL, 100)
    assert polarity.problem is None


def test_it_stands_while_nothing_can_be_told_and_ends_when_it_is_mended() -> None:
    polarity = watched(RING, [turned_over(speech(RING, k), 2) for k in range(FEWEST)])
    silence = np.zeros((6, RATE // 2), np.float32)
    for unclear in (silence, silence[:, :0], hiss(np.random.default_rng(0), 6, 0.5)):
        assert not polarity.look(unclear, ALL, 10 * RATE)
        assert polarity.problem is not None
    assert polarity.look(speech(RING, 9), ALL, 20 * RATE)
    assert polarity.problem is None


def test_one_that_is_dead_by_now_hinders_nobody_and_is_still_known_when_it_is_back() -> None:
    polarity = watched(RING, [turned_over(speech(RING, k), 2) for k in range(FEWEST)])
    rest = ALL.copy()
    rest[2] = False
    assert polarity.trusted(rest)
    assert polarity.look(speech(RING, 9), rest, 10 * RATE)
    assert not polarity.look(hiss(np.random.default_rng(0), 6, 0.5), ALL, 20 * RATE)
    assert polarity.problem is not None


def test_of_two_that_are_left_nobody_knows_which_it_is() -> None:
    polarity, alive = Polarity(RING), np.zeros(6, bool)
    alive[[1, 4]] = True
    for k in range(FEWEST):
        polarity.look(turned_over(speech(RING, k), 4), alive, k * RATE)
    assert (polarity.problem or "").startswith("one of microphones 1 and 4 has")
    alone = np.arange(6) == 4
    assert not polarity.look(speech(RING, 9), alone, 10 * RATE)


@pytest.mark.parametrize("hertz", [50.0, 100.0, 120.0, 150.0])
def test_loud_hum_that_one_channel_has_the_other_way_round_accuses_nobody(hertz: float) -> None:
    sounds = []
    for k in range(FEWEST):
        sound = speech(RING, k)
        hum = np.sin(2.0 * np.pi * hertz * np.arange(sound.shape[1]) / RATE)
        level = 10.0 * float(np.sqrt(np.mean(np.square(sound))))
        sign = np.where(np.arange(6) == 2, -1.0, 1.0)[:, None]
        sounds.append((sound + level * sign * hum).astype(np.float32))
    assert watched(RING, sounds).problem is None


@pytest.mark.parametrize("span", [0.05, 0.1, 0.15, 0.2])
def test_microphones_that_have_nothing_in_common_are_hardly_ever_accused(span: float) -> None:
    rng = np.random.default_rng(3)
    highest = LONG * SPEED_OF_SOUND / span
    found = [reversed_polarity(hiss(rng, 2, 0.54), highest) for _ in range(300)]
    assert sum(bool(accused) for accused in found) <= 6


def test_of_a_wide_array_nothing_is_said() -> None:
    wide = make_array("pair", [[0.0, 0.15, 0.0], [0.0, -0.15, 0.0]])
    polarity = watched(wide, [turned_over(speech(wide, k), 1) for k in range(FEWEST)])
    assert polarity.problem is None
    assert polarity.trusted(np.ones(2, bool))


@pytest.mark.needs("sim", "speech", "ffmpeg")
def test_it_is_told_in_rooms_and_nobody_else_accused() -> None:
    array = load_array("respeaker_6")
    for mixture in ({"snr": 0.0}, {"snr": 20.0, "television": 5.0}):
        sounds = [scene(array, 0.7, (9, k)).mix(**mixture)[:, ONSET:] for k in range(FEWEST)]
        assert watched(array, sounds).problem is None
        wrong = watched(array, [turned_over(sound, 5) for sound in sounds])
        assert (wrong.problem or "").startswith("microphone 5 has")


@pytest.mark.needs("data")
def test_real_recordings_accuse_nobody(data_dir: Path) -> None:
    array = load_array("respeaker_4")
    for file in sorted((data_dir / "array_recordings").glob("*/*/*.wav")):
        recorded = read_wav(file)
        begins = range(0, recorded.shape[1] - RATE, RATE)
        assert watched(array, [recorded[:, b : b + RATE] for b in begins]).problem is None
