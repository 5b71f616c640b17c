"""What may be the word is heard once more, from where it came, and only then."""

from __future__ import annotations

import numpy as np
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave

from engine.hearing.arrays import ring
from engine.hearing.canceller import DELAY, Canceller
from engine.hearing.closer import CATCH_UP, LASTING, CloserListen
from engine.hearing.directions import Localiser
from engine.hearing.history import History
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import Spotted

RING = ring(6, 0.0463)
LOCALISER = Localiser(RING)
SAID = slice(int(4.2 * RATE), 5 * RATE)


class Attentive:
    """Never finds the word; remembers what it was given, and how often it began anew."""

    word, leans = "alexa", False

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


def listened(sound: Sound, maybe_from: int, maybe_until: int) -> tuple[Attentive, Sound]:
    """What was listened to closer, and what the same canceller had left for any direction."""
    spotter, history, canceller = Attentive(), History(6, 6 * RATE), Canceller(RING)
    closer, left = CloserListen(spotter, LOCALISER), np.zeros(0, np.float32)
    for start in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        end = start + CHUNK
        history.push(sound[:, start:end])
        left = np.concatenate([left, canceller.process(sound[:, start:end])])
        maybe = maybe_from <= end < maybe_until
        assert not closer.hear(history, canceller, start, end, maybe=maybe)
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
    assert spotter.resets in (2, 3)


def test_right_at_the_start_it_makes_do_with_what_there_is() -> None:
    sound, _ = television_and_word(160.0)
    spotter, _ = listened(sound[:, : RATE // 2], 2 * CHUNK, RATE)
    assert np.isfinite(spotter.given).all()


def test_in_digital_silence_nothing_is_listened_to() -> None:
    spotter, _ = listened(np.zeros((6, 3 * RATE), np.float32), RATE, 3 * RATE)
    assert len(spotter.given) == 0
