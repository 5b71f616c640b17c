"""Teaches one small network to tell all wake words by the speech embedding of what was heard.

usage: python -m script.word_networks.heads MIXTURES OUT.onnx [STEPS]

Needs PyTorch and onnx. MIXTURES are `mixtures`' files; every 6th room is kept back, and what is
found of it is printed. One thread, fixed seeds. The embedding itself is not changed.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import one_hot, relu, softplus

from engine.hearing.speech_embedding import APART, ASKED, FRAMES, HEADS
from script.word_networks.mixtures import EVERY

STEPS = 7000
BATCH = 64
PEAK_RATE = 2e-3
CHANNELS = 48
SPREAD = APART // EVERY
"""Embeddings of the mixtures from one that the head is given to the next."""
CONTEXT = (ASKED - 1) * SPREAD
SPAN = 40
"""Embeddings of an utterance that are looked at."""
EARLY, LATE = 2, 9
"""Embeddings before and after the one that a word ends with, of which one has to find it."""
STEADY = 0.995
KEPT_BACK = 6


class Heads(nn.Module):
    """(batch, n, 96) embeddings, every `SPREAD`th of which is a step, to (batch, n - CONTEXT,
    words) log odds."""

    def __init__(self, spread: int = SPREAD) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(96))
        self.register_buffer("spread", torch.ones(96))
        self.first = nn.Conv1d(96, CHANNELS, 1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, dilation=spread)
        self.third = nn.Conv1d(CHANNELS, CHANNELS, 3, dilation=2 * spread)
        self.last = nn.Conv1d(CHANNELS, len(HEADS), 1)
        self.dropped = nn.Dropout(0.2)

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        seen = ((embeddings - self.mean) / self.spread).transpose(1, 2)
        seen = self.dropped(relu(self.first(self.dropped(seen))))
        seen = self.dropped(relu(self.second(seen)))
        seen = self.dropped(relu(self.third(seen)))
        return self.last(seen).transpose(1, 2)


class AtOnce(nn.Module):
    """What ships: of `ASKED` embeddings the answer about the last, (batch, words)."""

    def __init__(self, trained: Heads) -> None:
        super().__init__()
        self.heads = Heads(spread=1)
        self.heads.load_state_dict(trained.state_dict())

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        return self.heads(embeddings)[:, 0]


@dataclass(frozen=True, eq=False)
class Heard:
    """One view of an utterance: embeddings (n, 96), and the frame in which it ends."""

    said: str
    view: str
    kept_back: bool
    embeddings: np.ndarray
    end: float

    @property
    def last(self) -> float:
        """The embedding that ends with it, a fraction between two."""
        return (self.end - FRAMES) / EVERY


def heard(folder: Path) -> Iterator[Heard]:
    for file in sorted(folder.glob("*.npz")):
        if ".part" in file.name:
            continue
        kept_back = int(file.stem.split("_")[1]) % KEPT_BACK == 0
        with np.load(file) as held:
            for key in held.files:
                if key.endswith(" embeddings"):
                    _, said, view, _ = key.split(" ")
                    embeddings = held[key].astype(np.float32)
                    if len(embeddings) > CONTEXT + 1:
                        end = float(held[f"{key} end"])
                        yield Heard(said, view, kept_back, embeddings, end)


class Batches:
    """Half of a batch are words, a quarter what sounds like one, a quarter prompts."""

    def __init__(self, taught: list[Heard]) -> None:
        self._of = {
            said: [one for one in taught if one.said == said and self._asked(one).any()]
            for said in (*HEADS, "negatives")
        }
        self._of["speech"] = [one for one in taught if one.said == "speech"]
        self._rng = np.random.default_rng(0)

    def _asked(self, one: Heard) -> np.ndarray:
        """Which of its embeddings may find it."""
        number = np.arange(len(one.embeddings))
        after = number - one.last
        return (after >= -EARLY) & (after <= LATE) & (number >= CONTEXT)

    def next(self) -> tuple[torch.Tensor, ...]:
        """Embeddings (batch, `SPAN`, 96), which answers count (batch, n), which may find the word,
        and its number, -1 for none."""
        rng, rows = self._rng, []
        for number in range(BATCH):
            said = HEADS[rng.integers(len(HEADS))]
            if number >= BATCH // 2:
                said = "speech" if number % 2 else "negatives"
            one = self._of[said][rng.integers(len(self._of[said]))]
            asked = self._asked(one) & (said != "speech")
            if said == "speech":
                begin = int(rng.integers(0, max(1, len(one.embeddings) - SPAN + 1)))
            else:
                begin = max(0, min(len(one.embeddings), int(one.last) + LATE + 3) - SPAN)
            part = slice(begin, begin + SPAN)
            short = SPAN - len(one.embeddings[part])
            given = np.pad(one.embeddings[part], ((0, short), (0, 0)))
            counts = np.arange(SPAN) < SPAN - short
            word = HEADS.index(said) if said in HEADS else -1
            rows.append((given, counts, np.pad(asked[part], (0, short)), word))
        given, counts, asked, words = (np.array(column) for column in zip(*rows, strict=True))
        there = torch.tensor(counts[:, CONTEXT:]), torch.tensor(asked[:, CONTEXT:])
        return torch.tensor(given), *there, torch.tensor(words)


def loss(heads: Heads, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
    given, counts, asked, words = batch
    said = heads(given + 0.1 * heads.spread * torch.randn_like(given))
    theirs = one_hot(words.clamp(min=0), len(HEADS)) * (words >= 0)[:, None]
    found = torch.where(asked[..., None], said, -30.0).amax(1)
    missed = (softplus(-found) * theirs).sum() / theirs.sum()
    # Nobody has said a word before it ends, nor another one at any time.
    since = torch.cumsum(asked, 1) > 0
    wrong = counts[..., None] & ~(since[..., None] & (theirs[:, None] > 0))
    worst = torch.where(wrong, said, -30.0).amax(1)
    mistaken = (softplus(worst) * (1 - theirs)).sum() / (1 - theirs).sum()
    everywhere = (softplus(said) * wrong).sum() / wrong.sum()
    return missed + 2.0 * mistaken + 2.0 * everywhere


def judged(heads: Heads, kept_back: list[Heard]) -> str:
    """Words that are found by what one in a hundred other utterances are, in per cent."""
    verdict = []
    for view in ("dry", "cleaned", "near", "closer"):
        mine = [one for one in kept_back if one.view == view]
        with torch.no_grad():
            most = np.array([_most(heads, one) for one in mine])
        shares = []
        for number, word in enumerate(HEADS):
            is_word = np.array([one.said == word for one in mine])
            limit = np.quantile(most[~is_word, number], 0.99)
            shares.append(f"{100.0 * (most[is_word, number] > limit).mean():.0f}")
        verdict.append(f"{view} {' / '.join(shares)}")
    return ", ".join(verdict)


def _most(heads: Heads, one: Heard) -> np.ndarray:
    """The surest answer about each word."""
    stop = len(one.embeddings) if one.said == "speech" else max(CONTEXT + 1, int(one.last) + LATE)
    return heads(torch.tensor(one.embeddings[None, :stop]))[0].numpy().max(0)


def fit(folder: Path, out: Path, steps: int = STEPS) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    every = list(heard(folder))
    taught = [one for one in every if not one.kept_back]
    kept_back = [one for one in every if one.kept_back]
    known = np.concatenate([one.embeddings for one in taught])
    heads = Heads()
    heads.mean.copy_(torch.tensor(known.mean(0)))
    heads.spread.copy_(torch.tensor(known.std(0) + 1e-3))
    batches, steady = Batches(taught), copy.deepcopy(heads).eval()
    optimiser = torch.optim.AdamW(heads.parameters(), PEAK_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_RATE, total_steps=steps, pct_start=0.05
    )
    started = time.monotonic()
    print(f"{len(taught)} views to learn from, {len(kept_back)} kept back", flush=True)
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        loss(heads, batches.next()).backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for mean, value in zip(steady.parameters(), heads.parameters(), strict=True):
                mean.mul_(STEADY).add_(value, alpha=1.0 - STEADY)
        if step % 1000 == 0 or step == steps:
            took = time.monotonic() - started
            print(f"step {step} of {steps}: {judged(steady, kept_back)}; {took:.0f} s", flush=True)
    torch.onnx.export(
        AtOnce(steady).eval(),
        (torch.zeros(1, ASKED, 96),),
        out,
        input_names=["embeddings"],
        output_names=["log_odds"],
        dynamo=False,
    )


if __name__ == "__main__":
    fit(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:4]))
