"""Alarms and breaking glass, heard and not heard: `script/measure alarm_sounds`.

Synthesised alarms in rooms and noise: how many are told, how soon after they began, and
how far off the bearing is. Real speech and real music, as loud as a television: how many
false alarms an hour. Recordings of Debian's Asterisk packages; without them only the first.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.bench import alarm_sounds_made as made
from engine.bench.hearing_scenes import SOUNDS
from engine.core.angles import difference
from engine.core.types import Event, SoundHeard
from engine.hearing.alarm_sounds import CO, CRASH, SMOKE, AlarmSounds
from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray, load_array
from engine.hearing.ear import Heard
from engine.loops.alarm_listening import AlarmListening
from engine.ports import AudioBlock

ARRAY = "respeaker_6"
BLOCK = 512
TRIALS = 20
ROOMS = (0.0, 0.3, 0.6)  # s of RT60
NOISES = (30.0, 20.0, 10.0)  # dB of the sound above pink noise
LEVEL = 0.5  # of full scale
KINDS = {SMOKE: made.smoke, CO: made.carbon_monoxide, CRASH: made.glass}
LANGUAGES = ("en_US_f_Allison", "ru_RU_f_IvrvoiceRU")

Progress = Callable[[str], None]
Mono = npt.NDArray[np.float32]


class Deaf:
    """An ear that hears no voices."""

    def listen(self, _: AudioBlock) -> list[Heard]:
        return []

    def finish(self) -> list[Heard]:
        return []

    def forget(self) -> None:
        pass

    def problems(self) -> tuple[str, ...]:
        return ()


def heard(sound: Mono) -> list[tuple[str, float]]:
    """Kinds and moments (s) of what is told of one channel."""
    detector, found = AlarmSounds(), []
    for k in range(0, len(sound), BLOCK):
        told = detector.listen(sound[k : k + BLOCK])
        found += [(one.kind, (k + BLOCK) / made.RATE) for one in told]
    return found


def recall(kind: str, reverberation: float, decibels: float, count: int) -> dict[str, Any]:
    told, others, moments = 0, 0, []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        sound = KINDS[kind](rng)
        if reverberation:
            sound = made.in_a_room(sound, rng, reverberation)
        noisy = LEVEL * made.with_noise(sound, made.pink(rng, 5.0), decibels)
        found = heard(noisy.astype(np.float32))
        mine = [t for k, t in found if k == kind]
        told += bool(mine)
        others += any(k != kind for k, _ in found)
        begins = float(np.flatnonzero(np.abs(sound) > 0.05)[0]) / made.RATE
        moments += [mine[0] - begins] if mine else []
    return {
        "rt60_s": reverberation,
        "snr_db": decibels,
        "told": told,
        "of": count,
        "taken_for_another": others,
        "after_s": round(float(np.median(moments)), 2) if moments else None,
    }


def from_afar(array: MicrophoneArray, sound: Mono, azimuth: float) -> npt.NDArray[np.float32]:
    """A plane wave at every microphone."""
    towards = np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth)), 0.0])
    lead = array.positions @ towards / SPEED_OF_SOUND
    hertz = np.fft.rfftfreq(len(sound), 1.0 / made.RATE)
    shifted = np.fft.rfft(sound)[None] * np.exp(2j * np.pi * hertz * lead[:, None])
    return np.asarray(np.fft.irfft(shifted, len(sound), axis=1), np.float32)


def bearings(kind: str, count: int) -> dict[str, Any]:
    """How far off, in degrees, in an open field with a hiss 40 dB below."""
    array, errors, none = load_array(ARRAY), [], 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        sound, azimuth = KINDS[kind](rng), float(rng.uniform(-180.0, 180.0))
        waves = LEVEL * from_afar(array, sound, azimuth)
        waves += 0.004 * rng.standard_normal(waves.shape)
        told: list[Event] = []
        ear = AlarmListening(Deaf(), array, told.append)
        for k in range(0, waves.shape[1] - BLOCK, BLOCK):
            block = waves[:, k : k + BLOCK].astype(np.float32)
            ear.listen(AudioBlock(k / made.RATE, block))
        found = [e for e in told if isinstance(e, SoundHeard) and e.kind == kind]
        if found and found[0].bearing is not None:
            errors.append(abs(difference(found[0].bearing, azimuth)))
        else:
            none += 1
    return {
        "of": count,
        "without": none,
        "median_deg": round(float(np.median(errors)), 1) if errors else None,
        "worst_deg": round(max(errors), 1) if errors else None,
    }


def recordings(folder: Path) -> Iterator[Mono]:
    """Each g722 file as 16 kHz mono in [-1, 1], as loud as it may be."""
    for file in sorted(folder.glob("*.g722")):
        command = ["ffmpeg", "-v", "error", "-f", "g722", "-i", str(file), "-f", "f32le"]
        raw = subprocess.run(
            [*command, "-ac", "1", "-ar", str(made.RATE), "-"], capture_output=True, check=True
        ).stdout
        sound = np.frombuffer(raw, np.float32)
        if len(sound):
            yield np.asarray(sound / max(1e-6, float(np.abs(sound).max())), np.float32)


def false_alarms(folder: Path, progress: Progress, most_minutes: float = 60.0) -> dict[str, Any]:
    """With half a second of a quiet room between recordings, which makes every start sudden."""
    if not any(folder.glob("*.g722")):
        return {"missing": "apt install asterisk-core-sounds-en-g722 asterisk-moh-opsound-g722"}
    rng, detector = np.random.default_rng(0), AlarmSounds()
    seconds, found = 0.0, []
    for sound in recordings(folder):
        whole = np.concatenate([LEVEL * sound, np.zeros(made.RATE // 2, np.float32)])
        whole = whole + 1e-4 * rng.standard_normal(len(whole))
        for k in range(0, len(whole), BLOCK):
            block = whole[k : k + BLOCK].astype(np.float32)
            found += [one.kind for one in detector.listen(block)]
        seconds += len(whole) / made.RATE
        progress(f"{folder.name}, {seconds / 60.0:.0f} min, {len(found)} false alarms")
        if seconds > 60.0 * most_minutes:
            break
    counts = {kind: found.count(kind) for kind in KINDS}
    return {"minutes": round(seconds / 60.0, 1), "false_alarms": counts}


def processor_share() -> float:
    """Seconds of processor for a second of sound."""
    sound = made.pink(np.random.default_rng(1), 20.0)
    begun = time.process_time()
    heard(sound)
    return round((time.process_time() - begun) / 20.0, 4)


def measure(_data: Path | None, progress: Progress, count: int = TRIALS) -> dict[str, Any]:
    figures: dict[str, Any] = {"processor_share": processor_share()}
    for kind in KINDS:
        progress(kind)
        figures[kind] = {
            "in_rooms": [recall(kind, room, snr, count) for room in ROOMS for snr in NOISES],
            "bearing": bearings(kind, count),
        }
    figures["speech"] = {
        name: false_alarms(SOUNDS / "sounds" / name, progress) for name in LANGUAGES
    }
    figures["music"] = false_alarms(SOUNDS / "moh", progress)
    return figures
