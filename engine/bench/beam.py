"""How much a beam helps: SI-SDR beside the best single microphone and delay-and-sum.

Simulated rooms (`hearing_scenes`), a talker, noise from all around or a
television. The aim is what the talker's direct sound and the first 50 ms of
echoes were at the microphone; the beam is pointed as it is in the product, by
the ear's decisions one after another, so that their errors count and when they
come. Takes minutes; nothing calls it but script/measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.hearing_scenes import (
    MEASURING,
    Sound,
    convolve,
    diffuse,
    layout,
    programme,
    room_responses,
    utterance,
)
from engine.hearing.arrays import MicrophoneArray, load_array
from engine.hearing.beam import Beam, si_sdr
from engine.hearing.ear import Ear, voice_heard
from engine.hearing.spectra import FRAME, RATE
from engine.hearing.speech import SileroVoice, VoiceActivity
from engine.loops.beaming import Beaming
from engine.ports import AudioBlock

Progress = Callable[[str], None]

SEED = 90_210
SCENES = 60
PRE_ROLL, SPEECH = 2.0, 4.5
SETTLING = 1.5
"""Seconds of speech that are not scored: its direction and the voice's own field are learned."""
EARLY = 0.05
"""Seconds of a room's response that help to understand speech rather than blur it."""
BLOCK = 512
CONDITIONS: dict[str, tuple[float, float | None]] = {
    "SNR 10": (10.0, None),
    "SNR 0": (0.0, None),
    "TV 5 dB below": (20.0, -5.0),
    "TV as loud": (20.0, 0.0),
}
"""Noise from all around in dB below the talker, and a television's level beside the talker's."""


@dataclass(frozen=True, eq=False)
class BeamScene:
    """Parts of unit power at the microphones, (microphones, n); the talker begins at `PRE_ROLL`."""

    azimuth: float
    talker: Sound
    early: Sound
    television: Sound
    noise: Sound


def measure(_data: Path | None, progress: Progress, *, scenes: int = SCENES) -> dict[str, Any]:
    """Median gain in dB over the best single microphone, for RT60 0.4 s and each condition."""
    array = load_array("respeaker_6")
    voice = SileroVoice()
    found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in CONDITIONS}
    for number, scene in enumerate(rendered(array, 0.4, scenes)):
        progress(f"beam: scene {number + 1} of {scenes}")
        for name, (snr, television) in CONDITIONS.items():
            found[name].append(_gains(array, voice, scene, snr, television))
    return {
        "rt60_s": 0.4,
        "array": array.name,
        "voices": MEASURING.record(),
        "conditions": _summary(found),
    }


def _summary(found: dict[str, list[tuple[float, float, float, float]]]) -> dict[str, Any]:
    names = ("best_microphone_db", "delay_and_sum_gain_db", "beam_gain_db", "beam_gain_aimed_db")
    summary = {}
    for name, rows in found.items():
        best = np.array([row[0] for row in rows])
        values = np.array([[row[0], *(v - row[0] for v in row[1:])] for row in rows])
        summary[name] = {
            "scenes": len(best),
            **{n: round(float(np.median(values[:, i])), 1) for i, n in enumerate(names)},
            "beam_gain_worst_tenth_db": round(float(np.percentile(values[:, 2], 10.0)), 1),
        }
    return summary


def rendered(array: MicrophoneArray, rt60: float, scenes: int) -> Iterator[BeamScene]:
    for number in range(scenes):
        yield scene(array, rt60, number)


def scene(array: MicrophoneArray, rt60: float, number: int) -> BeamScene:
    rng = np.random.default_rng((SEED, number))
    size, device, places, azimuths = layout(rng)
    spots = device + array.positions
    responses = room_responses(rng, size, spots, places, rt60, array.positions)
    onset, count = int(PRE_ROLL * RATE), int((PRE_ROLL + SPEECH) * RATE)
    dry = np.pad(utterance(rng, SPEECH), (onset, 0))
    first = np.argmax(np.abs(responses[0]), axis=1).min()
    early = responses[0][:, : int(first + EARLY * RATE)]
    whole = convolve(responses[0], dry)[:, :count]
    level = float(np.sqrt(np.mean(np.square(whole[:, onset:]))))
    television = convolve(responses[1], programme(rng, PRE_ROLL + SPEECH + 1.0))
    television = television[:, RATE // 2 : RATE // 2 + count]
    television /= float(np.sqrt(np.mean(np.square(television))))
    return BeamScene(
        azimuths[0],
        whole / np.float32(level),
        convolve(early, dry)[:, :count] / np.float32(level),
        television,
        diffuse(rng, count, array.positions),
    )


def _gains(
    array: MicrophoneArray,
    voice: VoiceActivity,
    scene: BeamScene,
    snr: float,
    television: float | None,
) -> tuple[float, float, float, float]:
    """SI-SDR in dB: best microphone, delay-and-sum, the beam, the beam with the true direction."""
    mixed = scene.talker + np.float32(10.0 ** (-snr / 20.0)) * scene.noise
    if television is not None:
        mixed = mixed + np.float32(10.0 ** (television / 20.0)) * scene.television
    mixed = (0.05 * mixed).astype(np.float32)
    blocks = [mixed[:, i : i + BLOCK] for i in range(0, mixed.shape[1], BLOCK)]
    onset, scored = int(PRE_ROLL * RATE), int((PRE_ROLL + SETTLING) * RATE)
    best = max(si_sdr(mixed[i, scored:], scene.early[i, scored:]) for i in range(array.channels))
    ours, pointed = as_in_the_product(array, voice, blocks)
    plain = through(Beam(array, adaptive=False), blocks, pointed)
    known = [(scene.azimuth, BLOCK * i >= onset) for i in range(len(blocks))]
    aimed = through(Beam(array), blocks, known)
    reference = scene.early[0, scored : len(ours)]
    summed, beam, true = (si_sdr(made[scored:], reference) for made in (plain, ours, aimed))
    return best, summed, beam, true


class _Kept:
    """A `ports.SoundSink` that keeps it all."""

    def __init__(self) -> None:
        self.pieces: list[Sound] = []

    def write(self, samples: Sound) -> None:
        self.pieces.append(samples)

    def close(self) -> None:
        pass


def as_in_the_product(
    array: MicrophoneArray, voice: VoiceActivity, blocks: list[Sound]
) -> tuple[Sound, list[tuple[float | None, bool]]]:
    """What `Beaming` makes of `blocks`, its delay taken off; for each of them, where the beam
    pointed and whether it was taken for speech."""
    ear, beam, sink = Ear(array, voice=voice), Beam(array), _Kept()
    beaming = Beaming(ear, beam, sink, lambda _: None)
    pointed = []
    for number, block in enumerate(blocks):
        heard = beaming.listen(AudioBlock(number * BLOCK / RATE, block))
        pointed.append((beam.azimuth, ear.speaking))
        for decision in heard:
            beaming.noticed(voice_heard(decision, None))
    return np.concatenate(sink.pieces)[FRAME:], pointed


def through(beam: Beam, blocks: list[Sound], pointed: Sequence[tuple[float | None, bool]]) -> Sound:
    """What `beam` makes of `blocks` when it is told so much of each, its delay taken off."""
    made = []
    for block, (azimuth, speech) in zip(blocks, pointed, strict=True):
        beam.aim(azimuth)
        made.append(beam.process(block, speech=speech))
    return np.concatenate(made)[FRAME:]
