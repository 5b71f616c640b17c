"""Is the polarity of a microphone reversed: does it fall while all others rise?

Of waves that are long beside the array all microphones hear about the same,
wherever they come from, and echoes too. One that is wired the wrong way round
hears the opposite, which no delay explains: directions found with it are wrong.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.spectra import RATE, TINY
from engine.ports import Samples

LOWEST = 100.0
"""Hz from which sound is listened to: below it is mains hum, and the device's own."""
LONG = 0.125
"""Share of a wavelength that the array's longest way may be: microphones are then at most an eighth
of a turn apart in phase, and in sound from everywhere their coherence is 0.9 (Cook 1955)."""
AROUND_SPHERE = 1.5
"""How much later a long wave is on a rigid sphere's far side than through free field (Duda and
Martens 1998: 3 ka instead of 2 ka)."""
BINS = 40
"""Of frequency, that a stretch must have between them; fewer agree by chance."""
TOGETHER = 0.3
"""Correlation from which two microphones rise and fall together, or against each other. Between
independent ones it is 0.13 or less in two stretches of three."""
FEWEST = 3
"""Stretches that accuse the same ones, and none between them that clears, before they are named."""


class Polarity:
    """Watches one array; `look` at every stretch of speech.

    An array of which the longest way is more than 21 cm leaves no octave of such
    waves, and nothing is said about it.
    """

    def __init__(self, array: MicrophoneArray) -> None:
        places = array.positions
        longest = float(np.linalg.norm(places[:, None] - places[None], axis=2).max())
        if array.sphere is not None:
            longest *= AROUND_SPHERE
        self._highest = LONG * SPEED_OF_SOUND / max(longest, 1e-3)
        self._named: tuple[int, ...] = ()
        self._either = False
        self._accused: tuple[int, ...] = ()
        self._times = 0
        self._counted = 0

    @property
    def problem(self) -> str | None:
        """What is wrong, for people; None where nothing is known to be."""
        if not self._named:
            return None
        names = " and ".join(map(str, self._named))
        if self._either:
            told = f"one of microphones {names} has its polarity reversed"
        elif len(self._named) == 1:
            told = f"microphone {names} has its polarity reversed"
        else:
            told = f"microphones {names} each have their polarity reversed"
        wires = "its two wires" if self._either or len(self._named) == 1 else "the wires of each"
        return f"{told} (counted from 0): swap {wires}"

    def look(self, stretch: Samples, alive: npt.NDArray[np.bool_], begins: int) -> bool:
        """Whether (microphones, n) may be located: nothing contradicts it in those `alive`.

        `begins` is the number of its first sample: what is half known already counts for nothing.
        """
        live = np.flatnonzero(alive)
        found = reversed_polarity(stretch[live], self._highest)
        if found is None:
            return self.trusted(alive)
        if not found:
            # Of those that could not be heard it says nothing.
            self._named = tuple(i for i in self._named if not alive[i])
            self._accused, self._times = (), 0
            return True
        self._accuse(tuple(int(live[i]) for i in found), begins, begins + stretch.shape[1])
        if self._times >= FEWEST:
            self._named, self._either = self._accused, len(live) == 2
        return False

    def _accuse(self, microphones: tuple[int, ...], begins: int, ends: int) -> None:
        if microphones != self._accused:
            self._accused, self._times, self._counted = microphones, 0, begins
        if (begins + ends) // 2 >= self._counted:
            self._times, self._counted = self._times + 1, ends

    def trusted(self, alive: npt.NDArray[np.bool_]) -> bool:
        """What is known so far of those `alive`."""
        return not any(alive[i] for i in self._named)


def reversed_polarity(stretch: Samples, highest: float) -> tuple[int, ...] | None:
    """Channels of (microphones, n) that fall while the rest rise, up to `highest` Hz.

    None where that is unclear. Of two, nobody knows which it is: both are named. Of
    two halves the one without the first channel is: to turn over either mends it.
    """
    hertz = np.fft.rfftfreq(max(1, stretch.shape[1]), 1.0 / RATE)
    long = (hertz >= LOWEST) & (hertz <= highest)
    if len(stretch) < 2 or highest < 2.0 * LOWEST or long.sum() < BINS:
        return None
    # A window keeps hum out of other bins; each of them has one voice, however loud it is.
    spectrum = np.fft.rfft(stretch * np.hanning(stretch.shape[1]), axis=1)[:, long]
    unit = spectrum / np.maximum(np.abs(spectrum), TINY)
    like = (unit @ unit.conj().T).real / long.sum()
    if (like > TOGETHER).all():
        return ()
    count, against = len(like), like < -TOGETHER
    if count > 2 and 2 * against[0].sum() == count:
        side = np.where(against[0], -1.0, 1.0)
        if (side[:, None] * like * side > TOGETHER).all():
            return tuple(int(i) for i in np.flatnonzero(against[0]))
    accused = against.sum(axis=1) > (count - 1) / 2
    rest = ~accused
    few = 2 * accused.sum() < count or count == 2
    agreed = (like[np.ix_(rest, rest)] > TOGETHER).all() and against[np.ix_(accused, rest)].all()
    clear = accused.any() and few and agreed
    return tuple(int(i) for i in np.flatnonzero(accused)) if clear else None
