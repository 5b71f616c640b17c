"""Is somebody speaking: a probability for every 32 ms of sound.

Silero's network (models/README.md), run by ONNX Runtime on one thread. It
hears one channel and keeps its own memory; nothing here knows of directions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime

from engine.errors import RunError
from engine.hearing.spectra import RATE, Real

MODEL = Path(__file__).with_name("models") / "silero_vad_16k.onnx"
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
    """Silero VAD. Raises RunError where the model file is missing or damaged."""

    def __init__(self, model: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime has no base class of its own
            raise RunError(
                f"{model}: the voice model cannot be loaded: {error}", "reinstall heliotrope"
            ) from error
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
