"""What several waves explain of the sound together."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import waves
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.decomposition import _RIDGE, LeastSquares


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
