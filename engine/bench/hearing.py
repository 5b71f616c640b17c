"""Accuracy of hearing beside open localisers, in simulated and in measured rooms.

`measure` runs the same mixtures through ours, ours without its network,
pyroomacoustics' SRP-PHAT and its NormMUSIC (these hear every second scene), on
an array of the training's kind, on five that nothing was trained or tuned on,
through measured responses and on real recordings. Seeds are not those of the
training; speakers: see MEASURING.
Takes long; nothing calls it but script/measure.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.hearing_contest import (
    CLASSICAL,
    ONSET,
    OURS,
    Answer,
    Cell,
    Contest,
    calibration_error,
    gate,
    reliability,
    summary,
    sureness,
    table,
)
from engine.bench.hearing_scenes import (
    MEASURING,
    Sound,
    convolve,
    diffuse,
    programme,
    scene,
    utterance,
)
from engine.bench.kept import Kept
from engine.core.angles import difference
from engine.errors import UserError
from engine.hardware.wav import WavReader
from engine.hearing.arrays import MicrophoneArray, load_array, make_array
from engine.hearing.ear import Ear
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock

Progress = Callable[[str], None]

SEED = 20_261
JOBS = 2
ROOMS = (0.2, 0.4, 0.7)
MIXTURES: dict[str, dict[str, float]] = {
    "SNR 20": {"snr": 20.0},
    "SNR 10": {"snr": 10.0},
    "SNR 0": {"snr": 0.0},
    "TV 0": {"snr": 20.0, "television": 0.0},
    "TV -5": {"snr": 20.0, "television": 5.0},
}
UNSEEN = 5
"""Geometries by chance, of seeds that the training does not reach."""
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


def measure(
    data_dir: Path | None, progress: Progress, *, scenes: int = 400, seed: int = SEED
) -> dict[str, Any]:
    """All of it; `scenes` a cell. Raises UserError without the dry voices."""
    if missing := MEASURING.missing():
        raise UserError(
            f"no dry voices to measure hearing with: {', '.join(missing)}",
            "apt install asterisk-core-sounds-{en,ru}-g722 asterisk-moh-opsound-g722 ffmpeg",
        )
    result: dict[str, Any] = {"seed": seed, "scenes": scenes, "voices": MEASURING.record()}
    with ProcessPoolExecutor(JOBS) as pool:
        # Index before reverberation: what is there after an interruption is a bit of everything.
        work = [(rt60, (seed, index)) for index in range(scenes) for rt60 in ROOMS]
        answers = _gathered(pool, one_room, work, "simulated rooms", progress)
        result |= of_simulation(answers)
        if data_dir is not None:
            inside = partial(measured_room, data_dir)
            numbers = [(seed, index) for index in range(scenes)]
            measured = _gathered(pool, inside, numbers, "measured rooms", progress)
            result["measured_rooms"] = table(measured)
            result["recordings"] = recordings(data_dir)
        elsewhere = [
            (number, rt60, (seed + 1 + number, index))
            for index in range(scenes // UNSEEN)
            for number in range(UNSEEN)
            for rt60 in ROOMS
        ]
        unseen = _gathered(pool, unseen_room, elsewhere, "unseen arrays", progress)
        result["unseen_arrays"] = table(unseen)
    return result


def of_simulation(answers: list[Answer]) -> dict[str, Any]:
    """Figures of the simulated rooms."""
    ours = [a for a in answers if a.algorithm == OURS]
    pairs = sureness(answers)
    return {
        "simulated": table(a for a in answers if not a.cell.endswith("nobody")),
        "gate": gate(
            [a for a in ours if a.cell.endswith("SNR 20")],
            [a for a in ours if a.cell.endswith("two talkers")],
        ),
        "calibration_error": round(calibration_error(pairs), 3),
        "calibration_error_without_network": round(
            calibration_error(sureness(answers, CLASSICAL)), 3
        ),
        "reliability": reliability(pairs),
    }


def _gathered(
    pool: ProcessPoolExecutor,
    answer: Callable[[Any], list[Answer]],
    work: Sequence[Any],
    name: str,
    progress: Progress,
) -> list[Answer]:
    """All answers; those that an interrupted run of the same code left are taken up."""
    folder = answers_folder()
    kept = Kept(folder / f"{name.replace(' ', '-')}.jsonl", folder.name)
    found = kept.all_of(
        pool,
        partial(_plain, answer),
        {repr(item): item for item in work},
        lambda far: progress(f"hearing: {name}, scene {far}"),
    )
    return [Answer(**fields) for part in found for fields in part]


def _plain(answer: Callable[[Any], list[Answer]], item: Any) -> list[dict[str, Any]]:
    return [asdict(a) for a in answer(item)]


def answers_folder() -> Path:
    """Where answers are kept until the code that gave them changes, or the voices do."""
    code = hashlib.sha256(usedforsecurity=False)
    engine = Path(__file__).parent.parent
    for file in sorted([*engine.glob("hearing/**/*.*"), *engine.glob("bench/hearing*.py")]):
        if file.suffix in {".py", ".onnx", ".yaml"}:
            code.update(file.read_bytes())
    code.update(repr(MEASURING.record()).encode())
    work = os.environ.get("HELIOTROPE_WORK")
    base = Path(work) if work else Path.home() / ".cache" / "heliotrope-test"
    folder = base / "measuring" / code.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# ------------------------------------------------------------ simulated rooms


@cache
def _contest(array: MicrophoneArray, rivals: bool) -> Contest:
    return Contest(array, rivals=rivals)


@cache
def _array(name: str) -> MicrophoneArray:
    return load_array(name)


def _with_rivals(seed: tuple[int, int]) -> bool:
    """Whether the rivals hear this scene: every second one, which tells them apart well enough."""
    return seed[1] % 2 == 0


def one_room(work: tuple[float, tuple[int, int]]) -> list[Answer]:
    """Every mixture in the room of this reverberation time and seed."""
    rt60, seed = work
    array = _array("respeaker_6")
    room, contest = scene(array, rt60, seed), _contest(array, _with_rivals(seed))
    answers = []
    for name, mixture in MIXTURES.items():
        answers += contest.one(f"RT {rt60} {name}", room.mix(**mixture), room.azimuths[0])
    both = room.mix(20.0, second=0.0)
    answers += contest.two(f"RT {rt60} two talkers", both, room.azimuths)
    return answers + contest.none(f"RT {rt60} nobody", 0.05 * room.noise)


def unseen_room(work: tuple[int, float, tuple[int, int]]) -> list[Answer]:
    """The same, one talker, on the array of this number; ours with and without the network."""
    number, rt60, seed = work
    array = unseen_array(number)
    room, contest = scene(array, rt60, seed), _contest(array, rivals=False)
    answers = []
    for name, mixture in MIXTURES.items():
        answers += contest.one(f"RT {rt60} {name}", room.mix(**mixture), room.azimuths[0])
    return answers


@cache
def unseen_array(number: int) -> MicrophoneArray:
    """Four to eight microphones anywhere in a device of 12 cm, wide enough in both directions."""
    rng = np.random.default_rng([SEED, 404, number])
    while True:
        places = rng.uniform(-0.06, 0.06, (4 + number % 5, 3)) * (1.0, 1.0, 0.3)
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places))
        across = np.linalg.svd(places[:, :2] - places[:, :2].mean(axis=0))[1]
        if apart.min() > 0.02 and across[1] > 0.05:
            return make_array(f"unseen_{number}", places.tolist())


# ------------------------------------------------------------- measured rooms


def reported(path: Path) -> bool:
    """Whether a file belongs to the half that is reported; nothing is tuned on that one."""
    return hashlib.sha1(path.name.encode(), usedforsecurity=False).digest()[-1] % 2 == 1


@cache
def responses(data_dir: Path, report: bool = True) -> list[tuple[Path, float]]:
    """(file, azimuth in degrees) of measured room responses."""
    return [
        (path, float(found[1]))
        for path in sorted((data_dir / "room_responses").glob("*.wav"))
        if reported(path) == report and (found := re.search(r"_S(\d{3})-", path.name))
    ]


def measured_room(
    data_dir: Path, seed: tuple[int, int], report: bool = True, rivals: bool = True
) -> list[Answer]:
    """Dry voices and a television through two responses of one room."""
    rng = np.random.default_rng(seed)
    known = responses(data_dir, report)
    contest = _contest(ROOM_RESPONSES, rivals and _with_rivals(seed))
    path, azimuth = known[rng.integers(len(known))]
    room = path.name.split("_S")[0]
    others = [
        p for p, a in known if p.name.split("_S")[0] == room and abs(difference(a, azimuth)) >= 35.0
    ]
    talker = convolve(read_wav(path), utterance(rng, 1.0))
    first = int(np.abs(read_wav(path)[0]).argmax())
    voice = np.pad(talker[:, max(0, first - 40) :][:, :RATE], ((0, 0), (ONSET, 0)))
    tv = convolve(read_wav(others[rng.integers(len(others))]), programme(rng, 2.5))
    parts = (voice, tv[:, RATE // 2 :][:, : 2 * RATE], _room_noise(rng))
    level = [float(np.sqrt(np.mean(np.square(p[:, ONSET:])))) for p in parts]
    answers = []
    for name, mixture in MIXTURES.items():
        gains = (1.0, 10.0 ** (mixture.get("television", -200.0) / 20.0))
        gain = (*gains, 10.0 ** (-mixture["snr"] / 20.0))
        mixed = sum(0.05 * g / v * p for g, v, p in zip(gain, level, parts, strict=True))
        answers += contest.one(name, np.asarray(mixed, dtype=np.float32), azimuth)
    return answers


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
