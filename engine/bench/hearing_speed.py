"""Speed of hearing: our localiser, and the whole ear, beside pyroomacoustics' SRP-PHAT.

All rows are processor time per second of speech from six microphones; SRP-PHAT does less
(no background, one source, no confidence) and is the yardstick, not the aim.
"""

from __future__ import annotations

import time

import numpy as np

from engine.bench.hearing_rivals import Rival
from engine.bench.stages import Row, compare
from engine.hearing.arrays import load_array
from engine.hearing.directions import Localiser
from engine.hearing.ear import Ear
from engine.hearing.spectra import RATE
from engine.ports import AudioBlock, Samples

BLOCK = 512


class _Always:
    """Everything is speech: the most that the ear can have to do. The network still runs."""

    def __init__(self) -> None:
        from engine.hearing.speech import SileroVoice

        self._voice = SileroVoice()

    def probability(self, chunk: Samples) -> float:
        return max(1.0, self._voice.probability(chunk))

    def reset(self) -> None:
        self._voice.reset()


def rows() -> list[Row]:
    """Per second of speech: the localiser alone, then voice detection and all."""
    array = load_array("respeaker_6")
    rng = np.random.default_rng(0)
    envelope = np.clip(np.sin(2.0 * np.pi * 4.0 * np.arange(2 * RATE) / RATE), 0.02, None)
    sound = (0.1 * envelope * rng.standard_normal((array.channels, 2 * RATE))).astype(np.float32)
    speech = sound[:, RATE:]
    localiser, rival = Localiser(array), Rival("SRP", array)
    background = localiser.learn([sound[:, :RATE] * np.float32(0.01)])

    def locate() -> None:
        for begin in (0, RATE // 2):
            localiser.locate(speech[:, begin : begin + RATE // 2], background)

    ear, times = Ear(array, voice=_Always()), [0.0]

    def hear() -> None:
        for begin in range(0, RATE - BLOCK + 1, BLOCK):
            ear.listen(AudioBlock(times[0], speech[:, begin : begin + BLOCK]))
            times[0] += BLOCK / RATE

    def srp() -> None:
        for begin in (0, RATE // 2):
            rival.locate(speech[:, begin : begin + RATE // 2])

    name = "pyroomacoustics SRP-PHAT"
    return [
        compare("hearing: directions", locate, name, srp, clock=time.process_time),
        compare("hearing: whole ear", hear, name, srp, clock=time.process_time),
    ]
