"""The speed benchmark: fair turns, medians, and stages that exist."""

from __future__ import annotations

import importlib
import json

import pytest

from engine.__main__ import main
from engine.bench import stages
from engine.bench.brain_speed import events
from engine.bench.stages import Row, compare


class Work:
    """Two kinds of work that cost known times on a clock of their own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def side(self, name: str, *seconds: float) -> object:
        costs = iter(seconds)

        def work() -> None:
            self.order.append(name)
            self.now += next(costs)

        return work


def test_sides_take_turns_and_the_median_counts() -> None:
    work = Work()
    row = compare(
        "x",
        work.side("ours", 99.0, 2.0, 50.0, 2.0),  # type: ignore[arg-type]
        "baseline",
        work.side("baseline", 99.0, 4.0, 4.0, 8.0),  # type: ignore[arg-type]
        calls=2,
        repeats=3,
        clock=lambda: work.now,
    )
    assert work.order[2:] == ["ours", "baseline", "baseline", "ours", "ours", "baseline"]
    assert row == Row("x", 1000.0, "baseline", 2000.0)
    assert row.ratio == 0.5


@pytest.mark.parametrize("stage", stages.STAGES)
def test_every_stage_can_be_imported(stage: str) -> None:
    module, _, function = stages.STAGES[stage].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_prints_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("engine.commands.bench.rows_of", lambda stage: [Row(stage, 1.0, "b", 2.0)])
    assert main(["bench", "brain", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "stage": "brain",
            "ours_ms": 1.0,
            "baseline_name": "b",
            "baseline_ms": 2.0,
            "ratio": 0.5,
        }
    ]


def test_an_unknown_stage_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "zzz"]) == 2
    assert "zzz" in capsys.readouterr().err


def test_the_brains_events_are_in_order_and_the_same_each_time() -> None:
    found = events(5.0)
    assert [e.t for e in found] == sorted(e.t for e in found)
    assert found == events(5.0)
