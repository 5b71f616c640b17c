"""What may be the word is heard once more, from where it came, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave

from engine.hearing.arrays import MicrophoneArray, make_array, ring
from engine.hearing.canceller import DELAY, Canceller
from engine.hearing.closer import CATCH_UP, LASTING, CloserListen
from engine.hearing.directions import Localiser
from engine.hearing.history import History
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import LEANS
from engine.hearing.word_spotters import Spotted

RING = ring(6, 0.0463)
LOCALISER = Localiser(RING)
SAID = slice(int(4.2 * RATE), 5 * RATE)


class Attentive:
    """Never finds the word; remembers what it was given, and how often it began anew."""

    word, likely = "alexa", 0.0

    def __init__(self) -> None:
        self.given = np.zeros(0, np.float32)
        self.resets = 0

    def listen(self, samples: Sound) -> Spotted | None:
        self.given = np.concatenate([self.given, samples])
        return None

    def reset(self) -> None:
        self.given, self.resets = np.zeros(0, np.float32), self.resets + 1


def television_and_word(word_at: float) -> tuple[Sound, Sound]:
    """The sound of both, and of the word alone."""
    rng = np.random.default_rng(8)
    before = plane_wave(RING, 2.0 * bursts(rng, 6.0), 40.0) + hiss(rng, 6, 6.0)
    word = np.zeros(6 * RATE, np.float32)
    word[SAID] = bursts(np.random.default_rng(9), 0.8)
    wave = plane_wave(RING, word, word_at)
    return before + wave, wave


def listened(sound: Sound, leans_from: int, leans_until: int) -> tuple[Attentive, Sound]:
    """What was listened to closer, and what the same canceller had left for any direction."""
    spotter, history, canceller = Attentive(), History(6, 6 * RATE), Canceller(RING)
    closer, left = CloserListen(spotter, LOCALISER), np.zeros(0, np.float32)
    for start in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        end = start + CHUNK
        history.push(sound[:, start:end])
        left = np.concatenate([left, canceller.process(sound[:, start:end])])
        likely = 1.0 if leans_from <= end < leans_until else LEANS["alexa"]
        assert closer.hear(history, canceller, start, end, likely) is None
    return spotter, left


def likeness(heard: Sound, word: Sound) -> float:
    """Their correlation: of a word without anything else it is 1."""
    return float(np.corrcoef(heard, word)[0, 1])


def test_nothing_that_cannot_be_the_word_is_listened_to() -> None:
    sound, _ = television_and_word(160.0)
    spotter, _ = listened(sound, 7 * RATE, 8 * RATE)
    assert spotter.resets == 0
    assert len(spotter.given) == 0


def test_what_led_up_to_it_and_what_follows_is_heard_from_where_it_came() -> None:
    sound, wave = television_and_word(160.0)
    spotter, left = listened(sound, SAID.stop, SAID.stop + CHUNK)
    assert spotter.resets == 1
    assert CATCH_UP < len(spotter.given) <= CATCH_UP + LASTING
    first = (SAID.stop // CHUNK + 1) * CHUNK - CATCH_UP
    word = wave[0, first - DELAY : first - DELAY + CATCH_UP]
    once_more = likeness(spotter.given[:CATCH_UP], word)
    assert once_more > 0.98
    assert once_more > likeness(left[first : first + CATCH_UP], word) + 0.02


def test_while_it_may_be_the_word_it_looks_for_the_direction_anew() -> None:
    sound, _ = television_and_word(160.0)
    spotter, _ = listened(sound, SAID.stop, SAID.stop + 2 * LASTING)
    assert spotter.resets == 2


class Finding(Attentive):
    """Finds the word in the chunk that completes so many samples."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def listen(self, samples: Sound) -> Spotted | None:
        super().listen(samples)
        found = len(self.given) == self._count
        return Spotted(self.word, 0, self._count) if found else None


@pytest.mark.parametrize("after", [CATCH_UP // 2 // CHUNK * CHUNK, CATCH_UP + 3 * CHUNK])
def test_it_tells_when_it_was_sure_in_what_it_caught_up_with_too(after: int) -> None:
    sound, _ = television_and_word(160.0)
    history, canceller = History(6, 6 * RATE), Canceller(RING)
    closer, found = CloserListen(Finding(after), LOCALISER), []
    leaning_from = (SAID.stop // CHUNK + 1) * CHUNK
    for start in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        end = start + CHUNK
        history.push(sound[:, start:end])
        canceller.process(sound[:, start:end])
        sure = closer.hear(history, canceller, start, end, float(end == leaning_from))
        found += [] if sure is None else [sure]
    assert found == [leaning_from - CATCH_UP + after]


def test_before_anything_is_known_of_the_room_nothing_is_listened_to() -> None:
    sound, _ = television_and_word(160.0)
    spotter, _ = listened(sound[:, : int(1.2 * RATE)], 0, 2 * RATE)
    assert spotter.resets == 0


def test_after_a_restart_nothing_from_before_it_is_heard_again() -> None:
    sound, _ = television_and_word(160.0)
    spotter, history, canceller = Attentive(), History(6, 6 * RATE), Canceller(RING)
    closer, again = CloserListen(spotter, LOCALISER), 4 * RATE // CHUNK * CHUNK
    for start in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        end = start + CHUNK
        history.push(sound[:, start:end])
        canceller.process(sound[:, start:end])
        if start == again:
            closer.restart(start)
            assert spotter.resets == 1
        closer.hear(history, canceller, start, end, float(end == again + 10 * CHUNK))
    assert spotter.resets == 2
    assert len(spotter.given) == 10 * CHUNK + LASTING // CHUNK * CHUNK


def test_by_a_single_microphone_no_direction_is_told() -> None:
    sound, _ = television_and_word(160.0)
    sound[1:] = 0.0
    spotter, _ = listened(sound, SAID.stop, 6 * RATE)
    assert len(spotter.given) == 0


LINE = make_array("line", [[x, 0.0, 0.0] for x in (-0.06, -0.02, 0.02, 0.06)])


@pytest.mark.parametrize("array", [ring(2, 0.04), LINE], ids=["two", "line"])
def test_arrays_that_cannot_tell_front_from_back_listen_closer_all_the_same(
    array: MicrophoneArray,
) -> None:
    rng = np.random.default_rng(3)
    sound = plane_wave(array, bursts(rng, 4.0), 40.0) + hiss(rng, array.channels, 4.0)
    spotter, history = Attentive(), History(array.channels, 6 * RATE)
    closer, canceller = CloserListen(spotter, Localiser(array)), Canceller(array)
    for start in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        history.push(sound[:, start : start + CHUNK])
        canceller.process(sound[:, start : start + CHUNK])
        closer.hear(history, canceller, start, start + CHUNK, float(start > 3.5 * RATE))
    assert len(spotter.given) >= CATCH_UP
    assert np.isfinite(spotter.given).all()


def test_in_digital_silence_nothing_is_listened_to() -> None:
    spotter, _ = listened(np.zeros((6, 3 * RATE), np.float32), RATE, 3 * RATE)
    assert len(spotter.given) == 0
