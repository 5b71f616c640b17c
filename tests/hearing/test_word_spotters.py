"""A closer listen finds a word where both kinds of network are sure of it at once, or nearly."""

from __future__ import annotations

from unittest.mock import MagicMock

import numpy as np
import pytest
from hearing_sounds import RATE, Sound
from scripted_network import Saying

from engine.hearing import word_spotters
from engine.hearing.speech import CHUNK
from engine.hearing.word_spotters import REFRACTORY, TOGETHER, CloserSpotter, MicroWakeWordSpotter

SILENCE = np.zeros(CHUNK, np.float32)


class OneAChunk:
    def process_streaming(self, sound: bytes) -> list[None]:
        return [None] * (len(sound) // (2 * CHUNK))

    def reset(self) -> None:
        """Nothing to forget."""


class Embedded:
    """Answers of each chunk in turn; None where it has none."""

    def __init__(self, *said: float | None) -> None:
        self._said = list(said)

    def reset(self) -> None:
        """Nothing to forget."""

    def log_odds(self, sound: Sound) -> list[float]:
        said = self._said.pop(0) if self._said else None
        return [] if said is None else [said]


def closer(
    monkeypatch: pytest.MonkeyPatch, said: list[float], embedded: list[float | None]
) -> CloserSpotter:
    monkeypatch.setattr(word_spotters.importlib, "import_module", MagicMock())
    spotter = MicroWakeWordSpotter(
        "alexa", Saying(*said, stride=1), {"alexa": 2.0}, features=OneAChunk()
    )
    return CloserSpotter("alexa", spotter, Embedded(*embedded), {"alexa": 0.9})


def found(spotter: CloserSpotter, chunks: int) -> list[int]:
    return [n for n in range(chunks) if spotter.listen(SILENCE) is not None]


def test_both_together_find_the_word_though_not_in_the_same_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spotter = closer(monkeypatch, [0.1, 0.97, 0.1, 0.1, 0.1], [-3.0, None, -3.0, 4.0, -3.0])
    assert found(spotter, 5) == [3]


def test_one_of_them_alone_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(closer(monkeypatch, [0.998] * 5, [-3.0] * 5), 5) == []
    assert found(closer(monkeypatch, [0.05] * 5, [5.0] * 5), 5) == []


def test_sureness_of_long_ago_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for apart, expected in ((TOGETHER - 1, [TOGETHER - 1]), (TOGETHER, [])):
        said = [0.97, *[0.1] * (TOGETHER + 2)]
        embedded = [*[-3.0] * apart, 4.0, *[-3.0] * 3]
        assert found(closer(monkeypatch, said, embedded), apart + 2) == expected


def test_the_same_word_counts_once_and_again_after_a_new_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chunks = int(REFRACTORY * RATE) // CHUNK
    spotter = closer(monkeypatch, [0.97] * (2 * chunks), [4.0] * (2 * chunks))
    assert found(spotter, chunks) == [0]
    spotter.reset()
    assert found(spotter, 1) == [0]


def test_what_it_has_not_answered_yet_is_unlikely(monkeypatch: pytest.MonkeyPatch) -> None:
    spotter = closer(monkeypatch, [0.998] * 3, [None] * 3)
    assert spotter.likely == 0.0
    assert found(spotter, 3) == []
    assert spotter.likely < 0.5
