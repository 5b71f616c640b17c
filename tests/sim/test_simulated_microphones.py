"""What the simulated microphones hear: levels, delays, echoes, the motor, voices."""

from __future__ import annotations

import math
import sys

import numpy as np
import numpy.typing as npt
import pytest

from engine.errors import UserError
from engine.hearing.arrays import load_array
from engine.hearing.ear import Ear
from engine.hearing.speech import SileroVoice
from engine.hearing.wake_word import Spotters
from engine.sim.acoustics import Echoes
from engine.sim.living_room import ROOM
from engine.sim.microphones import RATE, SimulatedMicrophones
from engine.sim.speech import programme, synthesise, talk, voice
from engine.sim.world import Scene, SoundContent, SoundSource

POSITIONS = load_array("respeaker_6").positions


class Stage:
    """One sound that stays where it is, from `start` to `end` seconds."""

    room = ROOM

    def __init__(
        self,
        bearing: float = 0.0,
        distance: float = 1.0,
        content: SoundContent = SoundContent.NOISE,
        start: float = 0.0,
        end: float = 1e9,
    ) -> None:
        angle = math.radians(bearing)
        x, y = distance * math.cos(angle), distance * math.sin(angle)
        self.sound = SoundSource("it", content, x, y, 1.0)
        self.start, self.end = start, end

    def at(self, t: float) -> Scene:
        return Scene(t, (), (self.sound,) if self.start <= t < self.end else ())


def listen(world: object, seconds: float, **more: object) -> npt.NDArray[np.float32]:
    microphones = SimulatedMicrophones(world, POSITIONS, **more)  # type: ignore[arg-type]
    microphones.open()
    blocks = [microphones.read().samples for _ in range(round(seconds * RATE / 512))]
    return np.concatenate(blocks, axis=1)


def level(sound: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(sound[:, 8000:], dtype=np.float64))))


def test_sound_repeats_by_seed() -> None:
    first, again = listen(Stage(), 0.3, seed=4), listen(Stage(), 0.3, seed=4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, listen(Stage(), 0.3, seed=5))
    assert first.dtype == np.float32
    assert first.shape[0] == 6


def test_the_level_falls_with_distance_and_to_the_self_noise_without_a_source() -> None:
    levels = [level(listen(Stage(-30.0, d), 1.0)) for d in (0.8, 1.6, 3.2)]
    assert levels == sorted(levels, reverse=True)
    silent = level(listen(Stage(end=0.0), 1.0))
    assert silent < 0.02 * levels[-1]


@pytest.mark.parametrize("bearing", [0.0, 60.0, 135.0, -90.0])
def test_delays_between_microphones_agree_with_geometry(bearing: float) -> None:
    angle = math.radians(bearing)
    place = (1.6 * math.cos(angle), 1.6 * math.sin(angle), 1.0)
    responses = Echoes(ROOM, POSITIONS).at(place)
    # The direct sound alone: the first ten milliseconds or so.
    first = responses[:, :140]
    spectrum = np.fft.rfft(first, 4096)
    for one, other in ((0, 3), (1, 4), (2, 5)):
        source = np.array(place)
        centre = np.array([0.0, 0.0, ROOM.device_height])
        lengths = [np.linalg.norm(source - centre - POSITIONS[k]) for k in (one, other)]
        expected = (lengths[0] - lengths[1]) / 343.0 * RATE
        cross = np.fft.irfft(spectrum[one] * np.conj(spectrum[other]), 4096 * 16)
        lag = int(np.argmax(cross))
        measured = (lag if lag < len(cross) / 2 else lag - len(cross)) / 16
        assert measured == pytest.approx(expected, abs=0.35)


def test_echoes_decay_in_about_the_time_asked_for() -> None:
    response = Echoes(ROOM, POSITIONS).at((2.0, 0.4, 1.4))[0].astype(np.float64)
    decay = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2))
    begin, end = np.argmax(decay < -5.0), np.argmax(decay < -20.0)
    rt60 = 4.0 * (end - begin) / RATE
    assert rt60 == pytest.approx(ROOM.rt60, rel=0.35)


def test_a_turning_head_is_heard() -> None:
    quiet = level(listen(Stage(end=0.0), 1.0))
    slow = level(listen(Stage(end=0.0), 1.0, velocity_at=lambda _t: 30.0))
    fast = level(listen(Stage(end=0.0), 1.0, velocity_at=lambda _t: 90.0))
    assert quiet < slow < fast


def test_a_voice_activity_detector_takes_the_voices_for_speech() -> None:
    for seed in range(3):
        sound = np.clip(talk(8.0, seed) * 0.08, -1.0, 1.0).astype(np.float32)
        detector = SileroVoice()
        chunks = sound[: len(sound) // 512 * 512].reshape(-1, 512)
        share = np.mean([detector.probability(chunk) > 0.5 for chunk in chunks])
        assert share > 0.7, voice(seed)


def test_synthesis_repeats_and_has_the_level_it_says() -> None:
    one, same = synthesise(2.0, voice(1), 1), synthesise(2.0, voice(1), 1)
    assert np.array_equal(one, same)
    assert len(one) == 2 * RATE
    assert np.sqrt(np.mean(programme(4.0, 1) ** 2)) == pytest.approx(1.0, rel=0.01)


def test_a_wake_word_is_announced_once_after_its_last_sample() -> None:
    world = Stage(40.0, 1.5, SoundContent.WAKE_WORD, 0.5, 1.4)
    microphones = SimulatedMicrophones(world, POSITIONS)
    microphones.open()
    spotter = microphones.wake_word_spotter("okay_nabu")
    heard = [spotter.listen(microphones.read().samples[0]) for _ in range(80)]
    spotted = [s for s in heard if s is not None]
    assert len(spotted) == 1
    assert spotted[0].word == "okay_nabu"
    assert spotted[0].start / RATE == pytest.approx(0.5, abs=0.05)
    assert spotted[0].end / RATE == pytest.approx(1.4, abs=0.05)


class Loudness:
    """A voice where it is loud."""

    def probability(self, chunk: npt.NDArray[np.float32]) -> float:
        return float(np.sqrt(np.mean(np.square(chunk))) > 0.002)

    def reset(self) -> None:
        pass


@pytest.mark.parametrize("start", [1.0, 12.0])
def test_a_wake_word_is_heard_as_it_ends_however_long_it_was_quiet_before(start: float) -> None:
    world = Stage(40.0, 1.5, SoundContent.WAKE_WORD, start, start + 0.9)
    microphones = SimulatedMicrophones(world, POSITIONS)
    microphones.open()
    spotters = Spotters(microphones.wake_word_spotter("okay_nabu"))
    ear = Ear(load_array("respeaker_6"), voice=Loudness(), wake_word=spotters)
    words = []
    for _ in range(round((start + 10.0) * RATE / 512)):
        block = microphones.read()
        words += [(block.t, heard.t) for heard in ear.listen(block) if heard.wake_word]
    ((told, about),) = words
    assert told == pytest.approx(start + 0.9, abs=0.1)
    assert about == pytest.approx(start + 0.45, abs=0.2)


@pytest.mark.parametrize("closed", [False, True])
def test_a_word_that_nobody_listened_to_is_not_heard_later(closed: bool) -> None:
    world = Stage(40.0, 1.5, SoundContent.WAKE_WORD, 0.5, 1.4)
    microphones = SimulatedMicrophones(world, POSITIONS)
    microphones.open()
    spotter = microphones.wake_word_spotter("okay_nabu")
    for _ in range(round((1.0 if closed else 5.0) * RATE / 512)):
        microphones.read()
    if closed:
        microphones.close()
        microphones.open()
        world.end = 0.0
    for _ in range(60):
        assert spotter.listen(microphones.read().samples[0]) is None


def test_without_pyroomacoustics_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(UserError, match=r"heliotrope\[sim\]"):
        SimulatedMicrophones(Stage(), POSITIONS)
