"""The networks of one word, beside each other: what each is given, and that a word counts once."""

from __future__ import annotations

import weakref
from copy import deepcopy

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave

from engine.hearing.arrays import MicrophoneArray, ring
from engine.hearing.canceller import DELAY, Canceller
from engine.hearing.closer import CATCH_UP
from engine.hearing.history import History
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import LEANS, Spotters
from engine.hearing.word_spotters import Spotted, spotted_at
from engine.hearing.words import ASLEEP_AFTER, WordListening

RING = ring(6, 0.0463)


class Scripted:
    """Finds the word when it has been given so many samples; remembers what it was given."""

    word = "alexa"

    @property
    def likely(self) -> float:
        return 0.0

    def __init__(self, *at: int) -> None:
        self._at = list(at)
        self.given = np.zeros(0, np.float32)
        self.resets = 0

    def listen(self, samples: Sound) -> Spotted | None:
        self.given = np.concatenate([self.given, samples])
        if self._at and len(self.given) >= self._at[0]:
            end = self._at.pop(0)
            return Spotted(self.word, end - RATE // 2, end)
        return None

    def reset(self) -> None:
        self.resets += 1


class Leaning(Scripted):
    """Never sure, but takes it for the word, more or less likely, from so many samples on."""

    def __init__(self, start: int, likely: float = 2.0 * LEANS["alexa"]) -> None:
        super().__init__()
        self._start, self._likely = start, likely

    @property
    def likely(self) -> float:
        return self._likely if len(self.given) >= self._start else 0.0


NEARLY = 0.9


def heard(
    sound: Sound,
    spotter: Scripted,
    near: Scripted | None,
    quiet_until: int = 0,
    closer: Scripted | None = None,
) -> list[Spotted]:
    listening = WordListening(RING, Spotters(spotter, near, closer, NEARLY))
    history, found = History(6, 6 * RATE), []
    for begin in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        history.push(sound[:, begin : begin + CHUNK])
        spotted = listening.hear(
            history,
            begin,
            float(begin >= quiet_until),
            lambda a, b: np.asarray(history.span(a, b).mean(axis=0)),
        )
        found += [spotted] if spotted else []
    return found


def noise(seconds: float) -> Sound:
    return hiss(np.random.default_rng(2), 6, seconds)


def test_one_word_found_twice_counts_once_and_the_next_one_again() -> None:
    found = heard(noise(8.0), Scripted(32_000, 96_000), Scripted(33_000, 95_000))
    assert len(found) == 2


def test_either_finds_it_alone_and_both_mean_the_same_time() -> None:
    alone = heard(noise(4.0), Scripted(32_000 + DELAY), Scripted())
    near = heard(noise(4.0), Scripted(), Scripted(32_000))
    assert alone == near == [Spotted("alexa", 32_000 - RATE // 2, 32_000)]


def test_the_second_one_hears_a_single_microphone() -> None:
    sound, near = noise(2.0), Scripted()
    heard(sound, Scripted(), near)
    np.testing.assert_allclose(near.given, sound[0, : len(near.given)], atol=1e-3)


@pytest.mark.parametrize("leaning", ["spotter", "near"])
def test_where_either_leans_a_third_one_listens_and_may_find_it(leaning: str) -> None:
    def hear(closer: Scripted, leans: int) -> list[Spotted]:
        one, other = Leaning(leans), Scripted()
        pair = (one, other) if leaning == "spotter" else (other, one)
        return heard(noise(3.2), *pair, closer=closer)

    leans = (2 * RATE // CHUNK + 1) * CHUNK
    (found,) = hear(Scripted(CATCH_UP, CATCH_UP + CHUNK), leans)
    assert found == spotted_at("alexa", leans - DELAY)
    assert hear(Scripted(), leans) == []
    idle = Scripted(CATCH_UP)
    assert hear(idle, 4 * RATE) == []
    assert len(idle.given) == 0


def test_two_that_are_nearly_sure_are_enough_together_and_one_is_not() -> None:
    at = (2 * RATE // CHUNK + 1) * CHUNK
    nearly, less = Leaning(at, NEARLY + 0.01), Leaning(at, NEARLY - 0.01)
    assert heard(noise(3.2), nearly, deepcopy(nearly)) == [spotted_at("alexa", at)]
    assert heard(noise(3.2), Leaning(at, 1.0), less) == []
    assert heard(noise(3.2), Leaning(at, NEARLY - 0.01), Leaning(at, 1.0)) == []


def test_a_word_that_was_found_is_not_listened_to_again() -> None:
    closer = Scripted()
    heard(noise(3.2), Scripted(2 * RATE), Leaning(2 * RATE), closer=closer)
    assert len(closer.given) == 0


def test_without_the_second_one_the_microphones_are_heard_as_they_are() -> None:
    sound, spotter = noise(2.0), Scripted()
    heard(sound, spotter, None)
    mean = sound.mean(axis=0)
    np.testing.assert_allclose(spotter.given, mean[: len(spotter.given)], atol=1e-3)


def test_what_was_slept_through_is_known_on_waking() -> None:
    """A fan from one side, no voice at all, for 9 s; then something stirs."""
    rng = np.random.default_rng(7)
    sound = plane_wave(RING, bursts(rng, 11.0), 40.0) + hiss(rng, 6, 11.0)
    spotter, near = Scripted(), Scripted()
    heard(sound, spotter, near, quiet_until=9 * RATE)
    slept = int(ASLEEP_AFTER * RATE) // CHUNK * CHUNK + CHUNK
    assert len(spotter.given) == len(near.given) < 11 * RATE - slept
    woken = slept + CATCH_UP // 2
    left, whole = spotter.given[woken:], near.given[woken:]
    assert np.square(left).mean() < 0.05 * np.square(whole).mean()


def test_asleep_it_holds_no_sound() -> None:
    made: list[weakref.ref[Canceller]] = []

    def canceller(array: MicrophoneArray) -> Canceller:
        new = Canceller(array)
        made.append(weakref.ref(new))
        return new

    listening = WordListening(RING, Spotters(Scripted(), Scripted()), canceller=canceller)
    sound, history = noise(5.0), History(6, 6 * RATE)
    for begin in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        history.push(sound[:, begin : begin + CHUNK])
        listening.hear(history, begin, float(begin < 2 * RATE), lambda a, b: sound[0, a:b])
    assert [ref() is None for ref in made] == [True, False]


def test_a_new_beginning_forgets_in_all() -> None:
    spotter, near, closer = Scripted(), Scripted(), Scripted()
    WordListening(RING, Spotters(spotter, near, closer)).restart(4_711)
    assert spotter.resets == near.resets == closer.resets == 1
