"""The microphones' sound without what sounded before a word: a television, above all.

Whatever a television says, its sound at one microphone follows from that at the others and a
little earlier. Which way it takes through the room is learned from sound older than a word
lasts, so that the word itself is not taken for it (as Huang et al. 2019, "hotword cleaner",
have it); a voice is expected from anywhere, which keeps it from being taken off, too (a
multichannel Wiener filter). What is left at each microphone has gaps of its own, where walls
cancel the voice or the filter erred; their mean power has fewer. It finds no direction, no
voice and no word; `towards` makes it expect the voice from one direction.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import MicrophoneArray
from engine.hearing.spectra import RATE, TINY, Complex, Real
from engine.hearing.steering import coherence_of, diffuse_coherence, plane_wave
from engine.ports import Samples

FRAME, HOP = 1024, 512
"""Samples: 64 ms, for a room answers long."""
DELAY = FRAME - HOP
"""Samples by which the output is late."""
TAPS = 2
"""Frames of every microphone, the newest one included, that the output is made from."""
HELD_BACK = 1.3
"""Seconds: nothing younger is learned from. Longer than a wake word and its network's delay."""
MEMORY = 3.0
"""Seconds over which what was learned is averaged."""
RENEW = 1.0
"""Seconds after which the weights are made anew."""
VOICE = 0.5
"""Power that a voice is expected with, beside what sounded before. Less of it takes off more of a
loud television; more of it keeps more of the voice where there is none."""
AIMED = 0.8
"""Share of a voice's power that comes straight from where it is expected, if that is known; the
rest comes from anywhere, as a room's answer does."""
LOADING = 1e-3
"""Share of the mean power on the diagonal: bounds what microphones that differ can cost."""
_WINDOW: Real = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
_BINS = FRAME // 2 + 1
_PIECE = 8 * HOP
_HERTZ = np.maximum(np.fft.rfftfreq(FRAME, 1.0 / RATE), 1.0)


class Canceller:
    """For two microphones or more. `process` gives mono, `DELAY` late."""

    def __init__(self, array: MicrophoneArray) -> None:
        self._array, self._channels = array, array.channels
        size = self._channels * TAPS
        self._voice = diffuse_coherence(array, _HERTZ)
        """Coherence that is expected of a voice, (bins, channels, channels)."""
        self._learns = True
        self._pending: Samples = np.zeros((self._channels, DELAY), np.float32)
        self._tail: Real = np.zeros(DELAY, np.float32)
        self._before: Complex = np.zeros((self._channels, TAPS - 1, _BINS), np.complex64)
        self._held: deque[Complex] = deque()
        self._due: list[Complex] = []
        self._known: Complex = np.zeros((_BINS, size, size), np.complex64)
        self._frames = 0.0
        self._weights: Complex | None = None
        self._alive = np.ones(self._channels, np.bool_)
        self._renew_in = 0

    def learn(self, samples: Samples) -> None:
        """Samples (channels, n), a multiple of `HOP`, that are only learned from."""
        # In pieces: sound is held back by whole ones.
        for begin in range(0, samples.shape[1], _PIECE):
            self._take(samples[:, begin : begin + _PIECE])

    def process(self, samples: Samples, alive: npt.NDArray[np.bool_] | None = None) -> Real:
        """The next samples (channels, n), a multiple of `HOP`, without what sounded before; mono,
        as many: with the mean power of the microphones that are `alive`, (channels,), None for
        all, and the phase of the first of them."""
        if alive is None or not alive.any():
            alive = np.ones(self._channels, np.bool_)
        stacked = self._take(samples)
        self._renew_in -= stacked.shape[1]
        if self._renew_in <= 0 or not np.array_equal(alive, self._alive):
            self._renew_in, self._alive = round(RENEW * RATE / HOP), alive.copy()
            self._learn()
            self._weights = self._made()
        if self._weights is None:
            return self._overlapped(_together(stacked[: self._channels][alive]))
        left = [(weights[:, None] * stacked).sum(axis=0) for weights in self._weights]
        return self._overlapped(_together(np.stack(left)))

    @property
    def knows(self) -> bool:
        """Whether it has learned what sounded before."""
        return self._frames > 0.0

    def towards(self, azimuth: float, elevation: float) -> Canceller:
        """One that knows what this one does, and expects a voice from there, degrees relative to
        the array. Meant for a second: it learns nothing more."""
        other = Canceller(self._array)
        other._known, other._frames = self._known.copy(), self._frames
        other._learns = False
        wave = plane_wave(self._array, _HERTZ, np.array([azimuth]), np.array([elevation]))
        straight, anywhere = np.float32(AIMED), np.float32(1.0 - AIMED)
        other._voice = straight * coherence_of(wave) + anywhere * self._voice
        return other

    def _take(self, samples: Samples) -> Complex:
        """Frames with those before them, (channels * TAPS, frames, bins)."""
        pending = np.concatenate([self._pending, samples], axis=1)
        count = max(0, (pending.shape[1] - DELAY) // HOP)
        self._pending = pending[:, count * HOP :].copy()
        if count == 1:  # nearly always, and a view of windows costs as much as their spectra
            frames = pending[:, None, :FRAME] * _WINDOW
        else:
            frames = np.lib.stride_tricks.sliding_window_view(pending, FRAME, axis=1)
            frames = frames[:, : count * HOP : HOP] * _WINDOW
        spectrum = np.fft.rfft(frames, axis=2).astype(np.complex64, copy=False)
        heard = np.concatenate([self._before, spectrum], axis=1)
        end = heard.shape[1]
        self._before = heard[:, end - (TAPS - 1) :].copy()
        taps = [heard[:, TAPS - 1 - k : end - k] for k in range(TAPS)]
        stacked = np.concatenate(taps)
        if self._learns:
            self._hold_back(stacked)
        return stacked

    def _hold_back(self, stacked: Complex) -> None:
        self._held.append(stacked)
        held = sum(part.shape[1] for part in self._held)
        while held - self._held[0].shape[1] >= HELD_BACK * RATE / HOP:
            self._due.append(self._held.popleft())
            held -= self._due[-1].shape[1]

    def _learn(self) -> None:
        """Average what is old enough by now."""
        if self._due:
            old = np.concatenate(self._due, axis=1)
            self._due.clear()
            count = old.shape[1]
            self._frames = max(count, min(self._frames + count, MEMORY * RATE / HOP))
            by_bin = np.ascontiguousarray(old.transpose(2, 0, 1))
            fresh = by_bin @ by_bin.conj().transpose(0, 2, 1)
            fresh *= np.reciprocal(np.float32(count))
            fresh -= self._known
            fresh *= np.float32(count / self._frames)
            self._known += fresh

    def _made(self) -> Complex | None:
        """Conjugate weights (live microphones, channels * TAPS, bins): for each of those the least
        error for the voice that is expected. Dead ones are expected to carry none."""
        if self._frames == 0.0:
            return None
        count, size = self._channels, self._known.shape[1]
        power = np.trace(self._known, axis1=1, axis2=2).real[:, None, None] / size + 1e-12
        voice = np.float32(VOICE) * power * self._voice * np.outer(self._alive, self._alive)
        field = self._known + np.float32(LOADING) * power * np.eye(size, dtype=np.float32)
        for first in range(0, size, count):
            field[:, first : first + count, first : first + count] += voice
        wanted = np.zeros((_BINS, size, int(self._alive.sum())), np.complex64)
        wanted[:, :count] = voice[:, :, self._alive]
        found = np.linalg.solve(field, wanted).conj().transpose(2, 1, 0)
        return np.ascontiguousarray(found, np.complex64)

    def _overlapped(self, left: Complex) -> Real:
        """(frames, bins) to samples, by overlap and add."""
        pieces = np.fft.irfft(left, FRAME, axis=1).astype(np.float32, copy=False) * _WINDOW
        total = np.zeros(len(pieces) * HOP + DELAY, np.float32)
        total[:DELAY] = self._tail
        for index, piece in enumerate(pieces):
            total[index * HOP : index * HOP + FRAME] += piece
        self._tail = total[len(pieces) * HOP :].copy()
        return total[: len(pieces) * HOP]


def _together(left: Complex) -> Complex:
    """(microphones, frames, bins) to one (frames, bins): the mean power, the first one's phase."""
    magnitude = np.abs(left)
    mean = np.sqrt(np.square(magnitude).mean(axis=0))
    return np.asarray(left[0] * (mean / np.maximum(magnitude[0], TINY)), np.complex64)
