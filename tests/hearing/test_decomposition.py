"""What several waves explain of the sound together, and how well each direction does alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.decomposition import _RIDGE, LeastSquares
from engine.hearing.maps import SHARPNESS, View, as_waves, steered_map
from engine.hearing.spectra import Complex


def waves(rng: np.random.Generator, *shape: int) -> Complex:
    made = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return np.asarray(made / np.linalg.norm(made, axis=-1, keepdims=True), np.complex64)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.integers(1, 4))
def test_waves_one_by_one_come_to_what_all_at_once_do(
    seed: int, microphones: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    target = waves(rng, 3, 5, microphones)
    basis = [waves(rng, 3, 5, microphones) for _ in range(count)]
    fit = LeastSquares(target.transpose(2, 0, 1))
    for wave in basis:
        fit.add(wave.transpose(2, 0, 1))
    columns = np.stack(basis, axis=3).astype(np.complex128)
    adjoint = columns.conj().transpose(0, 1, 3, 2)
    gram = adjoint @ columns + _RIDGE * np.eye(count)
    expected = np.linalg.solve(gram, adjoint @ target[..., None])
    assert fit.amplitudes() == pytest.approx(expected[..., 0], abs=2e-3)
    rest = target - (columns @ expected)[..., 0]
    assert fit.rest() == pytest.approx(rest.transpose(2, 0, 1), abs=2e-3)


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
