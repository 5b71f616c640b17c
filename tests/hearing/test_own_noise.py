"""The motor's own noise: learned from turns in silence, taken out of turns with a voice."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave
from hypothesis import given
from hypothesis import strategies as st

from engine.core.angles import difference
from engine.hearing.arrays import ring
from engine.hearing.ear import Ear, HeadMotion, Heard
from engine.hearing.own_noise import ENOUGH, MOVING, OwnNoise
from engine.ports import AudioBlock

RING = ring(6, 0.0463)
SPEED = 60.0
SILENCE, SPEECH = 7.0, 1.2


class AfterSilence:
    """Calls everything speech from a moment on."""

    def __init__(self, onset: float) -> None:
        self.onset, self.heard = onset, 0

    def probability(self, chunk: Sound) -> float:
        self.heard += len(chunk)
        return float(self.heard / RATE >= self.onset)

    def reset(self) -> None:
        pass


def heading(t: float) -> float:
    """Rests, turns to and fro between 1 and 5 s, rests, and turns on from 7 s, with the voice."""
    if t < 1.0 or 5.0 <= t < SILENCE:
        return 0.0
    if t < 5.0:
        return SPEED * (1.0 - abs((t - 1.0) % 2.0 - 1.0))
    return SPEED * (t - SILENCE)


def velocity(t: float) -> float:
    return (heading(t) - heading(t - 0.02)) / 0.02


def turning_sound(azimuth: float, motor: float = 0.4) -> Sound:
    """A motor that shakes all microphones alike, and a voice at the end."""
    rng = np.random.default_rng(3)
    count = int((SILENCE + SPEECH) * RATE)
    moves = np.array([abs(velocity(i / RATE)) > MOVING for i in range(0, count, 160)])
    rumble = motor * rng.standard_normal(count) * np.repeat(moves, 160)[:count]
    ways = rng.uniform(0.6, 1.4, (6, 1))
    voice = np.zeros(count, np.float32)
    voice[int(SILENCE * RATE) :] = bursts(rng, SPEECH)
    heard = plane_wave(RING, voice, azimuth) + ways * rumble
    return (heard + hiss(rng, 6, SILENCE + SPEECH)).astype(np.float32)


def play(ear: Ear, sound: Sound) -> list[Heard]:
    heard: list[Heard] = []
    for begin in range(0, sound.shape[1], 512):
        heard += ear.listen(AudioBlock(begin / RATE, sound[:, begin : begin + 512]))
    return heard + ear.finish()


@pytest.mark.parametrize("azimuth", [20.0, -130.0])
def test_a_voice_is_located_through_the_learned_noise_and_not_without(azimuth: float) -> None:
    def worst(motion: HeadMotion | None) -> float:
        heard = play(Ear(RING, voice=AfterSilence(SILENCE), axis=motion), turning_sound(azimuth))
        best = [next(iter(h.directions), None) for h in heard]
        return max(180.0 if b is None else abs(difference(b.azimuth, azimuth)) for b in best)

    assert worst(HeadMotion(velocity)) < 8.0
    assert worst(None) > 15.0


def test_frames_heard_on_a_turning_head_are_turned_back() -> None:
    """The voice stands still in the world while the array turns by 72 degrees."""
    rng = np.random.default_rng(5)
    count, bearing = int((SILENCE + SPEECH) * RATE), 50.0
    voice = np.zeros(count, np.float32)
    voice[int(SILENCE * RATE) :] = bursts(rng, SPEECH)
    step = RATE // 50
    sound = hiss(rng, 6, SILENCE + SPEECH)
    for begin in range(int(SILENCE * RATE), count, step):
        piece = np.zeros(count, np.float32)
        piece[begin : begin + step] = voice[begin : begin + step]
        sound += plane_wave(RING, piece, bearing - heading((begin + step / 2) / RATE))
    motion = HeadMotion(lambda _t: 0.0, heading)
    heard = play(Ear(RING, voice=AfterSilence(SILENCE), axis=motion), sound)
    assert heard
    for one in heard:
        found = one.directions[0].azimuth + heading(one.t)
        assert abs(difference(found, bearing)) < 5.0


def noise(rng: np.random.Generator, frames: int, level: float = 1.0) -> np.ndarray:
    shape = (3, 5, frames)
    made = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return (level * made).astype(np.complex64)


def test_nothing_is_expected_of_a_head_at_rest_or_of_speeds_never_heard() -> None:
    own = OwnNoise()
    assert own.expected(np.full(10, 60.0)) is None
    own.learn(noise(np.random.default_rng(0), 4 * ENOUGH), np.full(4 * ENOUGH, 60.0), None)
    assert own.speeds == (60.0,)
    assert own.expected(np.zeros(10)) is None
    assert own.expected(np.full(10, 10.0)) is None
    assert own.expected(np.full(10, -60.0)) is not None


def test_a_few_frames_are_not_enough_to_know_it() -> None:
    own = OwnNoise()
    own.learn(noise(np.random.default_rng(0), ENOUGH - 1), np.full(ENOUGH - 1, 60.0), None)
    assert own.speeds == ()


@given(st.floats(0.1, 3.0), st.integers(1, 9))
def test_what_is_expected_is_a_covariance_in_proportion_to_the_time_in_motion(
    level: float, moving: int
) -> None:
    own = OwnNoise()
    rng = np.random.default_rng(1)
    own.learn(noise(rng, 200, level), np.full(200, 60.0), None)
    speeds = np.where(np.arange(10) < moving, 60.0, 0.0)
    found, whole = own.expected(speeds), own.expected(np.full(10, 60.0))
    assert found is not None
    assert whole is not None
    assert np.linalg.eigvalsh(found).min() > -1e-4 * level**2
    assert np.allclose(found, moving / 10 * whole, rtol=1e-4, atol=1e-6)


def test_the_stillness_beside_it_is_taken_off() -> None:
    own, rng = OwnNoise(), np.random.default_rng(2)
    room = np.broadcast_to(4.0 * np.eye(3, dtype=np.complex64), (5, 3, 3))
    own.learn(noise(rng, 400, np.sqrt(2.5)), np.full(400, 60.0), np.asarray(room))
    found = own.expected(np.full(4, 60.0))
    assert found is not None
    mean = np.trace(found, axis1=1, axis2=2).real / 3
    assert mean == pytest.approx(np.full(5, 1.0), abs=0.5)
