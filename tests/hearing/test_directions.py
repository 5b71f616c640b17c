"""The localiser on plane waves, where the truth is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import bursts, hiss, plane_wave
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.angles import difference
from engine.core.types import SoundKind
from engine.hearing.arrays import MicrophoneArray, load_array, make_array, ring
from engine.hearing.directions import Localiser
from engine.hearing.spectra import band
from engine.hearing.steering import plane_waves

RING = ring(6, 0.0463)
LOCALISER = Localiser(RING)


def heard(array: MicrophoneArray, azimuth: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    speech = plane_wave(array, bursts(rng, 0.6), azimuth) + hiss(rng, array.channels, 0.6)
    return hiss(rng, array.channels, 1.0), speech


@settings(max_examples=25, deadline=None)
@given(st.floats(-180.0, 180.0))
def test_a_plane_wave_is_found_wherever_it_comes_from(azimuth: float) -> None:
    before, speech = heard(RING, azimuth)
    found = LOCALISER.locate(speech, LOCALISER.learn([before]))
    assert not found.ambiguous
    assert abs(difference(found.directions[0].azimuth, azimuth)) < 2.5
    assert found.directions[0].confidence > 0.8
    assert -180.0 < found.directions[0].azimuth <= 180.0


@settings(max_examples=10, deadline=None)
@given(st.floats(-180.0, 180.0), st.sampled_from([-90.0, 37.0, 60.0, 180.0]))
def test_turning_the_array_turns_the_answer(azimuth: float, turn: float) -> None:
    array = load_array("uma_8")
    before, speech = heard(array, azimuth)
    plain = Localiser(array)
    straight = plain.locate(speech, plain.learn([before])).directions[0].azimuth
    turned = Localiser(array.rotated(turn))
    rotated = turned.locate(speech, turned.learn([before])).directions[0].azimuth
    assert abs(difference(rotated, straight + turn)) < 2.5


def test_steering_has_the_symmetry_of_the_array() -> None:
    dictionary = plane_waves(RING, band(200.0, 7000.0), 72, (0.0,))
    one_step = np.roll(dictionary.vectors, 12, axis=2)  # 60 degrees
    np.testing.assert_allclose(np.roll(one_step, 1, axis=1), dictionary.vectors, atol=1e-5)
    opposite = np.roll(dictionary.vectors, 36, axis=2)
    np.testing.assert_allclose(opposite, dictionary.vectors.conj(), atol=1e-5)


def test_steering_vectors_have_unit_length_and_the_origin_no_phase() -> None:
    dictionary = plane_waves(load_array("uma_8"), band(200.0, 7000.0), 24, (0.0, 30.0))
    np.testing.assert_allclose(np.linalg.norm(dictionary.vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(dictionary.vectors[:, 0].imag, 0.0, atol=1e-6)


def test_two_talkers_far_apart_are_both_found_and_refused() -> None:
    rng = np.random.default_rng(3)
    both = plane_wave(RING, bursts(rng, 0.6), 40.0) + plane_wave(RING, bursts(rng, 0.6), -70.0)
    background = LOCALISER.learn([hiss(rng, 6, 1.0)])
    found = LOCALISER.locate(both + hiss(rng, 6, 0.6), background)
    assert found.ambiguous
    first, second = sorted(d.azimuth for d in found.directions[:2])
    assert first == pytest.approx(-70.0, abs=6.0)
    assert second == pytest.approx(40.0, abs=6.0)


def test_a_line_refuses_to_choose_between_a_voice_and_its_mirror_image() -> None:
    line = make_array("line", [[x, 0.0, 0.0] for x in (-0.06, -0.02, 0.02, 0.06)])
    localiser = Localiser(line)
    before, speech = heard(line, 60.0)
    found = localiser.locate(speech, localiser.learn([before]))
    assert found.ambiguous
    assert {round(d.azimuth / 5) for d in found.directions[:2]} == {-12, 12}


def test_a_loud_steady_source_is_a_machine_and_does_not_hide_the_voice() -> None:
    rng = np.random.default_rng(5)
    fan = plane_wave(RING, (0.1 * rng.standard_normal(32_000)).astype(np.float32), -100.0)
    before, during = fan[:, :16_000], fan[:, 16_000:25_600]
    speech = plane_wave(RING, bursts(rng, 0.6), 30.0) + during + hiss(rng, 6, 0.6)
    background = LOCALISER.learn([before + hiss(rng, 6, 1.0)])
    found = LOCALISER.locate(speech, background)
    assert found.directions[0].azimuth == pytest.approx(30.0, abs=4.0)
    assert found.directions[0].kind is SoundKind.DIRECT
    machines = [d for d in found.directions if d.kind is SoundKind.MACHINE]
    assert [d.azimuth for d in machines] == [pytest.approx(-100.0, abs=6.0)]


def test_a_dead_microphone_is_done_without() -> None:
    before, speech = heard(RING, 75.0)
    before[2], speech[2] = 0.0, 0.0
    alive = np.arange(6) != 2
    found = LOCALISER.locate(speech, LOCALISER.learn([before]), alive)
    assert found.directions[0].azimuth == pytest.approx(75.0, abs=4.0)


@pytest.mark.parametrize("with_background", [True, False])
def test_noise_alone_gives_nothing_confident(with_background: bool) -> None:
    rng = np.random.default_rng(7)
    background = LOCALISER.learn([hiss(rng, 6, 1.0)]) if with_background else None
    for _ in range(20):
        found = LOCALISER.locate(hiss(rng, 6, 0.5), background)
        assert all(d.confidence < 0.5 for d in found.directions)


def test_sound_softer_than_what_was_before_gives_nothing_confident() -> None:
    rng = np.random.default_rng(11)
    background = LOCALISER.learn([hiss(rng, 6, 1.0)])
    for level in (0.1, 0.5, 0.7, 0.8, 0.85, 0.9):
        for _ in range(6):
            found = LOCALISER.locate(np.float32(level) * hiss(rng, 6, 0.54), background)
            assert all(d.confidence < 0.5 for d in found.directions)


@pytest.mark.parametrize("samples", [0, 1, 511])
def test_too_little_sound_gives_nothing(samples: int) -> None:
    assert LOCALISER.locate(np.zeros((6, samples), np.float32)).directions == ()
    assert LOCALISER.learn([np.zeros((6, samples), np.float32)]) is None


def test_digital_silence_gives_nothing() -> None:
    silence = np.zeros((6, 8000), np.float32)
    assert LOCALISER.locate(silence, LOCALISER.learn([silence])).directions == ()


def test_speech_out_of_digital_silence_is_found() -> None:
    silence = np.zeros((6, 16_000), np.float32)
    speech = plane_wave(RING, bursts(np.random.default_rng(1), 0.6), 100.0)
    found = LOCALISER.locate(speech, LOCALISER.learn([silence]))
    assert found.directions[0].azimuth == pytest.approx(100.0, abs=3.0)
