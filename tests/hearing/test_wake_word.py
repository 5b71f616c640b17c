from __future__ import annotations

import ctypes
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hearing_sounds import RATE, read_wav

from engine.errors import UserError
from engine.hearing import wake_word
from engine.hearing.wake_word import NONE, WORDS, open_wake_word
from engine.hearing.word_network import WordNetwork

installed = pytest.mark.needs("wake-word")


def test_none_means_speech_only_without_a_word() -> None:
    assert open_wake_word(NONE) == (None, "")


def test_a_word_without_a_model_is_the_callers_mistake() -> None:
    with pytest.raises(UserError, match=r"hearing\.wake_word.*okay_nabu"):
        open_wake_word("computer")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ImportError("No module named 'pymicro_wakeword'"), "not installed"),
        (OSError("version `GLIBC_2.35' not found"), "glibc 2.35"),
    ],
)
def test_a_package_that_cannot_work_leaves_speech_only(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    def fail(_: str) -> Any:
        raise failure

    monkeypatch.setattr(wake_word.importlib, "import_module", fail)
    spotter, note = open_wake_word("okay_nabu")
    assert spotter is None
    assert said in note
    assert "speech only" in note


@installed
@pytest.mark.needs("data")
@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_spotted_in_its_clips_and_not_in_the_others(
    word: str, near: bool, data_dir: Path
) -> None:
    for file in sorted((data_dir / "wake_words").glob("*/[12].wav")):
        clip = np.pad(read_wav(file)[0], (RATE, RATE))
        spotter, note = open_wake_word(word, near=near)
        assert spotter is not None, note
        found = [
            spotted
            for begin in range(0, len(clip), 512)
            if (spotted := spotter.listen(clip[begin : begin + 512]))
        ]
        if file.parent.name != word:
            assert found == []
            continue
        assert found
        assert {s.word for s in found} == {word}
        level = np.square(clip).mean()
        for spotted in found:
            assert 0 <= spotted.start < spotted.end <= len(clip)
            assert np.square(clip[spotted.start : spotted.end]).mean() > level


@installed
def test_a_network_run_step_by_step_says_what_the_package_says() -> None:
    import pymicro_wakeword

    model = pymicro_wakeword.Model("hey_mycroft")
    network = WordNetwork(pymicro_wakeword.MicroWakeWord.from_builtin(model))
    plain = pymicro_wakeword.MicroWakeWord.from_builtin(model)
    plain.sliding_window_size = 1
    rng = np.random.default_rng(4)
    silence, loud = np.zeros((90, 1, 1, 40)), 26.0 * rng.random((60, 1, 1, 40))
    # Of silence it says a little of everything, of noise nothing: the one tells answers apart, the
    # other what is made of its features on the way in.
    for steps in (silence, loud, silence):
        said = [network.probability(step) for step in steps]
        plain._probabilities = deque(maxlen=1)
        assert said == [plain.process_streaming_prob(step) for step in steps]
        assert steps is loud or len(set(said)) > 3
        network.reset()
        plain.reset()


@installed
def test_a_network_is_given_the_numbers_that_the_package_gives() -> None:
    import pymicro_wakeword

    model = pymicro_wakeword.Model("hey_mycroft")
    spotters = [pymicro_wakeword.MicroWakeWord.from_builtin(model) for _ in range(2)]
    given: list[list[bytes]] = [[], []]
    for spotter, numbers in zip(spotters, given, strict=True):
        spotter.lib = Overheard(spotter.lib, numbers)
    steps = 26.0 * np.random.default_rng(5).random((60, 1, 1, 40))
    network = WordNetwork(spotters[0])
    for step in steps:
        network.probability(step)
        spotters[1].process_streaming_prob(step)
    assert given[0] == given[1]
    assert len(set(given[0])) == 20


class Overheard:
    """A library whose interpreters' inputs are noted on the way."""

    def __init__(self, library: Any, noted: list[bytes]) -> None:
        self._library, self._noted = library, noted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def TfLiteTensorCopyFromBuffer(self, tensor: Any, at: Any, count: int) -> Any:  # noqa: N802
        self._noted.append(ctypes.string_at(at, count))
        return self._library.TfLiteTensorCopyFromBuffer(tensor, at, count)
