"""Shows what each cutoff of the wake words would find and mistake, on what may be tuned on.

usage: python -m script.word_networks.cutoffs DATA FILE [TURNS [WORKERS]]   (resumable)

DATA is the folder of recordings (../shared/data). FILE keeps how sure the listeners were, so that
with other cutoffs the table is there at once; one that other networks or listeners have made is
refused. Utterances: the first recorded clip of each word in 15 rooms, flite's voices at two paces
in 2, with a television that is off, 5 dB softer or 5 dB louder. Mistakes: TURNS turns (16, of
0.32 h each) of the telephone prompts that are neither reported nor taught, in rooms that are not
reported; a prompt counts once a turn, however often it is mistaken in it. Of each listener of a
word it prints the surest mistakes, and how many of the utterances, in per cent, it is surer of; and
what all of them find and mistake with the cutoffs as they are. Those are then chosen by hand in
`engine.hearing.wake_word`. Ten minutes on two cores.
"""

from __future__ import annotations

import hashlib
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine import networks
from engine.bench.kept import Kept
from engine.bench.wake_word_voices import FLITE_VOICES, SPELT, Said, flite, read_mono, synthesised
from engine.bench.wake_words import (
    KEPT,
    OneCanceller,
    OneMaker,
    hears,
    localiser,
    pushed,
    speech,
    through_a_room,
)
from engine.hearing.arrays import load_array
from engine.hearing.history import History
from engine.hearing.spectra import RATE, Real
from engine.hearing.speech_embedding import SpeechEmbedding
from engine.hearing.wake_word import (
    ANSWERS,
    CLEANED,
    CLEANED_TAUGHT,
    CLOSER,
    EMBEDDED,
    LEANS,
    NEAR,
    NEARLY,
    WORDS,
    Spotters,
    networks_of,
)
from engine.hearing.word_network import Answering
from engine.hearing.word_spotters import LINGERS, TOGETHER, CloserSpotter, MicroWakeWordSpotter
from engine.hearing.words import WordListening
from script.word_networks.prompts import cutoff_prompts, on_television

SEED = 424_242
ROOMS = {"recorded": 15, "flite": 2}
PACES = (0.95, 1.1)
TELEVISION = {"off": -60.0, "5 dB softer": -5.0, "5 dB louder": 5.0}
FIRST_TURN = 50
"""Turns, and with them rooms, from here on are not reported."""
SUREST = 6
NEVER = 2.0
CUTOFFS = {"cleaned": CLEANED, "near": NEAR, "both": NEARLY, "closer": CLOSER}

Sureness = dict[str, float]
"""By listener (`both`: the less sure of the first two), the most in a stretch of sound; `listens`:
how many closer listens were begun."""


class Noted:
    """A network whose surest mean of so many answers is noted on the way."""

    def __init__(self, network: Answering, answers: int = 1) -> None:
        self._network, self._answers = network, answers
        self._recent: deque[float] = deque(maxlen=answers * network.stride)
        self.most = 0.0

    @property
    def stride(self) -> int:
        return self._network.stride

    def reset(self) -> None:
        self._network.reset()
        self._recent.clear()

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        likely = self._network.probability(features)
        self._recent.append(likely)
        self.most = max(self.most, sum(self._recent) / self._answers)
        return likely


class UnsureCloser:
    """Finds nothing, notes how sure it was at most, and counts how often it begins anew."""

    def __init__(self, word: str, jury: Answering) -> None:
        never = {word: NEVER}
        self.word, self.begun, self.most = word, 0, 0.0
        self._itself = MicroWakeWordSpotter(word, jury, never, answers=ANSWERS)
        self._both = None
        if word in EMBEDDED:
            self._both = CloserSpotter(word, self._itself, SpeechEmbedding(word), never)

    @property
    def likely(self) -> float:
        return self._itself.mean if self._both is None else self._both.likely

    def reset(self) -> None:
        (self._both or self._itself).reset()
        self.begun += 1

    def listen(self, samples: Real) -> None:
        (self._both or self._itself).listen(samples)
        self.most = max(self.most, self.likely)


class Listeners:
    """All of one word, and how sure they have been since they were asked last."""

    def __init__(
        self,
        word: str,
        makers: Sequence[OneMaker | None] = (None, None),
        canceller: OneCanceller | None = None,
    ) -> None:
        first, second, jury = networks_of(word)
        self._first, self._second = Noted(first), Noted(second)
        self._pair = tuple(
            MicroWakeWordSpotter(word, network, {word: NEVER}, features=maker)
            for network, maker in zip((self._first, self._second), makers, strict=True)
        )
        self._closer = UnsureCloser(word, jury)
        spotters = Spotters(*self._pair, self._closer, nearly=NEVER)
        shared = {} if canceller is None else {"canceller": lambda _: canceller}
        array = load_array("respeaker_6")
        self._listening = WordListening(array, spotters, localiser=localiser(), **shared)
        self._both = 0.0

    def hear(self, history: History, begin: int) -> None:
        hears(self._listening, history, begin)
        self._both = max(self._both, min(one.likely for one in self._pair))

    def told(self) -> Sureness:
        noted = {"cleaned": self._first, "near": self._second, "closer": self._closer}
        told = {name: network.most for name, network in noted.items()}
        told |= {"both": self._both, "listens": self._closer.begun}
        for network in noted.values():
            network.most = 0.0
        self._both, self._closer.begun = 0.0, 0
        return told


def utterances(word: str, data: Path) -> Iterator[Said]:
    """What may be tuned on."""
    clip = sorted((data / "wake_words" / word).glob("*.wav"))[0]
    yield Said(word, "recorded", clip.stem, read_mono(clip))
    for voice in FLITE_VOICES:
        for pace in PACES:
            sound = synthesised(flite(SPELT[word], voice, pace))
            yield Said(word, "flite", f"{voice} {pace:g}", sound)


def of_utterance(work: tuple[int, Said, int]) -> dict[str, Sureness]:
    """By television, in one room."""
    number, said, room = work
    beside, heard = on_television(cutoff_prompts()), {}
    mix = through_a_room(said.sound, (SEED, number, room), beside)
    for television, decibels in TELEVISION.items():
        sound, listeners = mix(decibels), Listeners(said.word)
        history = History(sound.shape[0], KEPT)
        for begin in pushed(history, sound):
            listeners.hear(history, begin)
        heard[television] = listeners.told()
    return heard


def of_turn(turn: int) -> tuple[float, dict[str, list[Sureness]]]:
    """Seconds of one turn of other speech, and of each word what each prompt is taken for."""
    canceller, makers = OneCanceller(), (OneMaker(), OneMaker())
    listeners = {word: Listeners(word, makers, canceller) for word in WORDS}
    history = History(load_array("respeaker_6").channels, KEPT)
    taken: dict[str, list[Sureness]] = {word: [] for word in WORDS}
    files = cutoff_prompts()
    for sound in speech(FIRST_TURN + turn, files, on_television(files)):
        for begin in pushed(history, sound):
            for one in listeners.values():
                one.hear(history, begin)
        for word, one in listeners.items():
            taken[word].append(one.told())
    return history.end / RATE, taken


def share(heard: Sequence[bool]) -> str:
    return f"{100.0 * float(np.mean(heard)):.0f}"


def surer(name: str, least: float, told: Sureness) -> bool:
    return told[name] > least


def table(
    word: str,
    said: Sequence[tuple[Said, dict[str, Sureness]]],
    taken: Sequence[Sureness],
    hours: float,
) -> str:
    """Of one word; `taken`: of `hours` of other speech."""

    def found(sure: Callable[[Sureness], bool]) -> str:
        shares = {
            group: [share([sure(h[tv]) for u, h in said if u.group == group]) for tv in TELEVISION]
            for group in ROOMS
        }
        return "; ".join(f"{group} {' / '.join(each)}" for group, each in shares.items())

    def any_sure(told: Sureness) -> bool:
        return any(told[name] > cutoff[word] for name, cutoff in CUTOFFS.items())

    mistakes = sum(map(any_sure, taken))
    closer = sum(told["listens"] for told in taken) / hours
    lines = [
        f"{word}: {mistakes} prompts mistaken as it is, {closer:.0f} closer listens an hour;"
        f" {found(any_sure)}"
    ]
    for name in CUTOFFS:
        surest = sorted((told[name] for told in taken), reverse=True)[:SUREST]
        for rank, least in enumerate(surest):
            found_then = found(partial(surer, name, least))
            lines.append(f"  {name:8}{rank} mistaken above {least:.3f}: {found_then}")
    return "\n".join(lines)


def made_by() -> str:
    """Of what is heard, the part that most often changes: the networks, who asks them, and what is
    noted of it here."""
    known = hashlib.sha256((networks.HEARING / "models.json").read_bytes())
    known.update(Path(__file__).read_bytes())
    known.update(repr((LEANS, ANSWERS, LINGERS, TOGETHER, CLEANED_TAUGHT, EMBEDDED)).encode())
    return known.hexdigest()


def tell(what: str, far: str) -> None:
    print(what, far, file=sys.stderr, flush=True)


def main(data: Path, file: Path, turns: int = 16, workers: int = 2) -> None:
    said = {
        f"{u.word}, {u.group} {u.speaker}, room {room + 1}": (number, u, room)
        for word in WORDS
        for number, u in enumerate(utterances(word, data))
        for room in range(ROOMS[u.group])
    }
    kept = Kept(file, made_by())
    with ProcessPoolExecutor(workers) as pool:
        heard = kept.all_of(pool, of_utterance, said, partial(tell, "utterance"))
        every_turn = {f"turn {n + 1}": n for n in range(turns)}
        spoken = kept.all_of(pool, of_turn, every_turn, partial(tell, "turn"))
    hours = sum(seconds for seconds, _ in spoken) / 3600
    print(f"{hours:.1f} hours of other speech; television {', '.join(TELEVISION)}")
    for word in WORDS:
        each = [(u, h) for (_, u, _), h in zip(said.values(), heard, strict=True) if u.word == word]
        print(table(word, each, [told for _, taken in spoken for told in taken[word]], hours))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]))
