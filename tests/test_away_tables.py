"""The page of away mode says what was measured."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(
        "away_tables", str(CHECKOUT / "script" / "away_tables")
    )
    spec = importlib.util.spec_from_loader("away_tables", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_page_says_what_was_measured() -> None:
    made = script()
    page = made.PAGE.read_text()
    assert page == made.made(page, made.kept()), "run script/away_tables"


def test_a_page_without_its_marks_is_named() -> None:
    made = script()
    with pytest.raises(ValueError, match=r"away\.md"):
        made.made("# Away\n", made.kept())
