"""Are the channels in the array's order: do their delays fit a wave, would they with two swapped?

A wave from anywhere reaches the microphones in a pattern that only their own
places explain. One stretch says little in a room; what a dozen of them say
together tells two swapped plugs, if they are not all from one place: a wall
beside somebody who stays there bends each of them alike. A swap that only
mirrors the array (opposite corners of a square) mirrors directions, and cannot
be told from this.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.delays import delays
from engine.ports import Samples

Numbers = npt.NDArray[np.float64]

REMEMBERED = 12
"""Stretches that are judged together."""
FEWEST = 3
"""Stretches that can accuse anybody, unless one is plain."""
MISFIT, PLAIN = 0.06, 0.15
"""Root mean square misfit, as a share of the array's longest delay: of several stretches in the
median, and of one, from which something is wrong. In 180 mixtures of simulated rooms no single
stretch of a sound array came to 0.13; of 200 dozens of them none was accused, of 200 with two
microphones swapped all were."""
APART = 1.0
"""Between unit vectors along two waves, from which they are from different places: 60 degrees. An
echo has drawn one talker's by 47."""
EACH = 2
"""Stretches from each of two places; and that are plain by half."""
BETTER, MUCH_BETTER = 0.5, 0.2
"""Share of the misfit that is left when the accused two are swapped; what makes a stretch that
misfits by half of `PLAIN` plain as well, if it is not the only one."""
ALIKE = 0.3
"""Mean likeness of the channels below which a stretch says nothing."""
SELDOM = 8
"""Once an array has been found in order, only every so many stretches are looked at."""


class ChannelOrder:
    """Watches one array; `look` at every stretch of speech."""

    def __init__(self, array: MicrophoneArray) -> None:
        count = array.channels
        self._orders = [list(range(count))]
        for i, j in combinations(range(count), 2):
            order = list(range(count))
            order[i], order[j] = j, i
            self._orders.append(order)
        places = array.positions - array.positions.mean(axis=0)
        across, sizes, _ = np.linalg.svd(places, full_matrices=False)
        self._waves = across[:, sizes > 1e-3]
        self._slowness = sizes[sizes > 1e-3] / SPEED_OF_SOUND
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        self._longest = float(apart.max()) / SPEED_OF_SOUND
        # With no more microphones than dimensions any delays are some wave's; and around a case
        # sound bends, so that delays are not those of the places alone.
        self._blind = count <= self._waves.shape[1] + 1 or array.sphere is not None
        self._seen: deque[tuple[Numbers, Numbers]] = deque(maxlen=REMEMBERED)
        """Of the last stretches, the misfits in each order and the delays."""
        self._skipped = 0
        self.swapped: tuple[tuple[int, int], ...] = ()
        self.strange = False

    @property
    def problem(self) -> str | None:
        """What is wrong, for people; None where nothing is known to be."""
        remedy = "run heliotrope calibrate microphones"
        if self.swapped:
            names = ", or ".join(f"{i} and {j}" for i, j in self.swapped)
            return f"microphones {names} seem to be swapped (counted from 0): {remedy}"
        if self.strange:
            return (
                f"the microphones' delays do not fit the array: check microphones.array, {remedy}"
            )
        return None

    def look(self, stretch: Samples) -> bool:
        """Whether (microphones, n) may be located: nothing contradicts the array's order."""
        if self._blind or self._resting():
            return True
        late, like = delays(stretch, 1.2 * self._longest)
        if float(like.mean()) < ALIKE:
            return self.problem is None
        misfits = np.array([self._misfit(late[order]) for order in self._orders])
        self._seen.append((misfits, late))
        several = np.median([seen for seen, _ in self._seen], axis=0)
        enough = len(self._seen) >= FEWEST
        plain = _plain(misfits)
        # An echo can make one stretch nearly plain, but hardly two.
        sure = misfits[0] > PLAIN or (plain and sum(_plain(m) for m, _ in self._seen) >= EACH)
        judged = misfits if sure else several
        accusable = sure or (enough and several[0] > MISFIT and self._everywhere(several))
        self.swapped = self._better(judged) if accusable else ()
        self.strange = enough and bool(several[0] > PLAIN) and not self.swapped
        return self.problem is None and not plain

    def _resting(self) -> bool:
        in_order = len(self._seen) == REMEMBERED and self.problem is None
        self._skipped = (self._skipped + 1) % SELDOM
        return in_order and self._skipped != 0

    def _everywhere(self, several: Numbers) -> bool:
        """Whether misfits come from two places at least; what was accused by them stands."""
        if self.swapped:
            return True
        order = self._orders[1 + int(np.argmin(several[1:]))]
        # A swap bends directions, too: they are those that the better order gives.
        waves = np.array([self._wave(late[order]) for m, late in self._seen if m[0] > MISFIT])
        apart = np.linalg.norm(waves[:, None] - waves[None], axis=2) >= APART
        return int((apart.sum(axis=1) >= EACH).sum()) >= EACH

    def _wave(self, late: Numbers) -> Numbers:
        """A vector along the wave that explains these delays best; of length 1 if it is level."""
        return np.asarray(self._waves.T @ (late - late.mean()) / self._slowness)

    def _better(self, misfits: Numbers) -> tuple[tuple[int, int], ...]:
        """Which two would explain it; more than one pair where the array is its own mirror."""
        best = float(misfits[1:].min())
        if best >= BETTER * misfits[0]:
            return ()
        alike = best + 0.1 * (misfits[0] - best)
        pairs = combinations(range(len(self._orders[0])), 2)
        return tuple(pair for pair, m in zip(pairs, misfits[1:], strict=True) if m <= alike)

    def _misfit(self, late: Numbers) -> float:
        """What no wave explains of these delays, as a share of the longest one."""
        late = late - late.mean()
        rest = late - self._waves @ (self._waves.T @ late)
        return float(np.sqrt(np.mean(np.square(rest)))) / self._longest


def _plain(misfits: Numbers) -> bool:
    half = 2.0 * misfits[0] > PLAIN and misfits[1:].min() < MUCH_BETTER * misfits[0]
    return bool(misfits[0] > PLAIN or half)
