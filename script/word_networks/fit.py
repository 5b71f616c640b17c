"""Teaches a wake word's network what a room and its television leave of the word.

usage: python -m script.word_networks.fit WORD MIXTURES OUT.tflite [STEPS]

Needs PyTorch and tflite. Goes on from pymicro-wakeword's own network and writes a copy of its file
with other weights; what ships is half way between both (`between`). Every 8th room of MIXTURES is
kept back and judged. One thread, fixed seeds.
"""

from __future__ import annotations

import copy
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool1d, softplus

from script.word_networks.mixtures import View
from script.word_networks.network import TrainableNetwork, package_file

STEPS = 4000
BATCH = 32
PEAK_RATE = 3e-4
SPAN = 360
"""Steps of features that are looked at, 3.6 s."""
AFTER = 45
FORGETS = 54
"""Answers of a stretch that begins in the middle of sound are not asked for before so many steps:
there the network has heard too little."""
MEAN = 4
"""Answers, 30 ms apart, whose mean has to find the word: of the closer listen's five one may be
late."""
EARLY, LATE = 15, 12
"""Steps before and after the word's end in which that mean may begin to."""
EASED = 0.03
"""Share of doubt that is left in a word: surer than 0.97 tells nothing more apart."""
AS_BEFORE = 0.1
"""Weight of answering dry sound as the network did before (Li and Hoiem 2016, "Learning without
forgetting"): its first teachers were thousands of people, these are dozens of synthesisers."""
STEADY = 0.995
"""Of the mean of the weights, of its last steps, that a step leaves."""
FROM_SILENCE = ("dry", "closer")
"""Views that the network begins with, knowing nothing."""


@dataclass(frozen=True, eq=False)
class Utterance:
    said: str
    kept_back: bool
    views: dict[str, View]


def utterances(folder: Path) -> list[Utterance]:
    found: dict[tuple[str, str, str], dict[str, View]] = {}
    for file in sorted(folder.glob("*.npz")):
        if ".part" in file.name:
            continue
        with np.load(file) as held:
            for key in held.files:
                index, said, *rest = key.split(" ")
                if len(rest) == 1:
                    views = found.setdefault((file.stem, index, said), {})
                    views[rest[0]] = View(held[key], float(held[f"{key} end"]))
    return [
        Utterance(said, int(stem.split("_")[1]) % 8 == 0, views)
        for (stem, _, said), views in found.items()
    ]


@dataclass(frozen=True, eq=False)
class Stretch:
    """`SPAN` steps of features, and which of them may be asked about."""

    features: np.ndarray
    end: int
    first: int
    length: int


def stretch(rng: np.random.Generator, view: View, *, fresh: bool) -> Stretch:
    """Up to a little beyond the word's end; `fresh` ones begin where the view does. By up to two
    steps sooner or later, for the network looks at every third."""
    shift = int(rng.integers(0, 3))
    if fresh:
        begin, stop = shift, shift + SPAN
    else:
        stop = min(len(view.features), int(view.end) + AFTER + shift)
        begin = max(0, stop - SPAN)
    part = view.given[begin:stop]
    padded = np.pad(part, ((0, SPAN - len(part)), (0, 0)))
    return Stretch(padded, int(view.end) - begin, 0 if fresh or begin == 0 else FORGETS, len(part))


def coloured(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Louder or softer, brighter or darker, and with a band that nothing is heard in."""
    if rng.random() < 0.5:
        slope = rng.normal(0.0, 0.6) + rng.normal(0.0, 0.6) * np.linspace(-1.0, 1.0, 40)
        features = np.where(features > 0.0, np.clip(features + slope, 0.0, 26.0), 0.0)
    if rng.random() < 0.3:
        first, count = int(rng.integers(0, 36)), int(rng.integers(1, 5))
        features[:, first : first + count] *= rng.uniform(0.0, 0.7)
    return features.astype(np.float32)


class Batches:
    """Half of a batch are the word, a quarter what else is said, a quarter prompts."""

    def __init__(self, word: str, heard: list[Utterance]) -> None:
        taught = [one for one in heard if not one.kept_back]
        self._words = [one for one in taught if one.said == word]
        self._prompts = [one for one in taught if one.said == "speech"]
        self._others = [one for one in taught if one.said not in (word, "speech")]
        self._rng = np.random.default_rng(0)

    def next(self) -> tuple[torch.Tensor, ...]:
        """Features, whether it is the word, its end, the first step and the number of them that
        may be asked about, and whether it is dry; (batch, ...) each."""
        rng, rows = self._rng, []
        for number in range(BATCH):
            word = number < BATCH // 2
            pool = self._words if word else self._prompts if number % 2 else self._others
            one = pool[int(rng.integers(len(pool)))]
            name = list(one.views)[int(rng.integers(len(one.views)))]
            view = one.views[name]
            if one.said == "speech" and name != "closer":
                end = rng.integers(100, max(101, len(view.features)))
                view = View(view.features, float(end))
            part = stretch(rng, view, fresh=name in FROM_SILENCE)
            seen = coloured(rng, part.features)
            rows.append((seen, word, part.end, part.first, part.length, name == "dry"))
        return tuple(torch.tensor(np.array(column)) for column in zip(*rows, strict=True))


def found(
    log_odds: torch.Tensor, ends: torch.Tensor, early: int = EARLY, late: int = LATE
) -> torch.Tensor:
    """The greatest mean of `MEAN` answers about a word's end, (batch,)."""
    means = avg_pool1d(log_odds[:, None], MEAN, 1)[:, 0]
    last = torch.arange(means.shape[1]) * 3 + 3 * (MEAN - 1) + 2
    about = (last[None] >= ends[:, None] - early) & (last[None] <= ends[:, None] + late + 9)
    return torch.where(about, means, -30.0).amax(1)


def loss(
    network: TrainableNetwork, before: TrainableNetwork, batch: tuple[torch.Tensor, ...]
) -> torch.Tensor:
    features, words, ends, firsts, lengths, dry = batch
    log_odds = network(features)
    with torch.no_grad():
        told = before(features)
    step = torch.arange(log_odds.shape[1]) * 3 + 2
    asked = (step[None] >= firsts[:, None]) & (step[None] < lengths[:, None])
    sure = found(log_odds[words], ends[words])
    heard = (softplus(-sure) + EASED * softplus(sure)).mean()
    # Half a second before its end a word has not been said yet.
    silent = asked & (~words[:, None] | (step[None] < (ends - AFTER)[:, None]))
    everywhere = (softplus(log_odds) * silent).sum(1) / silent.sum(1).clamp(min=1)
    worst = torch.where(silent, log_odds, -30.0)[~words].amax(1)
    changed = torch.clamp(log_odds[dry], -6.0, 6.0) - torch.clamp(told[dry], -6.0, 6.0)
    kept = (changed.square() * asked[dry]).mean() if dry.any() else 0.0
    return heard + 3.0 * everywhere.mean() + softplus(worst).mean() + AS_BEFORE * kept


def is_clear(network: TrainableNetwork, one: Utterance) -> bool:
    """Whether the network took the word for one before, when no room was in between. It is to learn
    what rooms do to words, not which other sounds may be meant for one."""
    dry = torch.tensor(one.views["dry"].given)
    with torch.no_grad():
        means = avg_pool1d(network(dry[None])[:, None], MEAN, 1)
    return bool(means.max() > 0.0)


def judged(network: TrainableNetwork, word: str, heard: list[Utterance]) -> str:
    """Of the utterances kept back: the words that are found by what one in a hundred others are."""
    rng, verdict = np.random.default_rng(1), []
    for name in ("dry", "cleaned", "near", "closer"):
        best: dict[bool, np.ndarray] = {}
        for is_word in (True, False):
            parts = [
                stretch(rng, one.views[name], fresh=name in FROM_SILENCE)
                for one in heard
                if one.kept_back and one.said != "speech" and name in one.views
                if (one.said == word) == is_word
            ]
            with torch.no_grad():
                said = network(torch.tensor(np.array([part.features for part in parts])))
            ends = torch.tensor([part.end for part in parts])
            about = (30, 25) if is_word else (SPAN, SPAN)
            best[is_word] = found(said, ends, *about).numpy()
        limit = np.quantile(best[False], 0.99)
        verdict.append(f"{name} {100.0 * (best[True] > limit).mean():.0f} %")
    return ", ".join(verdict)


def fit(word: str, folder: Path, out: Path, steps: int = STEPS) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network, before = (
        TrainableNetwork(package_file(word)),
        TrainableNetwork(package_file(word)).eval(),
    )
    heard = utterances(folder)
    clear = [one for one in heard if one.said != word or is_clear(before, one)]
    batches = Batches(word, clear)
    print(f"{len(heard)} utterances, {len(clear)} to learn from", flush=True)
    print(f"before: {judged(before, word, heard)}", flush=True)
    optimiser = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_RATE, total_steps=steps, pct_start=0.1
    )
    steady, started = copy.deepcopy(network), time.monotonic()
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        loss(network, before, batches.next()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for mean, value in zip(steady.parameters(), network.parameters(), strict=True):
                mean.mul_(STEADY).add_(value, alpha=1.0 - STEADY)
        if step % 500 == 0 or step == steps:
            took = time.monotonic() - started
            print(
                f"step {step} of {steps}: {judged(steady, word, heard)}; {took:.0f} s", flush=True
            )
    steady.write(out)


if __name__ == "__main__":
    fit(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:5]))
