"""A wake word's network on buffers of our own, beside the package's streaming of it."""

from __future__ import annotations

import ctypes
import shutil
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_network import Saying

from engine import networks
from engine.errors import UserError
from engine.hearing.wake_word import WORDS
from engine.hearing.word_network import Jury, WordNetwork, open_network
from engine.networks import HEARING

installed = pytest.mark.needs("wake-word")


@installed
@pytest.mark.parametrize("taught", [False, True])
def test_a_network_run_step_by_step_says_what_the_package_says(taught: bool) -> None:
    import pymicro_wakeword

    network = open_network("hey_mycroft", taught=taught)
    where = {"models_dir": HEARING} if taught else {}
    model = pymicro_wakeword.Model("hey_mycroft")
    plain = pymicro_wakeword.MicroWakeWord.from_builtin(model, **where)
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
@pytest.mark.parametrize("word", WORDS)
def test_a_taught_network_is_as_long_as_the_packages_and_has_its_settings(
    word: str,
) -> None:
    import pymicro_wakeword

    package = Path(pymicro_wakeword.__file__).parent / "models"
    for name in (f"{word}.json", f"{word}.tflite"):
        own, kept = ((folder / name).read_bytes() for folder in (package, HEARING))
        assert len(own) == len(kept)
        assert (own == kept) == name.endswith(".json")


@installed
def test_a_network_whose_file_is_taken_away_goes_on_from_the_beginning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(HEARING, tmp_path / "models")
    monkeypatch.setattr(networks, "HEARING", tmp_path / "models")
    network = open_network("hey_mycroft", taught=True)
    shutil.rmtree(tmp_path / "models")
    steps = np.zeros((90, 1, 1, 40))
    first = [network.probability(step) for step in steps]
    network.reset()
    assert [network.probability(step) for step in steps] == first
    assert len(set(first)) > 3


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


STEP = np.zeros(40)


def agreed(*answers: float) -> float:
    """What a jury of networks that say these says, at the step at which it says something."""
    jury = Jury([Saying(answer) for answer in answers])
    *between, last = (jury.probability(STEP) for _ in range(3))
    assert between == [0.0, 0.0]
    return last


likely = st.floats(0.0, 1.0)


@given(st.lists(likely, min_size=1, max_size=4))
def test_a_jury_is_between_its_networks_whatever_their_order(answers: list[float]) -> None:
    said = agreed(*answers)
    assert min(answers) - 1 / 256 <= said <= max(answers) + 1 / 256
    assert said == pytest.approx(agreed(*reversed(answers)))


@given(likely, likely, likely)
def test_a_jury_is_no_less_sure_where_one_of_it_is_surer(
    first: float, second: float, more: float
) -> None:
    assert agreed(max(first, more), second) >= agreed(first, second)


def test_a_jury_of_one_for_and_one_as_sure_against_is_undecided() -> None:
    assert agreed(0.02, 0.98) == pytest.approx(0.5)
    assert agreed(0.0, 1.0) == pytest.approx(0.5)
    # The mean of their probabilities is 0.65: one that is sure is worth more than one that doubts.
    assert agreed(0.3, 0.996) > 0.9


def test_a_jury_begins_anew_in_the_middle_of_a_step() -> None:
    jury = Jury([Saying(0.9), Saying(0.9)])
    jury.probability(STEP)
    jury.reset()
    assert [round(jury.probability(STEP), 6) for _ in range(3)] == [0.0, 0.0, 0.9]


def test_networks_that_answer_at_other_steps_make_no_jury() -> None:
    with pytest.raises(UserError, match=r"every \[1, 3\] steps"):
        Jury([Saying(0.5), Saying(0.5, stride=1)])
