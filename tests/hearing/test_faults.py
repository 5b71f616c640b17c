"""What is wrong with the sound is said while it lasts, and in few words."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, hiss

from engine.hearing.arrays import ring
from engine.hearing.ear import Ear
from engine.hearing.faults import RECENT, SILENT_FOR
from engine.ports import AudioBlock

FOUR = ring(4, 0.04)
SILENT = "no sound on any channel: is it muted, or its gain zero?"


class Nobody:
    def probability(self, chunk: Sound) -> float:
        return 0.0

    def reset(self) -> None:
        pass


class Playing:
    """Seconds of sound, one after another, into one ear."""

    def __init__(self) -> None:
        self.ear, self.t = Ear(FOUR, voice=Nobody()), 0.0

    def play(self, second: Sound, times: int = 1) -> set[tuple[str, ...]]:
        """All that was said meanwhile."""
        said = set()
        for _ in range(times):
            self.ear.listen(AudioBlock(self.t, second.copy()))
            self.t += second.shape[1] / RATE
            said.add(self.ear.problems())
        return said


def clean() -> Sound:
    return hiss(np.random.default_rng(1), 4, 1.0, 0.01)


def clipping(share: float) -> Sound:
    sound = clean()
    sound[:, : int(share * RATE)] = 1.0
    return sound


def test_one_sample_that_is_no_number_is_told_and_over_when_it_is_long_past() -> None:
    playing, broken = Playing(), clean()
    broken[0, 3] = np.nan
    assert playing.play(broken) == {("some samples were not numbers",)}
    playing.play(clean(), RECENT)
    assert playing.play(clean()) == {()}


def test_a_fault_that_lasts_is_one_sentence() -> None:
    broken = clean()
    broken[0, ::512] = np.nan
    assert len(Playing().play(broken, 2 * RECENT)) == 1
    assert len(Playing().play(clipping(0.04), 2 * RECENT)) == 1


def test_clipping_is_over_when_it_is_and_told_when_it_begins_after_a_long_time() -> None:
    playing = Playing()
    playing.play(clipping(0.8), 6)
    playing.play(clean(), RECENT + 1)
    assert playing.play(clean()) == {()}
    playing.play(clean(), 120)
    assert playing.play(clipping(0.1)) == {("over 0.1 % of samples clipped",)}


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_microphones_without_any_sound_are_named_after_a_while(offset: float) -> None:
    playing, silence = Playing(), np.full((4, RATE), offset, np.float32)
    silence += np.random.default_rng(1).integers(0, 2, silence.shape).astype(np.float32) / 32768
    assert playing.play(silence, SILENT_FOR - 1) == {()}
    assert playing.play(silence, 60) == {(SILENT,)}
    assert playing.play(clean()) == {()}


def test_a_pause_in_a_recording_is_no_fault_and_neither_is_the_mute() -> None:
    playing, silence = Playing(), np.zeros((4, RATE), np.float32)
    playing.play(clean())
    assert playing.play(silence, SILENT_FOR - 1) == {()}
    playing.ear.forget()
    assert playing.play(silence, SILENT_FOR - 1) == {()}
    assert playing.play(clean()) == {()}


def test_a_quiet_room_is_not_silent() -> None:
    """3 steps of 16 bits, up and down."""
    rng = np.random.default_rng(1)
    quiet = np.round(hiss(rng, 4, 1.0, 3e-5) * 32768).astype(np.float32) / 32768
    assert Playing().play(quiet, 4 * SILENT_FOR) == {()}


def test_of_a_recording_all_of_it_is_judged() -> None:
    playing, silence = Playing(), np.zeros((4, RATE), np.float32)
    playing.play(silence, 2)
    assert playing.ear.problems(whole=True) == (SILENT,)
    playing.play(clipping(0.5), 2)
    playing.play(silence, 2 * RECENT)
    assert playing.ear.problems() == (SILENT,)
    assert playing.ear.problems(whole=True) == ("over 1 % of samples clipped",)
