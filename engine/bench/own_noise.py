"""Localising while the head turns: with what was learned of the motor's noise, and without.

Simulated rooms (`hearing_scenes`) with a gear's whine and a rustle that reach
each microphone through the case in its own way, both growing with the speed.
The head turns to and fro for some seconds while nobody speaks, which is when
it learns; then it turns while somebody speaks. The array is on the base or on
the head, where every frame has to be turned back. Nothing calls it but
script/measure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.bench.hearing_contest import summary
from engine.bench.hearing_scenes import (
    MEASURING,
    Sound,
    convolve,
    diffuse,
    layout,
    room_responses,
    utterance,
)
from engine.core.angles import difference
from engine.hearing.arrays import MicrophoneArray, load_array
from engine.hearing.ear import Ear, HeadMotion, Heard
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock

Progress = Callable[[str], None]

SEED = 52_119
SCENES = 40
RT60, SNR = 0.4, 20.0
BLOCK = 512
LEARNING = 8.0
"""Seconds of turning to and fro before anybody speaks."""
REST = 1.5
"""Seconds at rest before each of the two parts."""
SPEECH = 1.5
SPEEDS = (30.0, 60.0, 90.0)
LEVELS = {"motor 5 dB below": -5.0, "motor as loud": 0.0, "motor 5 dB above": 5.0}
"""The motor's level at its speed beside the talker's, at the microphones."""


@dataclass(frozen=True, eq=False)
class Turning:
    """A scene with the head in motion: what is heard, and the head's heading at each sample."""

    sound: Sound
    headings: npt.NDArray[np.float64]
    bearing: float
    onset: float

    def heading_at(self, t: float) -> float:
        """Degrees at `t` seconds from the beginning."""
        return float(self.headings[int(np.clip(t * RATE, 0, len(self.headings) - 1))])

    def velocity_at(self, t: float) -> float:
        return (self.heading_at(t) - self.heading_at(t - 0.02)) / 0.02


def measure(_data: Path | None, progress: Progress, *, scenes: int = SCENES) -> dict[str, Any]:
    """Per place of the array and level of the motor: errors with and without what was learned."""
    array = load_array("respeaker_6")
    figures: dict[str, Any] = {}
    for on_head in (False, True):
        place = f"array on the {'head' if on_head else 'base'}"
        found: dict[str, dict[str, list[float]]] = {
            f"{place}, {level}": {"learned": [], "not_learned": []} for level in LEVELS
        }
        for number in range(scenes):
            progress(f"own noise: {place}, scene {number + 1} of {scenes}")
            scene = rendered(array, number, on_head=on_head)
            for level, decibels in LEVELS.items():
                made = turning(scene, decibels)
                for name, learns in (("learned", True), ("not_learned", False)):
                    found[f"{place}, {level}"][name] += errors(
                        array, made, on_head=on_head, learns=learns
                    )
        for name, both in found.items():
            figures[name] = {kind: summary(degrees) for kind, degrees in both.items()}
    return {
        "rt60_s": RT60,
        "snr_db": SNR,
        "speeds_deg_s": SPEEDS,
        "voices": MEASURING.record(),
        "conditions": figures,
    }


def errors(array: MicrophoneArray, made: Turning, *, on_head: bool, learns: bool) -> list[float]:
    """Degrees of every decision about the talker, 180 where none was sure; world bearings."""
    heading_at = made.heading_at if on_head else None
    motion = HeadMotion(made.velocity_at, heading_at) if learns else None
    ear = Ear(array, voice=_Told(made.onset), axis=motion)
    heard: list[Heard] = []
    for begin in range(0, made.sound.shape[1], BLOCK):
        heard += ear.listen(AudioBlock(begin / RATE, made.sound[:, begin : begin + BLOCK]))
    found = []
    for one in [*heard, *ear.finish()]:
        turn = made.heading_at(one.t) if on_head else 0.0
        best = next(iter(one.directions), None)
        found.append(180.0 if best is None else abs(difference(best.azimuth + turn, made.bearing)))
    return found or [180.0]


class _Told:
    """Stands for the voice detector: where speech is, is not what is measured here."""

    def __init__(self, onset: float) -> None:
        self._onset, self._heard = onset, 0

    def probability(self, chunk: Sound) -> float:
        self._heard += len(chunk)
        return float(self._heard / RATE >= self._onset)

    def reset(self) -> None:
        pass


@dataclass(frozen=True, eq=False)
class TurningScene:
    """Parts at the microphones, (microphones, n), each of level 1 from `onset` (a sample) on."""

    voice: Sound
    noise: Sound
    motor: Sound
    headings: npt.NDArray[np.float64]
    bearing: float
    onset: int


def rendered(array: MicrophoneArray, number: int, *, on_head: bool) -> TurningScene:
    """A room in which the head first turns alone, then while somebody speaks."""
    rng = np.random.default_rng((SEED, number))
    speed = SPEEDS[number % len(SPEEDS)]
    headings = np.concatenate([_to_and_fro(LEARNING, speed), _at_rest(REST), _sweep(speed)])
    onset = len(headings) - int(SPEECH * RATE)
    velocities = np.abs(np.gradient(headings) * RATE)
    bearing, voice, noise = _room(array, rng, headings, onset, turns=on_head)
    motor = motor_noise(rng, array.channels, velocities)
    motor /= np.float32(_level(motor[:, onset:]))
    return TurningScene(voice, noise, motor, headings, bearing, onset)


def turning(scene: TurningScene, decibels: float) -> Turning:
    """The parts together, the motor at so many dB beside the talker."""
    mixed = scene.voice + np.float32(10.0 ** (-SNR / 20.0)) * scene.noise
    mixed += np.float32(10.0 ** (decibels / 20.0)) * scene.motor
    sound = np.asarray(0.05 * mixed, np.float32)
    return Turning(sound, scene.headings, scene.bearing, scene.onset / RATE)


def motor_noise(
    rng: np.random.Generator, channels: int, velocities: npt.NDArray[np.float64]
) -> Sound:
    """Gear whine whose pitch goes with the speed and a rustle, (channels, n), 1 at 90 deg/s.

    Each microphone has its own way through the case: a short random response.
    """
    share = velocities / 90.0
    phase = np.cumsum(velocities) * 9.0 / RATE
    whine = sum(np.sin(2.0 * np.pi * k * phase + k) / k for k in range(1, 9))
    rustle = np.diff(rng.standard_normal(len(velocities) + 1))
    dry = (share * (0.6 * whine + 0.5 * rustle)).astype(np.float32)
    decay = np.exp(-np.arange(64) / 12.0)
    ways = (rng.standard_normal((channels, 64)) * decay).astype(np.float32)
    ways[:, 0] += 2.0
    return np.asarray(convolve(ways, dry)[:, : len(dry)], np.float32)


def _room(
    array: MicrophoneArray,
    rng: np.random.Generator,
    headings: npt.NDArray[np.float64],
    onset: int,
    *,
    turns: bool,
) -> tuple[float, Sound, Sound]:
    """World bearing of the talker, the voice and the noise at the microphones, each of level 1."""
    size, device, places, azimuths = layout(rng)
    steps = np.arange(onset, len(headings), RATE // 20) if turns else np.array([onset])
    dry = utterance(rng, SPEECH)
    total = np.zeros((array.channels, len(headings)), np.float32)
    for index, begin in enumerate(steps):
        # The array stands still for a twentieth of a second, and cross-fades to the next one.
        turned = array.rotated(float(headings[begin]) if turns else 0.0).positions
        responses = room_responses(
            np.random.default_rng((SEED, 7)), size, device + turned, places[:1], RT60, turned
        )
        window = _window(steps, index, len(headings), onset)
        wet = convolve(responses[0], np.asarray(dry * window, np.float32))
        kept = min(wet.shape[1], len(headings) - onset)
        total[:, onset : onset + kept] += wet[:, :kept]
    noise = diffuse(rng, len(headings), array.positions)
    hiss = rng.standard_normal(noise.shape).astype(np.float32)
    noise = (np.sqrt(0.9) * noise + np.sqrt(0.1) * hiss).astype(np.float32)
    return azimuths[0], total / np.float32(_level(total[:, onset:])), noise


def _window(
    steps: npt.NDArray[np.intp], index: int, end: int, onset: int
) -> npt.NDArray[np.float64]:
    """The share of the dry voice that sounds while the array stands as in step `index`."""
    t = np.arange(end - onset) + onset
    if len(steps) == 1:
        return np.ones(len(t))
    width = steps[1] - steps[0]
    share = np.clip(1.0 - np.abs(t - steps[index]) / width, 0.0, 1.0)
    if index == len(steps) - 1:
        share[t >= steps[index]] = 1.0
    return np.asarray(share)


def _to_and_fro(seconds: float, speed: float) -> npt.NDArray[np.float64]:
    """Turns of 60 degrees between which the head rests for 0.4 s."""
    one = np.concatenate([_ramp(60.0, speed), np.full(int(0.4 * RATE), 60.0)])
    back = np.concatenate([60.0 - _ramp(60.0, speed), np.zeros(int(0.4 * RATE))])
    turns = np.concatenate([np.zeros(int(REST * RATE)), *([one, back] * 8)])
    return turns[: int((REST + seconds) * RATE)]


def _at_rest(seconds: float) -> npt.NDArray[np.float64]:
    return np.zeros(int(seconds * RATE))


def _sweep(speed: float) -> npt.NDArray[np.float64]:
    path = _ramp(speed * SPEECH, speed)[: int(SPEECH * RATE)]
    return np.pad(path, (0, max(0, int(SPEECH * RATE) - len(path))), mode="edge")


def _ramp(degrees: float, speed: float) -> npt.NDArray[np.float64]:
    """From 0 to `degrees` at `speed` deg/s, with 0.1 s of getting there and of stopping."""
    gentle = int(0.1 * RATE)
    cruise = max(0, int(degrees / speed * RATE) - gentle)
    velocity = np.concatenate(
        [np.linspace(0, speed, gentle), np.full(cruise, speed), np.linspace(speed, 0, gentle)]
    )
    return np.asarray(np.cumsum(velocity) / RATE)


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))
