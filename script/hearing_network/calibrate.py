"""Fits what `engine.hearing.reading` makes of its maps: the confidence, and when two are rivals.

usage: python -m script.hearing_network.calibrate [SCENES]

Needs the network in place, and the simulated rooms. Prints the constants to
put into reading.py, and how well they do; seeds are neither the training's nor
those that `script/measure hearing` reports.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from engine.bench.hearing import MIXTURES
from engine.bench.hearing_contest import GUARD, ONSET, calibration_error
from engine.bench.hearing_scenes import scene
from engine.core.angles import difference
from engine.hearing.arrays import load_array
from engine.hearing.directions import Localiser
from engine.hearing.reading import Evidence, features, rivalry
from engine.hearing.spectra import RATE
from script.hearing_network.scenes import random_array

SEED = 606
ROOMS = (0.2, 0.4, 0.7)
ARRAYS = ("respeaker_6", "respeaker_4", "random")
RIGHT = 15.0


@dataclass(frozen=True)
class Row:
    """One stretch: features with and without the network, error of each, the strongest rival."""

    cell: str
    learned: tuple[float, ...]
    classical: tuple[float, ...]
    errors: tuple[float, float]
    rival: float
    apart: float


def rows_of(work: tuple[str, float, int]) -> list[Row]:
    name, rt60, index = work
    rng = np.random.default_rng([SEED, index])
    array = random_array(rng) if name == "random" else load_array(name)
    localiser = Localiser(array)
    room = scene(array, rt60, (SEED, index))
    mixes = [(cell, room.mix(**mixture), [room.azimuths[0]]) for cell, mixture in MIXTURES.items()]
    mixes.append(("two talkers", room.mix(20.0, second=0.0), list(room.azimuths)))
    mixes.append(("nobody", 0.05 * room.noise, []))
    rows = []
    for cell, sound, truth in mixes:
        known = localiser.learn([sound[:, : ONSET - GUARD]])
        for seconds in (0.5, 1.0):
            speech = sound[:, ONSET : ONSET + int(seconds * RATE)]
            found = localiser.evidence(speech, known)
            if found is not None:
                rows.append(_row(cell, found, truth))
    return rows


def _row(cell: str, found: Evidence, truth: list[float]) -> Row:
    plain = replace(found, learned=None)
    errors = []
    for evidence in (found, plain):
        best = evidence.peaks[0][0]
        errors.append(min((abs(difference(best, t)) for t in truth), default=180.0))
    apart = abs(difference(*truth)) if len(truth) == 2 else 0.0
    return Row(
        cell,
        features(found),
        features(plain),
        (errors[0], errors[1]),
        rivalry(found),
        apart,
    )


def logistic(inputs: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Offset and weights by Newton's method on standardised inputs, barely regularised."""
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / spread])
    weights = np.zeros(scaled.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-scaled @ weights))
        slope = scaled.T @ (right - chance) - 1e-2 * weights
        bend = (scaled.T * (chance * (1.0 - chance))) @ scaled + 1e-2 * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    plain = weights[1:] / spread
    return np.concatenate([[weights[0] - plain @ mean], plain])


def report(rows: list[Row]) -> Iterator[str]:
    for number, name in enumerate(("learned", "classical")):
        inputs = np.array([getattr(row, name) for row in rows])
        right = np.array([row.errors[number] <= RIGHT for row in rows], float)
        weights = logistic(inputs, right)
        chance = 1.0 / (1.0 + np.exp(-(weights[0] + inputs @ weights[1:])))
        pairs = list(zip(chance.tolist(), (right > 0.5).tolist(), strict=True))
        error = calibration_error(pairs)
        yield f"{name}: {np.round(weights, 2).tolist()}, {len(rows)} rows, error {error:.3f}"
    clear = np.array([row.rival for row in rows if row.cell == "SNR 20"])
    equal = np.array([row.rival for row in rows if row.apart > 40.0])
    for factor in np.arange(0.4, 1.7, 0.1):
        acts, refuses = 100 * np.mean(clear < factor), 100 * np.mean(equal >= factor)
        yield f"RIVAL times {factor:.1f}: acts {acts:.1f} %, refuses {refuses:.1f} %"


def main(scenes: int) -> None:
    work = [(name, rt60, index) for name in ARRAYS for rt60 in ROOMS for index in range(scenes)]
    rows: list[Row] = []
    with ProcessPoolExecutor(2) as pool:
        for number, part in enumerate(pool.map(rows_of, work)):
            rows += part
            print(f"\r{number + 1} of {len(work)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print("\n".join(report(rows)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
