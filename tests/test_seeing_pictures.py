"""The page's tables are what was measured."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(
        "seeing_pictures", str(CHECKOUT / "script" / "seeing_pictures")
    )
    spec = importlib.util.spec_from_loader("seeing_pictures", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_page_says_what_was_measured() -> None:
    made = script()
    page = made.PAGE.read_text()
    figures = json.loads(made.MEASURED.read_text())["figures"]
    assert page == made.made(page, figures), "run script/seeing_pictures"


def test_a_page_without_its_marks_is_named() -> None:
    made = script()
    figures = json.loads(made.MEASURED.read_text())["figures"]
    with pytest.raises(ValueError, match=r"seeing\.md"):
        made.made("# How it sees\n", figures)
