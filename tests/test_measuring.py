"""Every measurement can be called the way script/measure calls it."""

import importlib
import inspect
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "script" / "measuring.py"
ENTRIES = runpy.run_path(str(SCRIPT))["MEASUREMENTS"]
MODULES = {
    "motion": "engine.bench.motion",
    "seeing": "engine.bench.seeing_quality",
    "hearing": "engine.bench.hearing",
    "hearing_cost": "engine.bench.hearing_cost",
    "own_noise": "engine.bench.own_noise",
    "beam": "engine.bench.beam",
    "wake_words": "engine.bench.wake_words",
    "alarm_sounds": "engine.bench.alarm_sounds",
}


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - set(MODULES)))
def test_entries_of_the_script_take_data_and_progress(name: str) -> None:
    inspect.signature(ENTRIES[name]).bind(None, print)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_entries_of_modules_take_data_and_progress(name: str) -> None:
    module = importlib.import_module(MODULES[name])
    inspect.signature(module.measure).bind(None, print)
