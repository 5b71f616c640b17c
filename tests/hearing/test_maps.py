"""How well each direction does alone, and what votes for it."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import waves
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.maps import (
    REVERBERATION,
    SHARPNESS,
    Turns,
    View,
    as_pairs,
    as_waves,
    fits,
    not_reverberant,
    steered_map,
    view,
)


def test_the_steered_map_is_the_weighted_mean_of_what_fits() -> None:
    rng = np.random.default_rng(5)
    amplitudes = 3.0 * waves(rng, 7, 9, 4).transpose(0, 2, 1)
    vectors = waves(rng, 7, 12, 4).transpose(0, 2, 1)
    weight = rng.uniform(0.1, 1.0, (7, 9)).astype(np.float32)
    seen = View(amplitudes, vectors, None, weight, weight, weight, as_waves(vectors))
    length = np.linalg.norm(amplitudes, axis=1, keepdims=True)
    match = np.abs(vectors.conj().transpose(0, 2, 1) @ (amplitudes / length)) ** 2
    votes = np.exp(SHARPNESS * (match - 1.0)) * weight[:, None]
    expected = votes.sum(axis=(0, 2)) / weight.sum()
    assert steered_map(seen, 1) == pytest.approx(expected, abs=1e-5)
    assert as_waves(vectors).shape == (7, 16, 12)


@pytest.mark.parametrize("voting", [0, 1, 90])
@pytest.mark.parametrize("turns", [None, np.arange(9)])
def test_bins_without_a_vote_count_for_nothing(voting: int, turns: Turns | None) -> None:
    rng = np.random.default_rng(6)
    amplitudes = waves(rng, 100, 9, 4).transpose(0, 2, 1)
    vectors = waves(rng, 100, 12, 4).transpose(0, 2, 1)
    weight = np.zeros((100, 9), np.float32)
    weight[100 - voting :, ::2] = 0.5
    some = slice(100 - max(voting, 1), None)
    found = [
        steered_map(
            View(amplitudes[i], vectors[i], None, *3 * (weight[i],), as_waves(vectors[i])),
            1,
            turns=turns,
        )
        for i in (slice(None), some)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert found[0].any() == (voting > 0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.sampled_from([1, 3]))
def test_pairs_of_waves_and_of_sounds_make_the_squares_of_their_matches(
    seed: int, microphones: int, together: int
) -> None:
    rng = np.random.default_rng(seed)
    heard, steering = waves(rng, 6, 5, microphones), waves(rng, 5, 4, microphones)
    match = np.square(np.abs(np.einsum("nbm,bdm->nbd", heard.conj(), steering))).sum(axis=1)
    expected = match.reshape(6 // together, together, 4).sum(axis=1)
    found = fits(as_pairs(heard, together), as_waves(steering.transpose(0, 2, 1)))
    assert found == pytest.approx(expected, abs=1e-4)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_what_is_loud_with_its_neighbours_votes_and_a_chance_does_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hiss = (rng.standard_normal((6, 60, 40)) + 1j * rng.standard_normal((6, 60, 40))) / np.sqrt(2.0)
    hiss[:, 20:26, 12] *= 4.0
    vectors = waves(rng, 60, 12, 6).transpose(0, 2, 1)
    whitener = np.tile(np.eye(6, dtype=np.complex64), (60, 1, 1))
    seen = view(hiss.astype(np.complex64), vectors, whitener)
    assert (seen.voting[21:25, 12] > 0.0).all()
    around = np.zeros((60, 40), bool)
    around[18:28, 8:17] = True
    assert (seen.voting[~around] > 0.0).mean() < 0.5 * (seen.direct[~around] > 0.0).mean()
    guessed = view(hiss.astype(np.complex64), vectors, None)
    np.testing.assert_array_equal(guessed.voting, guessed.direct)


def test_echoes_of_a_long_stretch_fade_as_they_do_frame_by_frame() -> None:
    rng = np.random.default_rng(8)
    power = rng.exponential(size=(3, 1300)).astype(np.float32)
    power[1, 40:] = 0.0
    echo = np.zeros(3)
    for now, weight in zip(power.T, not_reverberant(power).T, strict=True):
        expected = np.clip(1.0 - echo / np.maximum(now, 1e-20), 0.0, 1.0)
        assert weight == pytest.approx(expected, abs=1e-5)
        echo = REVERBERATION * np.maximum(echo, now)
