"""One suite for every array: the simulated one and a wav file."""

from __future__ import annotations

import wave
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.hardware.microphones_file import MicrophonesFile
from engine.hearing.arrays import load_array
from engine.ports import Microphones, SourceFailed
from engine.sim.living_room import LivingRoom
from engine.sim.microphones import SimulatedMicrophones

CHANNELS = 6


def simulated(_folder: Path) -> Microphones:
    return SimulatedMicrophones(LivingRoom(1), load_array("respeaker_6").positions)


def recording(folder: Path) -> Microphones:
    file = folder / "sound.wav"
    sound = np.random.default_rng(1).normal(0.0, 3000.0, (32000, CHANNELS)).astype("<i2")
    with wave.open(str(file), "wb") as out:
        out.setnchannels(CHANNELS)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(sound.tobytes())
    return MicrophonesFile(file, CHANNELS, paced=False)


@pytest.fixture(params=[simulated, recording])
def microphones(request: pytest.FixtureRequest, tmp_path: Path) -> Microphones:
    make: Callable[[Path], Microphones] = request.param
    return make(tmp_path)


def test_blocks_follow_each_other_without_a_gap(microphones: Microphones) -> None:
    assert isinstance(microphones, Microphones)
    microphones.open()
    blocks = [microphones.read() for _ in range(6)]
    microphones.close()
    for before, after in pairwise(blocks):
        assert after.t == pytest.approx(before.t + before.samples.shape[1] / 16000.0, abs=1e-6)


def test_samples_are_floats_of_every_microphone_in_range(microphones: Microphones) -> None:
    microphones.open()
    for _ in range(6):
        samples = microphones.read().samples
        assert samples.dtype == np.float32
        assert samples.shape[0] == microphones.channels == CHANNELS
        assert np.abs(samples).max() <= 1.0
        assert samples.any()
    microphones.close()


def test_closed_ones_do_not_read_and_closing_twice_is_safe(microphones: Microphones) -> None:
    with pytest.raises(SourceFailed):
        microphones.read()
    microphones.open()
    microphones.read()
    microphones.close()
    microphones.close()
    with pytest.raises(SourceFailed):
        microphones.read()
