"""The wake word: which word was said, and when it began and ended.

Runs pymicro-wakeword where it is installed; where it is not, or the system's
C library is too old for its wheel, `open_wake_word` says so in words and
hearing goes on with speech only. Detection alone; where the word came from is
for `directions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import UserError
from engine.hearing.speech_embedding import SpeechEmbedding
from engine.hearing.word_network import Answering, Jury, open_network
from engine.hearing.word_spotters import CloserSpotter, MicroWakeWordSpotter, WakeWordSpotter

NONE = "none"
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
"""Words whose networks come with pymicro-wakeword 2.5."""

CLEANED = {"alexa": 0.985, "hey_jarvis": 0.98, "hey_mycroft": 0.95, "okay_nabu": 0.82}
"""Probability from which a word counts, per word, in sound without what sounded before; networks
say it in steps of 1/256. All of these were chosen by what script/word_networks/cutoffs shows: 31
utterances of each word in rooms (one recorded voice in 15, flite's in 16), each with three
televisions, and 5.1 hours of other speech, 0.32 of these hours different, in noise, music or with
somebody else. Hey Jarvis was heard there twice, Alexa and Okay Nabu once, Hey Mycroft never.
engine.bench.wake_words reports another half, which made Alexa's stricter once: 0.93 here, 0.96 in
`NEAR` and 0.75 in `NEARLY` made no mistake in the 0.32 hours, but nine in its 0.87."""
NEAR = {"alexa": 0.987, "hey_jarvis": 0.985, "hey_mycroft": 0.994, "okay_nabu": 0.8}
"""The same in the sound of one microphone as it is."""
CLOSER = {"alexa": 0.72, "hey_jarvis": 0.7, "hey_mycroft": 0.76, "okay_nabu": 0.28}
"""In sound from where it came: of the package's network and the taught one together (`Jury`), the
mean of `ANSWERS`; and of `EMBEDDED` words of that and the speech embedding together
(`CloserSpotter`). In 3.8 hours of other speech, the same 0.32 of them different, one prompt was
then taken for Hey Jarvis, in two rooms of twelve, and none for the other two of those."""
EMBEDDED = ("alexa", "hey_jarvis", "hey_mycroft")
"""Words that a closer listen also knows by the speech embedding. Of Okay Nabu it finds more of
synthesised voices and fewer of the one recorded."""
ANSWERS = 5
"""Answers of the closer listen's networks, 30 ms apart, that are averaged: half a word's, where
other speech sounds like it for an answer or three. The first two listeners need no mean, which
would come 120 ms later: what is clear they tell at once."""
NEARLY = {"alexa": 0.97, "hey_jarvis": 0.5, "hey_mycroft": 0.93, "okay_nabu": 0.5}
"""Probability that is enough where both of the first two find it."""
LEANS = {"alexa": 0.08, "hey_jarvis": 0.08, "hey_mycroft": 0.08, "okay_nabu": 0.12}
"""Probability in either of the first two from which they lean towards the word, and a third listens
closer: 20 to 75 times in an hour of other speech."""
CLEANED_TAUGHT = ("okay_nabu",)
"""Words whose own network is unsure in noise alone: the taught one hears them without what sounded
before, too. Of the others it finds no more there, and makes the closer listen's mistakes."""


@dataclass(frozen=True, slots=True)
class Spotters:
    """The listeners of one word; what each is given, `words` says.

    `cleaned` is for sound without what sounded before, `near` for a microphone as it is, `closer`
    for what is listened to closer. `nearly` is the probability that is enough where both of the
    first two give it.
    """

    cleaned: WakeWordSpotter
    near: WakeWordSpotter | None = None
    closer: WakeWordSpotter | None = None
    nearly: float = 1.0


def spotters_of(word: str, cleaned: Any = None, near: Any = None) -> Spotters:
    """All listeners of `word`; `cleaned` and `near` make features for those two, of their own where
    they are None. Raises as `open_network` does."""
    first, second, jury = networks_of(word)
    by_itself = MicroWakeWordSpotter(word, jury, CLOSER, answers=ANSWERS)
    return Spotters(
        cleaned=MicroWakeWordSpotter(word, first, CLEANED, features=cleaned),
        near=MicroWakeWordSpotter(word, second, NEAR, features=near),
        closer=CloserSpotter(word, by_itself, SpeechEmbedding(word), CLOSER)
        if word in EMBEDDED
        else by_itself,
        nearly=NEARLY[word],
    )


def networks_of(word: str) -> tuple[Answering, Answering, Answering]:
    """Of the listeners that are given cleaned sound, a microphone as it is, and a closer listen.
    Raises as `open_network` does."""
    jury = Jury([open_network(word, taught=taught) for taught in (False, True)])
    first = open_network(word, taught=word in CLEANED_TAUGHT)
    return first, open_network(word, taught=False), jury


def open_wake_word(word: str) -> tuple[Spotters | None, str]:
    """The spotters of `word`, and a sentence for people where there are none.

    `none` gives (None, ""). A package that is missing or cannot run here gives
    (None, reason): speech only. Raises UserError for a word without a network,
    and where a network that ships with the engine is damaged.
    """
    if word == NONE:
        return None, ""
    if word not in WORDS:
        raise UserError(
            f"hearing.wake_word: no model for {word!r}", f"choose {', '.join(WORDS)} or {NONE}"
        )
    try:
        return spotters_of(word), ""
    except ImportError:
        return None, (
            "no wake word: pymicro-wakeword is not installed, speech only; "
            "pip install 'heliotrope[hearing]' adds it"
        )
    except (OSError, RuntimeError, ValueError) as error:
        return None, (
            f"no wake word: pymicro-wakeword cannot run here ({error}), speech only; "
            "its wheel wants glibc 2.35 or newer (Debian 12, Ubuntu 22.04)"
        )
