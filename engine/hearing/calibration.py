"""Calibrating an array: swapped or dead channels, unlike gains, a turned board.

From claps or speech at known places come the delays between all channels;
whatever order of the channels and turn of the board explains them best is
taken, unless another one explains them as well: then it says so, and what to
clap next. Pure numbers; records nothing, stores nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.core.angles import wrap
from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.delays import delays, usable
from engine.hearing.spectra import RATE
from engine.ports import Samples

Numbers = npt.NDArray[np.float64]
Order = tuple[int, ...]

FEWEST = 3
"""Microphones; two have one delay, which any turn of the board explains."""
DEAD_DB = -35.0
"""Power beside the median channel's below which a channel carries nothing."""
GAIN_RANGE_DB = 20.0
"""More than this is no mismatch but a fault."""
HEADROOM_DB = 0.02
"""By which evened out sound stays below what hearing takes for clipped."""
FITS = 4e-5
"""Seconds, root mean square, that delays may miss a geometry by: 14 mm, echoes of a room."""
BETTER = 0.6
"""Share of the misfit as it stands that another order of the channels must come down to."""
RIVAL = 1.25
"""Two orders whose misfits differ by less than this factor cannot be told apart."""
STEP = 1.0
ELEVATIONS = (0.0, 15.0, 30.0, 45.0)
"""Degrees up at which whoever claps may be."""
ALL_ORDERS = 5
"""Microphones up to which every order is tried; more of them: swaps of two or four, mirrored."""
STRAIGHT = 15.0
"""Degrees of turn that the feet of a device explain; a larger one may be a swap in disguise."""
SAME_PLACE = 1e-3
"""Metres within which two microphones are in the same place."""
HEARD_DB = 10.0
"""How far claps or speech must stand out of what was there before and after."""


@dataclass(frozen=True, eq=False)
class Place:
    """A recording, (microphones, n), of claps or speech from `azimuth` degrees."""

    azimuth: float
    samples: Samples


@dataclass(frozen=True, slots=True)
class Correction:
    """What makes the channels of a device be what its array's file says.

    Microphone i of the file is channel `order[i]`, to be multiplied by
    10^(gains_db[i] / 20); channels in `dead` carry nothing. The board is turned
    by `rotation` degrees (counter-clockwise) against the file.
    """

    order: Order
    gains_db: tuple[float, ...]
    dead: tuple[int, ...] = ()
    rotation: float = 0.0

    def apply(self, samples: Samples) -> Samples:
        """(channels, n) as they come to (microphones, n) as they should be; a copy.

        The gains are taken against the greatest of them: what is full scale in
        some channel must not be pushed beyond it in another one.
        """
        alive = [i for i, channel in enumerate(self.order) if channel not in self.dead]
        gains = np.zeros(len(self.order))
        if alive:
            decibels = np.array(self.gains_db)[alive]
            gains[alive] = np.power(10.0, (decibels - decibels.max() - HEADROOM_DB) / 20.0)
        return np.asarray(samples[list(self.order)] * gains[:, None], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `doubts` are sentences for people; with any, nothing should be kept.

    `unseen` are swaps of two channels that would not have shown from these
    places. `misfit_us` is what the delays still miss the geometry by.
    """

    correction: Correction
    misfit_us: float
    unseen: tuple[tuple[int, int], ...] = ()
    doubts: tuple[str, ...] = field(default=())

    @property
    def swapped(self) -> tuple[int, ...]:
        """Channels that are not where the file has them."""
        return tuple(i for i, channel in enumerate(self.correction.order) if i != channel)


def calibrate(array: MicrophoneArray, places: Sequence[Place]) -> Report:
    """The fault that explains `places`. Raises ValueError where they cannot be used at all."""
    if array.channels < FEWEST:
        raise ValueError(
            f"{array.name} has {array.channels} microphones, calibration needs {FEWEST}: "
            "fewer say too little to tell one fault from another"
        )
    for place in places:
        if place.samples.shape[0] != array.channels:
            raise ValueError(
                f"{place.samples.shape[0]} channels, but {array.name} has {array.channels}"
            )
        if place.samples.shape[1] == 0:
            raise ValueError(f"no sound in the recording at {place.azimuth:g} degrees")
    if not places or not all(np.isfinite(p.samples).all() for p in places):
        raise ValueError("no recording, or one with values that are no numbers")
    power = np.array([np.square(_centred(p.samples)).mean(axis=1) for p in places])
    level = 10.0 * np.log10(power / np.maximum(np.median(power, axis=1), 1e-12)[:, None] + 1e-9)
    level = np.asarray(level.mean(axis=0))
    alive = level > DEAD_DB
    quiet = [place.azimuth for place in places if not usable(place.samples[alive], HEARD_DB)]
    if quiet or alive.sum() < FEWEST:
        wanted = ", ".join(f"{a:g}" for a in quiet)
        why = f"nothing stands out at {wanted} degrees" if quiet else "too few channels carry sound"
        return Report(_as_it_is(array, alive, level), 0.0, doubts=(f"{why}: clap louder, nearer",))
    return _explained(array, places, alive, level)


def _explained(
    array: MicrophoneArray, places: Sequence[Place], alive: npt.NDArray[np.bool_], level: Numbers
) -> Report:
    kept = array.positions[alive]
    measured, deaf = _measured(places, alive, array.span)
    if deaf:
        # It hears something, but not what the others hear: a loopback, or hum.
        still = alive.copy()
        still[np.flatnonzero(alive)[deaf]] = False
        return _explained(array, places, still, level)
    fits = _fits(kept, np.array([p.azimuth for p in places]), measured)
    best, doubts = _choice(fits, len(kept))
    order, (misfit, rotation) = best, fits[best]
    if misfit > FITS:
        doubts = (
            *doubts,
            f"the delays fit no order of the channels (off by {misfit * 1e6:.0f} microseconds): "
            "is it the right array, and the right place?",
        )
    living = np.flatnonzero(alive)
    full = list(range(array.channels))
    for spot, channel in zip(living, order, strict=True):
        full[int(spot)] = int(living[channel])
    correction = Correction(
        tuple(full),
        tuple(_gain(level[channel], bool(alive[channel])) for channel in full),
        tuple(int(i) for i in np.flatnonzero(~alive)),
        rotation,
    )
    unseen = tuple(
        (int(living[a]), int(living[b]))
        for a, b in itertools.combinations(range(len(kept)), 2)
        if (other := fits.get(_swap(order, a, b))) and other[0] <= RIVAL * max(misfit, FITS / 4.0)
    )
    return Report(correction, misfit * 1e6, unseen, doubts)


def _measured(
    places: Sequence[Place], alive: npt.NDArray[np.bool_], span: float
) -> tuple[Numbers, list[int]]:
    """Arrival times (places, living) in seconds around their mean, and which do not belong."""
    longest = span / SPEED_OF_SOUND + 2.0 / RATE
    found = [delays(_centred(place.samples[alive]), longest) for place in places]
    likeness = np.mean([like for _, like in found], axis=0)
    deaf = [int(i) for i in np.flatnonzero(likeness < 0.35 * np.median(likeness))]
    # The correlations say nothing where most do not belong; then all are kept, and misfit.
    return np.array([times for times, _ in found]), deaf if len(likeness) - len(
        deaf
    ) >= FEWEST else []


def _fits(kept: Numbers, azimuths: Numbers, measured: Numbers) -> dict[Order, tuple[float, float]]:
    """For each order of the channels: misfit in seconds, and the turn that gives it, degrees."""
    turns = np.arange(-180.0, 180.0, STEP)
    squares = []
    for elevation in ELEVATIONS:
        # A board turned by r hears a voice from a as the file's array does one from a - r.
        seen = np.radians(azimuths[None] - turns[:, None])
        flat = math.cos(math.radians(elevation))
        towards = np.stack([flat * np.cos(seen), flat * np.sin(seen)], axis=2)
        times = -(towards @ kept[:, :2].T) / SPEED_OF_SOUND
        times -= times.mean(axis=2, keepdims=True)
        # (turns, places, microphone, channel)
        squares.append(np.square(times[:, :, :, None] - measured[None, :, None, :]).sum(axis=1))
    cost = np.stack(squares)
    number = len(kept)
    found: dict[Order, tuple[float, float]] = {}
    for order in orders(number):
        if _only_turns(kept, order):
            continue
        total = cost[:, :, np.arange(number), list(order)].sum(axis=2).min(axis=0)
        turn = int(total.argmin())
        misfit = math.sqrt(float(total[turn]) / measured.size)
        found[order] = (misfit, wrap(float(turns[turn])))
    return found


def _only_turns(kept: Numbers, order: Order) -> bool:
    """Whether `order` is the array itself, turned: a ring whose channels begin one further on."""
    if not _moved(order):
        return False
    here = kept[:, :2] - kept[:, :2].mean(axis=0)
    there = here[list(order)]
    one, other = (plane[:, 0] + 1j * plane[:, 1] for plane in (here, there))
    product = np.vdot(one, other)
    turned = one * product / max(abs(product), 1e-12)
    return bool(np.abs(turned - other).max() < SAME_PLACE)


def orders(number: int) -> list[Order]:
    """The orders that are tried, as it stands first, then few moved channels before many."""
    if number <= ALL_ORDERS:
        tried = list(itertools.permutations(range(number)))
    else:
        start = tuple(range(number))
        pairs = list(itertools.combinations(range(number), 2))
        once = [_swap(start, a, b) for a, b in pairs]
        twice = [
            _swap(_swap(start, *first), *second)
            for first, second in itertools.combinations(pairs, 2)
        ]
        mirrored = [tuple((k - i) % number for i in range(number)) for k in range(number)]
        tried = list(dict.fromkeys([start, *once, *twice, *mirrored]))
    return sorted(tried, key=lambda order: sum(i != c for i, c in enumerate(order)))


def _choice(fits: dict[Order, tuple[float, float]], number: int) -> tuple[Order, tuple[str, ...]]:
    """The order to believe: as it stands, unless another one fits clearly better."""
    start = tuple(range(number))
    misfit, turn = fits[start]
    floor = FITS / 4.0
    best = min(fits, key=lambda order: fits[order][0])
    if misfit <= max(fits[best][0] / BETTER, floor):
        straight = [o for o in fits if o != start and _explains(fits[o], misfit)]
        if abs(turn) > STRAIGHT and straight:
            return start, (
                f"either the board is turned by {turn:+.0f} degrees, or channels are swapped: "
                "clap from another place, a quarter of a circle on",
            )
        return start, ()
    rivals = [o for o in fits if o != best and fits[o][0] <= RIVAL * max(fits[best][0], floor)]
    nearest = min((best, *rivals), key=lambda o: (_moved(o), abs(fits[o][1]), fits[o][0]))
    same = [o for o in rivals if o != nearest and _moved(o) <= _moved(nearest)]
    if any(abs(fits[o][1]) <= STRAIGHT for o in same) or abs(fits[nearest][1]) > STRAIGHT:
        return nearest, (
            "channels are swapped, but more than one order explains what was heard: "
            "clap from another place, a quarter of a circle on",
        )
    return nearest, ()


def _explains(fit: tuple[float, float], misfit: float) -> bool:
    """Whether another order says the same without a turned board."""
    return fit[0] <= RIVAL * max(misfit, FITS / 4.0) and abs(fit[1]) <= STRAIGHT


def _moved(order: Order) -> int:
    return sum(i != channel for i, channel in enumerate(order))


def _swap(order: Order, a: int, b: int) -> Order:
    changed = list(order)
    changed[a], changed[b] = changed[b], changed[a]
    return tuple(changed)


def _gain(level: float, alive: bool) -> float:
    """The gain in dB that brings a channel to the median, within reason."""
    return round(float(np.clip(-level, -GAIN_RANGE_DB, GAIN_RANGE_DB)), 1) if alive else 0.0


def _as_it_is(array: MicrophoneArray, alive: npt.NDArray[np.bool_], level: Numbers) -> Correction:
    return Correction(
        tuple(range(array.channels)),
        tuple(_gain(v, bool(a)) for v, a in zip(level, alive, strict=True)),
        tuple(int(i) for i in np.flatnonzero(~alive)),
    )


def _centred(samples: Samples) -> Samples:
    return np.asarray(samples - samples.mean(axis=1, keepdims=True), dtype=np.float32)
