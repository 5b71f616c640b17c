"""The measurement of the motor's own noise, short."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bench.own_noise import LEVELS, errors, motor_noise, rendered, turning
from engine.hearing.arrays import load_array
from engine.hearing.spectra import RATE


def test_a_motor_at_rest_is_silent_and_a_fast_one_louder_than_a_slow_one() -> None:
    speeds = np.repeat([0.0, 30.0, 90.0], RATE)
    made = motor_noise(np.random.default_rng(0), 4, speeds)
    quiet, slow, fast = (made[:, i * RATE + 100 : (i + 1) * RATE] for i in range(3))
    assert np.abs(quiet).max() < 1e-5
    assert slow.std() < fast.std()


@pytest.mark.needs("sim", "speech", "ffmpeg")
@pytest.mark.parametrize("on_head", [False, True])
def test_what_was_learned_helps(on_head: bool) -> None:
    array = load_array("respeaker_6")
    made = turning(rendered(array, 1, on_head=on_head), LEVELS["motor as loud"])
    learned = errors(array, made, on_head=on_head, learns=True)
    without = errors(array, made, on_head=on_head, learns=False)
    assert np.median(learned) < 12.0
    assert np.median(learned) < np.median(without)
