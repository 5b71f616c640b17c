"""What a stretch of sound says, as 96 numbers, and how likely it is that a word ends in it.

A wake word's own network (`word_network`) knows that one word. This one learned from hours of
everybody's speech what tells any words apart, so a small network on top of it, the head, learns a
word from few voices (Lin et al. 2020, "Training keyword spotters with limited and synthesized
speech data"). It takes ten times as long, and so is asked in a closer listen only.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine import networks
from engine.hearing.spectra import RATE, Real

HEADS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
"""Words that the head tells of, in its order."""
STEP, WINDOW, LENGTH = 160, 400, 512
"""Samples from one frame to the next, of a frame's window, and of its transform."""
BANDS, LOWEST, HIGHEST = 32, 60.0, 3800.0
"""Mel bands, and the hertz between which they are."""
FRAMES = 76
"""Frames, 0.78 s, that an embedding is of."""
APART = 8
"""Frames, 80 ms, from one embedding to the next."""
ASKED = 7
"""Embeddings, of 1.26 s together, that the head is given."""

Features = npt.NDArray[np.float32]


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale (1998, "Auditory Toolbox"): even up to 1 kHz, logarithmic from there."""
    return np.where(
        mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0))
    )


@cache
def _filters() -> Features:
    """(bins, `BANDS`): triangles of one area each."""
    lowest, highest = LOWEST * 3.0 / 200.0, 15.0 + 27.0 * np.log(HIGHEST / 1000.0) / np.log(6.4)
    edges = _hertz(np.linspace(lowest, highest, BANDS + 2))
    away = edges[:, None] - np.fft.rfftfreq(LENGTH, 1.0 / RATE)
    width = np.diff(edges)[:, None]
    rising, falling = -away[:-2] / width[:-1], away[2:] / width[1:]
    areas = 2.0 / (edges[2:] - edges[:-2])
    return np.asarray((np.maximum(0.0, np.minimum(rising, falling)) * areas[:, None]).T, np.float32)


@cache
def _window() -> Features:
    """Hann's, in the middle of `LENGTH` samples."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.asarray(np.pad(hann, (LENGTH - WINDOW) // 2), np.float32)


def mel_frames(sound: Real) -> Features:
    """(frames, `BANDS`) of mono `sound` in [-1, 1], as the network wants them: the logarithm to
    10 of the power of 16-bit samples, plus 2."""
    if len(sound) < LENGTH:
        return np.zeros((0, BANDS), np.float32)
    parts = np.lib.stride_tricks.sliding_window_view(sound, LENGTH)[::STEP]
    spectrum = np.fft.rfft(parts * (_window() * np.float32(32767.0)), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    # Silence has no logarithm; one is far below the quietest microphone.
    return np.asarray(np.log10(np.maximum(power @ _filters(), 1.0)) + 2.0, np.float32)


class SpeechEmbedding:
    """Streaming. Raises UserError where a network's file is missing or damaged, ImportError
    without ONNX Runtime."""

    def __init__(self, word: str) -> None:
        self._number = HEADS.index(word)
        self._embed, self._head = opened_networks()
        self.reset()

    def reset(self) -> None:
        """Forget what was heard so far."""
        self._sound = np.zeros(0, np.float32)
        self._frames = np.zeros((0, BANDS), np.float32)
        self._embeddings: deque[Features] = deque(maxlen=ASKED)

    def log_odds(self, sound: Real) -> list[float]:
        """That the word has just ended, for each 80 ms that the next samples complete."""
        self._sound = np.concatenate([self._sound, np.asarray(sound, np.float32)])
        new = mel_frames(self._sound)
        self._sound = self._sound[len(new) * STEP :]
        self._frames = np.concatenate([self._frames, new])
        said = []
        while len(self._frames) >= FRAMES:
            given = self._frames[None, :FRAMES, :, None]
            self._embeddings.append(self._embed.run(None, {"input_1": given})[0].ravel())
            self._frames = self._frames[APART:]
            if len(self._embeddings) == ASKED:
                answer = self._head.run(None, {"embeddings": np.stack(self._embeddings)[None]})[0]
                said.append(float(answer[0, self._number]))
        return said


@cache
def opened_networks() -> tuple[Any, Any]:
    """ONNX Runtime's sessions of the embedding and of the head; they keep nothing between two
    questions. Raises as `SpeechEmbedding` does."""
    return (
        networks.session("speech_embedding", networks.HEARING),
        networks.session("word_heads", networks.HEARING),
    )
