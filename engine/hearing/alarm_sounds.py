"""Sounds that are no voice but matter: smoke and carbon monoxide alarms, breaking glass.

Alarms are told by their rhythm: a smoke alarm's three pulses of half a second and a pause
(T3, ISO 8201 and ANSI S3.41), a carbon monoxide alarm's four short ones and a long pause
(T4, UL 2034 and NFPA 720), each of one steady tone. Breaking glass is told by a sudden,
bright burst out of quiet that rings on and dies away, with hardly a dull sound about it.
One channel at 16 kHz goes in; where it came from is found elsewhere, and nothing here
knows of homes or alerts.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.hearing.spectra import RATE

Mono = npt.NDArray[np.float32]
Power = npt.NDArray[np.floating]

SMOKE, CO, CRASH = "smoke_alarm", "co_alarm", "crash"
HOP, WINDOW = 320, 640
FRAME = HOP / RATE  # s
BIN = RATE / WINDOW  # Hz
SILENT = 1e-12

# ---------------------------------------------------------------- tones and their rhythm
TONES = ((470.0, 570.0), (2500.0, 4600.0))  # Hz: low-frequency sounders, and piezos
HEARD = (400.0, 7600.0)  # Hz that a tone is compared with
TONAL_DB = 15.0  # that a tone stands above the middle of its surroundings
TONAL_SHARE = 0.25  # of all that is heard
SAME_TONE = 60.0  # Hz
PULSE_DB = 9.0  # below the loudest of late that a pulse ends: what echoes on is weaker
LOUDEST_FADES = 1.0  # dB/s
HELD = 2  # frames that a pulse may drop out for
REMEMBERED = 16.0  # s


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`pulses` of `lasts` with `gaps` between, and a `pause` to the next group; low, high in s."""

    kind: str
    pulses: int
    lasts: tuple[float, float]
    gaps: tuple[float, float]
    pause: tuple[float, float]


RHYTHMS = (
    Rhythm(SMOKE, 3, (0.36, 0.70), (0.28, 0.66), (1.15, 2.1)),
    Rhythm(CO, 4, (0.05, 0.19), (0.03, 0.16), (4.0, 6.2)),
)
GROUPS = 2  # of pulses that are heard before anybody is told

# ------------------------------------------------------------------------------ glass
BRIGHT = (3000.0, 7600.0)  # Hz
RISE_DB = 22.0  # above the brightest of the last second
LOUD = 10 ** (-42.0 / 20.0)  # of full scale, in the bright band
ATTACK = 2  # frames from quiet to the peak
LASTING_DB, LASTING = 28.0, 6  # frames within so much of the peak, at least
JUDGED = 45  # frames after the onset
FLAT = 0.25  # spectral flatness of the burst: a tone has none
BRIGHT_SHARE = 0.6  # of what follows the blow, which may be dull
BLOW = 3  # frames of it
MOST_TONAL = 3  # frames of the first twelve that the same tone may rule
DULL = (200.0, 1500.0)  # Hz, where vowels are, before and after: glass has little of it
DULL_DB = 8.0  # below the burst's peak that it must stay
DIED_DB = 14.0  # below the peak at the end


@dataclass(frozen=True, slots=True)
class AlarmSound:
    """`start` and `end` are the samples (counted from the first ever) that tell where it is."""

    kind: str
    start: int
    end: int
    confidence: float


@dataclass(slots=True)
class _Pulse:
    begins: float
    ends: float
    hertz: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """Levels (dB) in the bright and the dull band, the bright one's share and flatness, and the
    frequency of the one tone that rules it, 0 for none."""

    level: float
    share: float
    flatness: float
    dull: float
    hertz: float


class AlarmSounds:
    """`listen` takes sound in order and gives what it completed. A gap wants a new one."""

    def __init__(self) -> None:
        self._window = np.hanning(WINDOW).astype(np.float32)
        hertz = np.arange(WINDOW // 2 + 1) * BIN
        self._heard = (hertz >= HEARD[0]) & (hertz <= HEARD[1])
        self._bright = (hertz >= BRIGHT[0]) & (hertz <= BRIGHT[1])
        self._dull = (hertz >= DULL[0]) & (hertz <= DULL[1])
        self._tones = [np.flatnonzero((hertz >= low) & (hertz <= high)) for low, high in TONES]
        self._frame = 0
        self._rest: Mono = np.zeros(0, np.float32)
        self._pulse: _Pulse | None = None
        self._missing = 0
        self._loudest = -np.inf
        self._pulses: deque[_Pulse] = deque(maxlen=24)
        self._quiet: deque[float] = deque(maxlen=round(1.0 / FRAME))
        self._dull_before: deque[float] = deque(maxlen=round(0.5 / FRAME))
        self._burst: list[_Frame] | None = None
        self._burst_at = 0

    def listen(self, mono: Mono) -> list[AlarmSound]:
        self._rest = np.concatenate([self._rest, mono])
        found: list[AlarmSound] = []
        while len(self._rest) >= WINDOW:
            spectrum = np.fft.rfft(self._rest[:WINDOW] * self._window)
            power = np.square(np.abs(spectrum)) / (WINDOW * WINDOW / 8.0)
            self._rest = self._rest[HOP:]
            self._frame += 1
            hertz, level = self._tone(power)
            found += self._rhythms(hertz, level)
            found += self._glass(power, hertz)
        return found

    @property
    def _now(self) -> float:
        return self._frame * FRAME

    # ------------------------------------------------------------------------ rhythm

    def _rhythms(self, hertz: float, level: float) -> list[AlarmSound]:
        self._loudest -= LOUDEST_FADES * FRAME
        pulse = self._pulse
        loud = hertz > 0.0 and level >= self._loudest - PULSE_DB
        if loud and (pulse is None or abs(hertz - pulse.hertz) <= SAME_TONE):
            self._loudest, self._missing = max(self._loudest, level), 0
            if pulse is None:
                self._pulse = _Pulse(self._now - FRAME, self._now, hertz)
            else:
                pulse.ends = self._now
            return []
        if pulse is None:
            return []
        self._missing += 1
        # A short pulse's own gap is hardly longer than a drop-out of a long one.
        if self._missing <= (HELD if pulse.ends - pulse.begins > RHYTHMS[1].lasts[1] else 1):
            return []
        self._pulse, self._missing = None, 0
        self._pulses.append(pulse)
        if self._now - self._pulses[0].begins > REMEMBERED and len(self._pulses) > 1:
            self._pulses.popleft()
        return self._matched(pulse)

    def _tone(self, power: Power) -> tuple[float, float]:
        """The frequency of the one tone that stands out, and its level in dB; 0 Hz for none."""
        total = float(power[self._heard].sum())
        if total <= SILENT:
            return 0.0, -np.inf
        best = (0.0, -np.inf)
        for bins in self._tones:
            peak = int(bins[np.argmax(power[bins])])
            tone = float(power[peak - 2 : peak + 3].sum())
            around = power[max(8, peak - 40) : peak + 41]
            floor = 5.0 * float(np.median(around)) + SILENT
            stands_out = 10.0 * np.log10(tone / floor) >= TONAL_DB
            if stands_out and tone >= TONAL_SHARE * total:
                level = 10.0 * float(np.log10(tone))
                if level > best[1]:
                    best = (peak * BIN, level)
        return best

    def _matched(self, last: _Pulse) -> list[AlarmSound]:
        for rhythm in RHYTHMS:
            count = GROUPS * rhythm.pulses
            recent = list(self._pulses)[-count:]
            if len(recent) == count and _fits(recent, rhythm):
                self._pulses.clear()
                end = round(last.ends * RATE)
                start = max(round(last.begins * RATE), end - RATE // 2)
                return [AlarmSound(rhythm.kind, start, end, 0.9)]
        return []

    # ------------------------------------------------------------------------- glass

    def _glass(self, power: Power, hertz: float) -> list[AlarmSound]:
        bright = float(power[self._bright].sum())
        level, dull = _decibels(bright), _decibels(float(power[self._dull].sum()))
        share = bright / (float(power[self._heard].sum()) + SILENT)
        frame = _Frame(level, share, self._flatness(power), dull, hertz)
        if self._burst is None:
            before = list(self._quiet)[:-ATTACK]
            sudden = len(before) >= 10 and level - max(before) >= RISE_DB
            self._quiet.append(level)
            if sudden and bright >= LOUD * LOUD:
                self._burst, self._burst_at = [frame], self._frame
            else:
                self._dull_before.append(dull)
            return []
        self._burst.append(frame)
        if len(self._burst) < JUDGED:
            return []
        burst, self._burst = self._burst, None
        before_it = max(list(self._dull_before)[:-BLOW], default=-np.inf)
        self._quiet.extend(f.level for f in burst)
        self._dull_before.extend(f.dull for f in burst)
        if not _is_glass(burst, before_it):
            return []
        start = (self._burst_at - 2) * HOP
        return [AlarmSound(CRASH, max(0, start), start + RATE // 5, 0.8)]

    def _flatness(self, power: Power) -> float:
        """Of the bright band, over groups of bins: 1 for noise, 0 for a tone."""
        bins = power[self._bright]
        groups = bins[: len(bins) // 8 * 8].reshape(-1, 8).mean(axis=1) + SILENT
        return float(np.exp(np.log(groups).mean()) / groups.mean())


def _fits(pulses: list[_Pulse], rhythm: Rhythm) -> bool:
    middle = sorted(p.hertz for p in pulses)[len(pulses) // 2]
    if any(abs(p.hertz - middle) > SAME_TONE for p in pulses):
        return False
    if not all(rhythm.lasts[0] <= p.ends - p.begins <= rhythm.lasts[1] for p in pulses):
        return False
    for n, (a, b) in enumerate(itertools.pairwise(pulses), 1):
        low, high = rhythm.pause if n % rhythm.pulses == 0 else rhythm.gaps
        if not low <= b.begins - a.ends <= high:
            return False
    return True


def _decibels(power: float) -> float:
    return 10.0 * float(np.log10(power + SILENT))


def _is_one_tone(frames: list[_Frame]) -> bool:
    """Whether the same tone rules several of them; each splinter has its own."""
    ruled = [f.hertz for f in frames if f.hertz > 0.0]
    return any(
        sum(abs(hertz - other) <= BIN for other in ruled) > MOST_TONAL for hertz in set(ruled)
    )


def _is_glass(burst: list[_Frame], dull_before: float) -> bool:
    top = max(range(2 * BLOW), key=lambda n: burst[n].level)
    peak = burst[top].level
    ringing = burst[BLOW:20]
    weights = [10.0 ** (f.level / 10.0) for f in ringing]
    share = sum(w * f.share for w, f in zip(weights, ringing, strict=True)) / sum(weights)
    flat = sum(f.flatness for f in burst[top : top + 4]) / 4.0
    dull = max(dull_before, *(f.dull for f in burst[BLOW + 1 :]))
    return (
        peak >= max(f.level for f in burst) - 3.0
        and share >= BRIGHT_SHARE
        and flat >= FLAT
        and not _is_one_tone(burst[: 4 * BLOW])
        and sum(peak - f.level <= LASTING_DB for f in burst) >= LASTING
        and peak - sum(f.level for f in burst[-8:]) / 8.0 >= DIED_DB
        and peak - dull >= DULL_DB
    )
