"""The pictures of what was measured of hearing are drawn from the figures alone."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "script" / "hearing_pictures"


@pytest.mark.needs("sim")
def test_pictures_are_drawn_of_what_was_measured_and_the_rest_is_named(tmp_path: Path) -> None:
    draw = runpy.run_path(str(SCRIPT))["draw"]
    assert len(draw(tmp_path, tmp_path)) == 2
    figures = {
        "reliability": [{"count": 3, "said": 0.3, "right": 0.4}],
        "calibration_error": 0.02,
    }
    (tmp_path / "hearing.json").write_text(json.dumps({"figures": figures}))
    (missing,) = draw(tmp_path, tmp_path)
    assert "script/measure hearing_cost" in missing
    costs = {"microphones": {"2": 30.0, "16": 90.0}, "directions": {"36": 5.0, "72": 9.0}}
    (tmp_path / "hearing_cost.json").write_text(json.dumps({"figures": costs}))
    assert draw(tmp_path, tmp_path) == []
    for name in ("hearing-confidence.png", "hearing-cost.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_table_of_wake_words_says_what_was_missed() -> None:
    words = runpy.run_path(str(SCRIPT))["words"]
    cell = {"recorded": {"mixes": 15, "heard": 93.3}, "flite": {"mixes": 12, "heard": 50.0}}
    heard = {"hey_jarvis": cell, "all": cell, "recorded_and_flite": {"mixes": 27, "heard": 70.0}}
    figures = {
        "recall": dict.fromkeys(("dry", "tv_5_db_below", "tv_5_db_above"), heard),
        "false_alarms": {"hours": 6.1, "distinct_hours": 0.9, "per_hour": {"hey_jarvis": 0.66}},
        "conditions": {"rt60_s": 0.5, "snr_db": 10.0, "distance_m": 3.0},
    }
    made = words(figures)
    assert "| Hey Jarvis | 93 / 50 | 93 / 50 | 93 / 50 | 0.66 |" in made
    assert "95 % are aimed at: missed" in made
    assert "missed by Hey Jarvis" in made
    figures["false_alarms"]["per_hour"] = {"hey_jarvis": 0.33}
    cell["recorded"]["heard"] = 95.0
    assert "missed" not in words(figures)
