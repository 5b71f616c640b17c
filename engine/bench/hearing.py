"""Accuracy of hearing beside open localisers, in simulated and in measured rooms.

`measure` runs the same mixtures through ours, pyroomacoustics' SRP-PHAT and
its NormMUSIC, and reports the share within 10 and beyond 30 degrees. Seeds
are not those that anything was tuned on. Takes minutes; nothing calls it but
script/measure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.hearing_rivals import NAMES, Rival
from engine.bench.hearing_scenes import (
    PRE_ROLL,
    Sound,
    convolve,
    diffuse,
    programme,
    prompt_files,
    scene,
    utterance,
)
from engine.core.angles import difference
from engine.core.types import SoundKind
from engine.errors import UserError
from engine.hardware.wav import WavReader
from engine.hearing.arrays import MicrophoneArray, load_array, make_array
from engine.hearing.directions import Localiser, Location
from engine.hearing.ear import Ear
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock

Progress = Callable[[str], None]
Cell = dict[str, Any]

SEED = 20_261
ONSET = int(PRE_ROLL * RATE)
GUARD = int(0.05 * RATE)
"""Samples before speech that count neither as background nor as speech."""
ROOMS = (0.2, 0.4, 0.7)
MIXTURES: dict[str, dict[str, float]] = {
    "SNR 20": {"snr": 20.0},
    "SNR 10": {"snr": 10.0},
    "SNR 0": {"snr": 0.0},
    "TV 0": {"snr": 20.0, "television": 0.0},
    "TV -5": {"snr": 20.0, "television": 5.0},
}
ROOM_RESPONSES = make_array(
    "room_responses",
    [
        [0.0468, 0.0, 0.0],
        [-0.0468, 0.0, 0.0],
        [0.0, 0.0335, 0.0335],
        [0.0, -0.0335, 0.0335],
        [0.0, 0.0335, -0.0335],
        [0.0, -0.0335, -0.0335],
        [0.0, 0.0, 0.0],
    ],
)
"""The seven microphones of ../shared/data/room_responses (its README)."""


class Contest:
    """Ours and its rivals on one array; errors are kept by cell."""

    def __init__(self, array: MicrophoneArray) -> None:
        self._localiser = Localiser(array)
        self._rivals = {name: Rival(name, array) for name in NAMES}
        self._pairs = {name: Rival(name, array, sources=2) for name in NAMES}
        self.errors: dict[str, dict[str, list[float]]] = {}
        self.confidences: list[tuple[float, bool]] = []

    def one(self, cell: str, sound: Sound, truth: float) -> None:
        """A talker at `truth` who speaks from `ONSET` on."""
        found = self._ours(sound)
        voices = [d for d in found.directions if d.kind is not SoundKind.MACHINE]
        error = abs(difference(voices[0].azimuth, truth)) if voices else 180.0
        self._note(cell, "heliotrope", error)
        if voices:
            self.confidences.append((voices[0].confidence, error <= 15.0))
        for name, rival in self._rivals.items():
            azimuths = rival.locate(sound[:, ONSET:])
            self._note(cell, name, abs(difference(azimuths[0], truth)) if azimuths else 180.0)

    def two(self, cell: str, sound: Sound, truth: tuple[float, float]) -> None:
        """Two talkers at once: the larger error of the better pairing."""
        found = self._ours(sound)
        voices = [d.azimuth for d in found.directions if d.kind is not SoundKind.MACHINE]
        self._note(cell, "heliotrope", pair_error(voices[:2], truth))
        for name, rival in self._pairs.items():
            self._note(cell, name, pair_error(rival.locate(sound[:, ONSET:])[:2], truth))

    def table(self) -> dict[str, dict[str, Cell]]:
        """Cell -> algorithm -> median error and shares in per cent."""
        return {
            cell: {name: summary(errors) for name, errors in by_name.items()}
            for cell, by_name in self.errors.items()
        }

    def _ours(self, sound: Sound) -> Location:
        background = self._localiser.learn([sound[:, : ONSET - GUARD]])
        return self._localiser.locate(sound[:, ONSET:], background)

    def _note(self, cell: str, name: str, error: float) -> None:
        self.errors.setdefault(cell, {}).setdefault(name, []).append(error)


def pair_error(found: list[float], truth: tuple[float, float]) -> float:
    if len(found) < 2:
        return 180.0
    straight = max(abs(difference(found[0], truth[0])), abs(difference(found[1], truth[1])))
    crossed = max(abs(difference(found[0], truth[1])), abs(difference(found[1], truth[0])))
    return min(straight, crossed)


def summary(errors: list[float]) -> Cell:
    values = np.array(errors)
    return {
        "count": len(errors),
        "median_deg": round(float(np.median(values)), 1),
        "within_10": round(100.0 * float(np.mean(values <= 10.0)), 1),
        "beyond_30": round(100.0 * float(np.mean(values > 30.0)), 1),
    }


def calibration_error(pairs: list[tuple[float, bool]]) -> float:
    """Expected calibration error over ten bins (Naeini 2015): mean |confidence - accuracy|."""
    if not pairs:
        return 0.0
    said, right = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], dtype=float)
    place = np.minimum((said * 10.0).astype(int), 9)
    gaps = [
        abs(said[place == i].mean() - right[place == i].mean()) * np.mean(place == i)
        for i in range(10)
        if (place == i).any()
    ]
    return float(sum(gaps))


def measure(
    data_dir: Path | None, progress: Progress, *, scenes: int = 40, seed: int = SEED
) -> dict[str, Any]:
    """All of it; `scenes` a cell. Raises UserError without the dry voices."""
    if not prompt_files():
        raise UserError(
            "no dry voices to measure hearing with",
            "apt install asterisk-core-sounds-en-g722 asterisk-moh-opsound-g722 ffmpeg",
        )
    result: dict[str, Any] = {"seed": seed, "scenes": scenes}
    simulated = Contest(load_array("respeaker_6"))
    for rt60 in ROOMS:
        for index in range(scenes):
            progress(f"hearing: RT60 {rt60} s, scene {index + 1} of {scenes}")
            _one_room(simulated, rt60, (seed, index))
    result["simulated"] = simulated.table()
    result["calibration_error"] = round(calibration_error(simulated.confidences), 3)
    if data_dir is not None:
        measured = Contest(ROOM_RESPONSES)
        for count, (name, sound, truth) in enumerate(measured_rooms(data_dir, seed)):
            progress(f"hearing: measured rooms, mixture {count + 1}")
            measured.one(name, sound, truth)
        result["measured_rooms"] = measured.table()
        result["recordings"] = recordings(data_dir)
    return result


def _one_room(contest: Contest, rt60: float, seed: tuple[int, int]) -> None:
    room = scene(load_array("respeaker_6"), rt60, seed)
    for name, mixture in MIXTURES.items():
        contest.one(f"RT {rt60} {name}", room.mix(**mixture), room.azimuths[0])
    contest.two(f"RT {rt60} two talkers", room.mix(20.0, second=0.0), room.azimuths)


def measured_rooms(
    data_dir: Path, seed: int, rooms: int = 60
) -> Iterator[tuple[str, Sound, float]]:
    """(cell, sound, azimuth): dry voices and a television through measured responses."""
    rng = np.random.default_rng(seed)
    known = [
        (path, float(found[1]))
        for path in sorted((data_dir / "room_responses").glob("*.wav"))
        if (found := re.search(r"_S(\d{3})-", path.name))
    ]
    for _ in range(rooms):
        path, azimuth = known[rng.integers(len(known))]
        others = [
            p
            for p, a in known
            if p.name.split("_S")[0] == path.name.split("_S")[0]
            and abs(difference(a, azimuth)) >= 35.0
        ]
        talker = convolve(read_wav(path), utterance(rng, 1.0))
        first = int(np.abs(read_wav(path)[0]).argmax())
        voice = np.pad(talker[:, max(0, first - 40) :][:, :RATE], ((0, 0), (ONSET, 0)))
        tv = convolve(read_wav(others[rng.integers(len(others))]), programme(rng, 2.5))
        parts = (voice, tv[:, RATE // 2 :][:, : 2 * RATE], _room_noise(rng))
        level = [float(np.sqrt(np.mean(np.square(p[:, ONSET:])))) for p in parts]
        for name, mixture in MIXTURES.items():
            gains = (1.0, 10.0 ** (mixture.get("television", -200.0) / 20.0))
            gain = (*gains, 10.0 ** (-mixture["snr"] / 20.0))
            mixed = sum(0.05 * g / v * p for g, v, p in zip(gain, level, parts, strict=True))
            yield name, np.asarray(mixed, dtype=np.float32), azimuth


def _room_noise(rng: np.random.Generator) -> Sound:
    around = diffuse(rng, 2 * RATE, ROOM_RESPONSES.positions)
    own = rng.standard_normal(around.shape)
    return np.asarray(np.sqrt(0.9) * around + np.sqrt(0.1) * own, dtype=np.float32)


def recordings(data_dir: Path) -> Cell:
    """The whole ear on the real recordings of one talker at 180 degrees, per decision."""
    errors: list[float] = []
    silent = 0
    for path in sorted((data_dir / "array_recordings" / "a180e20").glob("*/*.wav")):
        sound, ear = read_wav(path), Ear(load_array("respeaker_4"))
        blocks = [
            AudioBlock(i / RATE, sound[:, i : i + 512]) for i in range(0, sound.shape[1], 512)
        ]
        heard = [h for block in blocks for h in ear.listen(block)] + ear.finish()
        silent += sum(not h.directions for h in heard)
        errors += [abs(difference(h.directions[0].azimuth, 180.0)) for h in heard if h.directions]
    return {**summary(errors), "without_direction": silent}


def read_wav(path: Path) -> Sound:
    reader = WavReader(path)
    try:
        return reader.read(1 << 26)
    finally:
        reader.close()
