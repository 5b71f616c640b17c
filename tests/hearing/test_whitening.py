"""The background's covariance, and what a second of it is worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench.hearing_scenes import diffuse
from engine.hearing.arrays import load_array, make_array
from engine.hearing.directions import Localiser
from engine.hearing.spectra import band
from engine.hearing.steering import plane_waves
from engine.hearing.whitening import covariance, settled

ARRAY = load_array("respeaker_6")
FIELD = plane_waves(ARRAY, band(200.0, 7000.0), 72, (15.0,))
SECOND = 115
"""Frames of a second's pre-roll."""


def noise_of(
    seed: int, frames: int, hiss: float, wave: float = 0.0
) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.complex64]]:
    """A covariance as counted in `frames` frames, and the true one: sound from everywhere, `hiss`
    of the microphones' own, and a `wave` from one direction, by power."""
    rng = np.random.default_rng(seed)
    towards = FIELD.vectors[:, :, 11] * np.sqrt(ARRAY.channels)
    truth = FIELD.diffuse + hiss * np.eye(ARRAY.channels)
    truth = truth + wave * towards[:, :, None] * towards.conj()[:, None]
    shape = (*truth.shape[:2], frames)
    drawn = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    # Sound from everywhere has next to no power in some combinations of microphones at 200 Hz.
    root = np.linalg.cholesky(truth + 1e-6 * np.eye(ARRAY.channels))
    sound = (root @ drawn / np.sqrt(2.0)).transpose(1, 0, 2)
    return covariance(sound.astype(np.complex64)), truth.astype(np.complex64)


def off(noise: npt.NDArray[np.complex64], truth: npt.NDArray[np.complex64]) -> float:
    return float(np.linalg.norm(noise - truth))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1.0))
def test_noise_from_everywhere_is_known_better_than_by_counting(seed: int, hiss: float) -> None:
    counted, truth = noise_of(seed, SECOND // 4, hiss)
    assert off(settled(counted, SECOND // 4, FIELD.diffuse), truth) < 0.9 * off(counted, truth)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_a_television_is_left_as_it_was_counted(seed: int) -> None:
    counted, _ = noise_of(seed, SECOND, 0.1, wave=20.0)
    left = settled(counted, SECOND, FIELD.diffuse)
    assert off(left, counted) < 0.02 * float(np.linalg.norm(counted))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([16, SECOND, 1000]), st.floats(0.0, 20.0))
def test_it_stays_a_covariance_of_the_same_power(seed: int, frames: int, wave: float) -> None:
    counted, _ = noise_of(seed, frames, 0.1, wave)
    left = settled(counted, frames, FIELD.diffuse)
    power = [np.trace(noise, axis1=1, axis2=2).real for noise in (left, counted)]
    np.testing.assert_allclose(power[0], power[1], rtol=1e-4)
    np.testing.assert_allclose(left, left.conj().transpose(0, 2, 1), atol=1e-4)
    assert np.linalg.eigvalsh(left).min() > -1e-4 * power[1].max()


def test_the_longer_it_was_heard_the_less_is_modelled() -> None:
    changes = []
    for frames in (SECOND, 10 * SECOND, 100 * SECOND):
        counted, _ = noise_of(0, SECOND, 0.1, wave=0.5)
        changes.append(off(settled(counted, frames, FIELD.diffuse), counted))
    assert changes[0] > changes[1] >= changes[2] == 0.0


def test_a_dead_microphone_keeps_nobody_from_settling() -> None:
    rng = np.random.default_rng(3)
    sound = (1e-2 * diffuse(rng, 16_000, ARRAY.positions)).astype(np.float32)
    sound[2] = 0.0
    alive = np.arange(ARRAY.channels) != 2
    localiser = Localiser(ARRAY, learned=False)
    known = localiser.learn([sound], alive)
    five = make_array("five", ARRAY.positions[alive].tolist())
    alone = Localiser(five, learned=False).learn([sound[alive]])
    assert known is not None
    assert alone is not None
    np.testing.assert_allclose(known.noise[:, alive][:, :, alive], alone.noise, atol=1e-9)


def test_silence_and_bins_without_sound_stay_silent() -> None:
    counted, _ = noise_of(0, SECOND, 0.1)
    counted[:40] = 0.0
    left = settled(counted, SECOND, FIELD.diffuse)
    assert np.isfinite(left).all()
    assert not left[:40].any()
    assert not settled(np.zeros_like(counted), SECOND, FIELD.diffuse).any()
