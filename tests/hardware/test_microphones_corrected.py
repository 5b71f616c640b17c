"""A calibrated array: evened out without hiding or making clipped sound."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.microphones_corrected import CorrectedMicrophones
from engine.hearing.calibration import Correction
from engine.hearing.history import CLIPPED, History
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock, Microphones, Samples, SelfChecking

BLOCK = 512
GAINS = [(-6.0, 0.0, 0.0, 0.0), (6.0, 0.0, 0.0, 0.0), (-1.0,) * 4, (3.0, 12.0, -2.0, 0.0)]


class Giving:
    """Gives these blocks, in order, and opens as often as it is asked to."""

    channels = 4

    def __init__(self, *blocks: Samples) -> None:
        self.blocks = [AudioBlock(0.0, block.astype(np.float32)) for block in blocks]

    def open(self) -> None: ...

    def read(self) -> AudioBlock:
        return self.blocks.pop(0)

    def close(self) -> None: ...


def noise(level: float, blocks: int = 100) -> list[Samples]:
    rng = np.random.default_rng(0)
    return [np.clip(rng.normal(0.0, level, (4, BLOCK)), -1.0, 0.9999) for _ in range(blocks)]


def corrected(blocks: list[Samples], correction: Correction) -> CorrectedMicrophones:
    microphones = CorrectedMicrophones(Giving(*blocks), correction)
    assert isinstance(microphones, Microphones)
    assert isinstance(microphones, SelfChecking)
    microphones.open()
    return microphones


@pytest.mark.parametrize("gains", GAINS)
def test_clipped_sound_is_told_however_it_is_evened_out(gains: tuple[float, ...]) -> None:
    microphones = corrected(noise(0.6), Correction((0, 1, 2, 3), gains))
    for _ in range(100):
        microphones.read()
    assert "clipped" in microphones.trouble
    microphones.close()
    assert microphones.trouble == ""


@pytest.mark.parametrize("gains", GAINS)
def test_clean_sound_is_never_pushed_beyond_full_scale(gains: tuple[float, ...]) -> None:
    blocks = [np.full((4, BLOCK), 0.99), np.full((4, BLOCK), -1.0)]
    microphones = corrected(blocks, Correction((3, 1, 2, 0), gains))
    history = History(4, RATE)
    for _ in blocks:
        evened = microphones.read().samples
        assert np.abs(evened).max() < CLIPPED
        history.push(evened)
    assert history.clipped_values == 0


def test_gains_are_evened_out_against_each_other() -> None:
    correction = Correction((1, 0, 2, 3), (6.0, 0.0, -6.0, 20.0), dead=(3,))
    evened = correction.apply(np.full((4, 8), 0.5, np.float32))[:, 0]
    np.testing.assert_allclose(20.0 * np.log10(evened[:3] / 0.5), [0.0, -6.0, -12.0], atol=0.05)
    assert evened[3] == 0.0


def test_a_dead_channel_at_full_scale_is_not_clipped_sound() -> None:
    blocks = noise(0.05)
    for block in blocks:
        block[2] = 1.0
    microphones = corrected(blocks, Correction((0, 1, 2, 3), (0.0,) * 4, dead=(2,)))
    for _ in range(100):
        microphones.read()
    assert microphones.trouble == ""


def test_a_clap_is_no_trouble_and_trouble_ends() -> None:
    blocks = [*noise(0.6, 40), *noise(0.01, 6000)]
    blocks[1000][0, :20] = 1.0
    microphones = corrected(blocks, Correction((0, 1, 2, 3), (-6.0, 0.0, 0.0, 0.0)))
    troubled = []
    while microphones.source.blocks:  # type: ignore[attr-defined]
        microphones.read()
        troubled.append(bool(microphones.trouble))
    assert any(troubled[:40])
    assert not any(troubled[5500:])
    quiet = corrected(
        [*noise(0.01, 50), np.ones((4, 20)), *noise(0.01, 50)], Correction((0, 1, 2, 3), (0.0,) * 4)
    )
    for _ in range(101):
        quiet.read()
        assert quiet.trouble == ""


def test_what_came_from_the_device_is_overwritten() -> None:
    (raw,) = noise(0.1, 1)
    source = Giving(raw)
    given = source.blocks[0]
    microphones = CorrectedMicrophones(source, Correction((0, 1, 2, 3), (0.0,) * 4))
    assert microphones.read().samples.any()
    assert not given.samples.any()
