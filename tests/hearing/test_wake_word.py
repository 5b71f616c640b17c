from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from hearing_sounds import RATE, read_wav
from scripted_network import Saying

from engine import networks
from engine.bench import wake_words
from engine.bench.wake_word_voices import read_mono
from engine.config import WakeWord
from engine.errors import UserError
from engine.hearing import word_spotters
from engine.hearing.wake_word import CLOSER, NEARLY, NONE, WORDS, open_wake_word, spotters_of
from engine.hearing.word_spotters import LINGERS, MicroWakeWordSpotter

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

    monkeypatch.setattr(word_spotters.importlib, "import_module", fail)
    spotters, note = open_wake_word("okay_nabu")
    assert spotters is None
    assert said in note
    assert "speech only" in note


@installed
def test_a_damaged_network_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(networks.HEARING, tmp_path / "models")
    monkeypatch.setattr(networks, "HEARING", tmp_path / "models")
    for name in ("okay_nabu.json", "okay_nabu.tflite"):
        kept = (tmp_path / "models" / name).read_bytes()
        (tmp_path / "models" / name).write_bytes(kept[:-1] + b"x")
        with pytest.raises(UserError, match=f"{name}: not the network that was measured"):
            open_wake_word("okay_nabu")
        (tmp_path / "models" / name).write_bytes(kept)


class OneAStep:
    """Features of one step for every 10 ms of sound."""

    def process_streaming(self, sound: bytes) -> list[None]:
        return [None] * (len(sound) // 320)

    def reset(self) -> None:
        """Nothing to forget."""


@pytest.mark.parametrize(
    ("answers", "said", "steps"),
    [
        (1, [0.1, 0.95, 0.1, 0.1, 0.1, 0.1, 0.1], 6),
        (5, [0.1, 0.95, 0.95, 0.95, 0.1, 0.1, 0.1], None),
        (5, [0.1, 0.95, 0.95, 0.95, 0.95, 0.95, 0.1], 18),
        (5, [0.0, 0.99, 0.8, 0.95, 0.95, 0.95, 0.1], 18),
    ],
)
def test_the_mean_of_so_many_answers_has_to_pass(
    monkeypatch: pytest.MonkeyPatch, answers: int, said: list[float], steps: int | None
) -> None:
    monkeypatch.setattr(word_spotters.importlib, "import_module", MagicMock())
    network = Saying(*said)
    spotter = MicroWakeWordSpotter(
        "alexa", network, {"alexa": 0.9}, answers=answers, features=OneAStep()
    )
    step = np.zeros(RATE // 100, np.float32)
    found = [n for n in range(1, 3 * len(said) + 1) if spotter.listen(step)]
    assert found == ([] if steps is None else [steps])


STEP = np.zeros(RATE // 100, np.float32)


def says(monkeypatch: pytest.MonkeyPatch, *answers: float) -> MicroWakeWordSpotter:
    """A spotter whose network answers every step, with the cutoff of a closer listen."""
    monkeypatch.setattr(word_spotters.importlib, "import_module", MagicMock())
    network = Saying(*answers, stride=1)
    return MicroWakeWordSpotter("alexa", network, CLOSER, features=OneAStep())


def test_how_likely_it_was_lingers_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    spotter = says(monkeypatch, 0.2, 0.5, *[0.1] * LINGERS, 0.3)
    assert spotter.likely == 0.0
    told = []
    for _ in range(LINGERS + 3):
        spotter.listen(STEP)
        told.append(spotter.likely)
    assert told == [0.2, *[0.5] * LINGERS, 0.1, 0.3]
    spotter.reset()
    assert spotter.likely == 0.0


def test_a_new_listen_hears_a_word_that_the_one_before_it_has_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spotter = says(monkeypatch, 1.0, 1.0, 1.0)
    assert spotter.listen(STEP) is not None
    assert spotter.listen(STEP) is None, "the same word counts once"
    spotter.reset()
    assert spotter.listen(STEP) is not None


@installed
@pytest.mark.parametrize("word", WORDS)
def test_two_that_are_nearly_sure_have_a_cutoff_of_their_own(word: str) -> None:
    assert spotters_of(word).nearly == NEARLY[word] < 1.0


@installed
@pytest.mark.needs("data")
@pytest.mark.parametrize("word", WORDS)
def test_all_together_find_each_word_in_its_clips_and_not_in_the_others(
    word: str, data_dir: Path
) -> None:
    for file in sorted((data_dir / "wake_words").glob("*/[12].wav")):
        found = wake_words.spotted(word, wake_words.dry(read_mono(file)))
        assert found == (file.parent.name == word), file


@installed
@pytest.mark.needs("data")
@pytest.mark.parametrize("listener", ["cleaned", "near", "closer"])
@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_spotted_in_its_clips_and_not_in_the_others(
    word: str, listener: str, data_dir: Path
) -> None:
    for file in sorted((data_dir / "wake_words").glob("*/[12].wav")):
        clip = np.pad(read_wav(file)[0], (RATE, RATE))
        spotter = getattr(spotters_of(word), listener)
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


def test_the_configuration_offers_the_words_that_there_are_networks_for_and_none() -> None:
    assert {word.value for word in WakeWord} == {*WORDS, NONE}
