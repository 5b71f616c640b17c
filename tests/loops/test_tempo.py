"""How far apart steps usually come, and whether the rate that was asked for is kept."""

from __future__ import annotations

import pytest

from engine.loops.tempo import Tempo
from engine.loops.trajectory import CATCH_UP

PERIOD = 0.01


def changes(tempo: Tempo, gap: float, seconds: float) -> list[str]:
    """What `problem` became with steps of `gap` for so long."""
    return [tempo.problem for _ in range(round(seconds / gap)) if tempo.step(gap)]


def test_steps_usually_come_as_asked_for_until_most_of_them_do_not() -> None:
    tempo = Tempo(PERIOD, "hurry")
    assert tempo.usual == PERIOD
    for _ in range(5):
        tempo.step(0.5)
    assert tempo.usual == PERIOD
    for _ in range(20):
        tempo.step(0.016)
    assert tempo.usual == pytest.approx(0.016)


def test_no_step_is_usual_that_is_sooner_than_asked_for_or_later_than_is_made_up_for() -> None:
    tempo = Tempo(PERIOD, "hurry")
    changes(tempo, 0.001, 0.1)
    assert tempo.usual == PERIOD
    changes(tempo, 0.5, 10.0)
    assert tempo.usual == CATCH_UP * PERIOD


def test_a_rate_is_not_kept_after_a_second_of_late_steps_and_kept_after_one_in_time() -> None:
    tempo = Tempo(PERIOD, "hurry")
    assert changes(tempo, 0.014, 5.0) == []
    assert changes(tempo, 0.016, 3.0) == ["cannot be kept, a step takes 16 ms; hurry"]
    assert changes(tempo, 0.010, 3.0) == [""]
