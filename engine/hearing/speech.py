"""Is somebody speaking: a probability for every 32 ms of sound.

Silero's network (models/README.md), run by ONNX Runtime on one thread. It
hears one channel and keeps its own memory; nothing here knows of directions.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine import networks
from engine.hearing.spectra import RATE, Real

CHUNK = 512
"""Samples that one probability is about: 32 ms."""
_CONTEXT = 64
_STATE = (2, 1, 128)


class VoiceActivity(Protocol):
    """Streaming voice activity; a fake returns what a test wants."""

    def probability(self, chunk: Real) -> float:
        """Probability of speech in the next `CHUNK` samples, mono, in [0, 1]."""

    def reset(self) -> None: ...


class SileroVoice:
    """Silero VAD. Raises UserError where the model file is missing or damaged."""

    def __init__(self) -> None:
        sizes = {"batch": 1, "sequence": _CONTEXT + CHUNK}
        self._session = networks.session("voice", networks.HEARING, fixed=sizes)
        self._rate = np.array(RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard so far."""
        self._state = np.zeros(_STATE, np.float32)
        self._input = np.zeros((1, _CONTEXT + CHUNK), np.float32)

    def probability(self, chunk: Real) -> float:
        """Probability of speech in `chunk`, (512,) float32."""
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:]
        self._input[0, _CONTEXT:] = chunk
        score, self._state = self._session.run(
            None, {"input": self._input, "state": self._state, "sr": self._rate}
        )
        return float(score[0, 0])
