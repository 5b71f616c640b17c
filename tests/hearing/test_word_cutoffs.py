"""What wake words are taught, tuned and reported with is kept apart, and what was heard is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scripted_network import Saying

from engine.bench import wake_words
from engine.bench.kept import Kept
from engine.bench.wake_words import EVERYBODY
from engine.errors import UserError
from script.word_networks.cutoffs import Noted
from script.word_networks.prompts import cutoff_prompts, on_television, taught_prompts


@pytest.mark.needs("speech")
def test_each_prompt_is_taught_or_chooses_cutoffs_or_is_reported() -> None:
    parts = [taught_prompts(), cutoff_prompts(), wake_words.prompts()]
    assert all(parts)
    assert sorted(f for part in parts for f in part) == EVERYBODY.prompts()
    # The same recording under another name would be in two parts.
    contents = [{f.read_bytes() for f in part} for part in parts]
    assert len(set.union(*contents)) == sum(map(len, contents))


@pytest.mark.needs("speech")
def test_on_television_are_those_of_the_same_part() -> None:
    assert set(wake_words.on_television().prompts()) <= set(wake_words.prompts())
    for part in (taught_prompts(), cutoff_prompts()):
        assert set(on_television(part).prompts()) == set(part)
    taught, measured = on_television(taught_prompts()), wake_words.on_television()
    assert not set(taught.pieces()) & set(measured.pieces())


def test_what_an_interrupted_run_has_heard_is_not_heard_again(tmp_path: Path) -> None:
    file = tmp_path / "heard.jsonl"
    file.write_text('maker\n["one", {"near": 0.5}]\n["two", {"ne')
    assert Kept(file, "maker").known == {"one": {"near": 0.5}}
    with file.open("a") as more:
        more.write(json.dumps(["two", {"near": 0.25}]) + "\n")
    assert Kept(file, "maker").known == {"one": {"near": 0.5}, "two": {"near": 0.25}}


def test_what_other_networks_heard_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "heard.jsonl"
    Kept(file, "these")
    with pytest.raises(UserError, match=r"heard\.jsonl: heard by other networks"):
        Kept(file, "others")


def test_the_surest_mean_is_noted_and_none_across_a_new_beginning() -> None:
    noted = Noted(Saying(0.5, 0.75, 0.25, 1.0, 0.25, stride=1), answers=2)
    for expected in (0.25, 0.625, 0.625):
        noted.probability(np.zeros(40))
        assert noted.most == expected
    noted.reset()
    for expected in (0.625, 0.625):
        noted.probability(np.zeros(40))
        assert noted.most == expected
