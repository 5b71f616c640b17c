"""The pictures of what was measured of hearing are drawn from the figures alone."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SCRIPT = CHECKOUT / "script" / "hearing_pictures"
MEASURED = CHECKOUT / "docs" / "measured"


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


def test_the_page_says_what_was_measured() -> None:
    made = runpy.run_path(str(SCRIPT))
    page = made["PAGE"].read_text()

    def figures(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((MEASURED / f"{name}.json").read_text())["figures"]
        return found

    again = made["with_table"](page, made["table"](figures("hearing")))
    again = made["with_table"](again, made["words"](figures("wake_words")), made["BEGIN_WORDS"])
    assert page == again, "run script/hearing_pictures"


def test_the_table_of_directions_says_what_was_asked_for_and_whether_it_is_met() -> None:
    table = runpy.run_path(str(SCRIPT))["table"]

    def found(within: float, beyond: float) -> dict[str, dict[str, float]]:
        ours = {"within_10": within, "beyond_30": beyond}
        return {"SRP": {"within_10": 50.0, "beyond_30": 20.0}, "heliotrope": ours}

    figures = {
        "simulated": {
            "RT 0.4 SNR 0": found(92.0, 3.0),
            "RT 0.7 SNR 0": found(80.5, 7.2),
            "RT 0.7 two talkers": found(85.0, 9.0),
            "RT 0.2 SNR 0": found(10.0, 80.0),
        },
        "measured_rooms": {"SNR 10": found(96.8, 0.0)},
        "scenes": 400,
        "gate": {"acts": 98.3, "gross_when_acting": 0.0, "refuses": 97.3},
        "recordings": {"within_10": 100.0, "beyond_30": 0.0, "count": 30},
        "calibration_error": 0.01,
    }
    lines = table(figures).splitlines()
    assert lines[0] == "| | heliotrope | SRP | asked for | met |"
    assert lines[2:7] == [
        "| RT 0.4 SNR 0 | 92.0 / 3.0 | 50 / 20 | 92 / 3 | yes |",
        "| RT 0.7 SNR 0 | 80.5 / 7.2 | 50 / 20 | 80 / 7 | no |",
        "| RT 0.7 two talkers | 85.0 / 9.0 | 50 / 20 | 85 | yes |",
        "| RT 0.2 SNR 0 | 10.0 / 80.0 | 50 / 20 |  |  |",
        "| measured rooms, SNR 10 | 96.8 / 0.0 | 50 / 20 | 97 / 1 | no |",
    ]


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
