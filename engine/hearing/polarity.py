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
BINS = 40
"""Of frequency, that a stretch must have between them; fewer agree by chance."""
TOGETHER = 0.3
"""Correlation from which two microphones rise and fall together, or against each other. Of
independent ones it is 0.11 at most in two stretches of three."""
FEWEST = 3
"""Stretches in a row that accuse the same ones before they are named."""


class Polarity:
    """Watches one array; `look` at every stretch of speech.

    An array of which the longest way is more than 21 cm leaves no octave of such
    waves, and nothing is said about it.
    """

    def __init__(self, array: MicrophoneArray) -> None:
        places = array.positions
        longest = float(np.linalg.norm(places[:, None] - places[None], axis=2).max())
        self._highest = LONG * SPEED_OF_SOUND / max(longest, 1e-3)
        self._named: tuple[int, ...] = ()
        self._accused: tuple[int, ...] = ()
        self._times = 0
        self._count = array.channels

    @property
    def problem(self) -> str | None:
        """What is wrong, for people; None where nothing is known to be."""
        if not self._named:
            return None
        names = " and ".join(map(str, self._named))
        if self._count == 2:
            told = f"one of microphones {names} has its polarity reversed"
        elif len(self._named) == 1:
            told = f"microphone {names} has its polarity reversed"
        else:
            told = f"microphones {names} have their polarity reversed"
        return f"{told} (counted from 0): swap its two wires"

    def look(self, stretch: Samples, alive: npt.NDArray[np.bool_]) -> bool:
        """Whether (microphones, n) may be located: nothing contradicts it in those `alive`."""
        live = np.flatnonzero(alive)
        found = reversed_polarity(stretch[live], self._highest)
        if found is None:
            return self.trusted(alive)
        accused = tuple(int(live[i]) for i in found)
        self._times = self._times + 1 if accused == self._accused else 1
        self._accused = accused
        if not accused or self._times >= FEWEST:
            self._named = accused
        return not accused and self.trusted(alive)

    def trusted(self, alive: npt.NDArray[np.bool_]) -> bool:
        """What is known so far of those `alive`."""
        return not any(alive[i] for i in self._named)


def reversed_polarity(stretch: Samples, highest: float) -> tuple[int, ...] | None:
    """Channels of (microphones, n) that fall while the rest rise, up to `highest` Hz.

    None where that is unclear. Of two, nobody knows which it is: both are named.
    """
    hertz = np.fft.rfftfreq(max(1, stretch.shape[1]), 1.0 / RATE)
    long = (hertz >= LOWEST) & (hertz <= highest)
    if highest < 2.0 * LOWEST or long.sum() < BINS:
        return None
    # A window keeps hum out of other bins; each of them has one voice, however loud it is.
    spectrum = np.fft.rfft(stretch * np.hanning(stretch.shape[1]), axis=1)[:, long]
    unit = spectrum / np.maximum(np.abs(spectrum), TINY)
    like = (unit @ unit.conj().T).real / long.sum()
    if (like > TOGETHER).all():
        return ()
    count, against = len(like), like < -TOGETHER
    accused = against.sum(axis=1) > (count - 1) / 2
    rest = ~accused
    few = 2 * accused.sum() < count or count == 2
    agreed = (like[np.ix_(rest, rest)] > TOGETHER).all() and against[np.ix_(accused, rest)].all()
    clear = accused.any() and few and agreed
    return tuple(int(i) for i in np.flatnonzero(accused)) if clear else None
