"""The beam: what it keeps, what it suppresses, and that blocks do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.arrays import load_array
from engine.hearing.beam import STEADY, Beam, si_sdr
from engine.hearing.spectra import FRAME

SIX = load_array("respeaker_6")


def through(beam: Beam, sound: Sound, speech_from: int | None = None, block: int = 512) -> Sound:
    """The beam of `sound`, its delay taken off."""
    silent = sound.shape[1] if speech_from is None else speech_from
    made = [
        beam.process(sound[:, i : i + block], speech=i >= silent)
        for i in range(0, sound.shape[1], block)
    ]
    return np.concatenate(made)[FRAME:]


def talk_beside_a_steady_noise(azimuth: float) -> tuple[Sound, Sound, int]:
    """(mixed, talker alone at the first microphone, onset): noise from a right angle to it."""
    rng = np.random.default_rng(7)
    onset, count = 2 * RATE, 5 * RATE
    dry = np.zeros(count, np.float32)
    dry[onset:] = bursts(rng, 3.0)
    talker = plane_wave(SIX, dry, azimuth)
    noise = plane_wave(SIX, (0.1 * rng.standard_normal(count)).astype(np.float32), azimuth + 90.0)
    return talker + noise + hiss(rng, 6, 5.0), talker[0], onset


@settings(max_examples=5, deadline=None)
@given(st.floats(-180.0, 180.0))
def test_a_noise_from_elsewhere_is_suppressed_and_the_voice_is_not(azimuth: float) -> None:
    mixed, talker, onset = talk_beside_a_steady_noise(azimuth)
    start = onset + RATE // 2

    def scored(beam: Beam) -> float:
        beam.aim(azimuth)
        made = through(beam, mixed, onset)
        return si_sdr(made[start:], talker[start : len(made)])

    single = si_sdr(mixed[0, start:], talker[start:])
    summed, ours = scored(Beam(SIX, adaptive=False)), scored(Beam(SIX))
    assert ours > single + 8.0
    assert ours > summed + 4.0


@pytest.mark.parametrize("azimuth", [0.0, 178.0])
def test_directions_that_differ_a_little_cost_nothing_of_what_was_learned(azimuth: float) -> None:
    """Each of the ear's decisions is some degrees off the last; around 180 the sign jumps, too."""
    mixed, _, onset = talk_beside_a_steady_noise(azimuth)
    off = np.random.default_rng(3).uniform(-0.9 * STEADY, 0.9 * STEADY, mixed.shape[1] // 512 + 1)
    off[0] = 0.0
    steady, jittered = Beam(SIX), Beam(SIX)
    steady.aim(azimuth)
    made = []
    for number, begin in enumerate(range(0, mixed.shape[1], 512)):
        jittered.aim((azimuth + float(off[number]) + 180.0) % 360.0 - 180.0)
        made.append(jittered.process(mixed[:, begin : begin + 512], speech=begin >= onset))
    np.testing.assert_array_equal(np.concatenate(made)[FRAME:], through(steady, mixed, onset))


def test_a_direction_further_off_is_followed_and_so_is_a_walk_of_small_steps() -> None:
    beam = Beam(SIX)
    beam.aim(0.0)
    beam.aim(STEADY + 1.0)
    assert beam.azimuth == STEADY + 1.0
    for azimuth in range(12, 60):
        beam.aim(float(azimuth))
        assert beam.azimuth is not None
        assert abs(beam.azimuth - azimuth) <= STEADY
    beam.aim(None)
    assert beam.azimuth is None


def test_without_a_direction_the_first_microphone_passes() -> None:
    mixed, _, _ = talk_beside_a_steady_noise(0.0)
    made = through(Beam(SIX), mixed)
    np.testing.assert_allclose(made[FRAME:-FRAME], mixed[0, FRAME : len(made) - FRAME], atol=1e-5)


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 3000))
def test_as_many_samples_come_out_as_go_in_however_they_are_cut(block: int) -> None:
    sound = hiss(np.random.default_rng(0), 6, 0.5, 0.1)
    beam, whole = Beam(SIX, adaptive=False), Beam(SIX, adaptive=False)
    for each in (beam, whole):
        each.aim(30.0)
    cut = np.concatenate(
        [
            beam.process(sound[:, i : i + block], speech=True)
            for i in range(0, sound.shape[1], block)
        ]
    )
    at_once = whole.process(sound, speech=True)
    assert len(cut) == len(at_once) == sound.shape[1]
    # Short blocks start with silence for as long as the pipeline is being filled.
    np.testing.assert_allclose(cut, at_once, atol=1e-5)


def test_forgetting_lets_go_of_all_sound() -> None:
    beam = Beam(SIX)
    beam.aim(0.0)
    beam.process(hiss(np.random.default_rng(0), 6, 1.0, 0.1), speech=False)
    beam.forget()
    after = beam.process(np.zeros((6, RATE // 2), np.float32), speech=True)
    assert not after.any()


def test_silence_and_digital_zeros_are_survived() -> None:
    beam = Beam(SIX)
    beam.aim(10.0)
    made = through(beam, np.zeros((6, RATE), np.float32), RATE // 2)
    assert np.isfinite(made).all()
    assert not made.any()


def test_si_sdr_does_not_know_of_scale() -> None:
    rng = np.random.default_rng(0)
    clean, noise = rng.standard_normal((2, 10_000)).astype(np.float32)
    assert si_sdr(3.0 * (clean + 0.1 * noise), clean) == pytest.approx(20.0, abs=0.3)
